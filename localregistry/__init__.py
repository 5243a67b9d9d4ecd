"""A registry on loopback, the base images that the Dockerfiles start from, and an engine where none answers."""
