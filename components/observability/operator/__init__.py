"""What a cluster's own Prometheus Operator gets."""
