"""The Kubernetes objects that a mesh is made of: their shape, as far as it is used here. Pure."""
