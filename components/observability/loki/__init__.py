"""Loki: where logs are kept and found."""
