"""Recording rules and alerts: one file a topic, each rule generic over the services. Pure."""
