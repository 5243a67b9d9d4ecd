"""The Docker stand-in: the providers `docker` and `docker-build`, of which it builds images with buildx."""
