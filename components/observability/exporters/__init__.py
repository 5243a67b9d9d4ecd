"""Programs that tell Prometheus of what has no metrics of its own: stores, the broker, Kubernetes' objects."""
