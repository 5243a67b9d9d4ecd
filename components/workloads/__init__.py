"""Namespaces, configuration and workloads."""
