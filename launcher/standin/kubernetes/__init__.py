"""Stands in for the official Kubernetes provider: renders to a folder, or applies to a real API server."""
