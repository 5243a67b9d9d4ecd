"""Grafana: sign-in, data sources, folders."""
