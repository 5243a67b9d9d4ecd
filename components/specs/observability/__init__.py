"""What teams and environments say about metrics, objectives, alerts and dashboards."""
