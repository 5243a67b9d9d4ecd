"""Metrics, alerts and dashboards that come with each service."""
