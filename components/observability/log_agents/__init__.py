"""Agents on the nodes, which read containers' logs."""
