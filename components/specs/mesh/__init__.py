"""What a service, its callers and its environment may say to the mesh. Pure."""
