"""Grafana's dashboards as code: one module a dashboard, one function a panel."""
