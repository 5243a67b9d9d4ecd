"""What a workload can be asked for: frozen, validated literals, shared by the configuration and the components."""
