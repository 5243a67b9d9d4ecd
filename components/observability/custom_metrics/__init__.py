"""What autoscalers are told of requests and of metrics of services' own."""
