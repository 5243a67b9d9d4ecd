"""Objects that several components are made of and that Kubernetes' own models lack: their shape, as used here. Pure."""
