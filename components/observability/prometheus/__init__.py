"""Prometheus: what it scrapes, how it runs, and what it may look at."""
