"""The shop's recommendations: a gRPC service that says what else a user may like."""

from typing import Final

SERVICE: Final = "recommendations"
"""The service's name in logs and traces, unless OTEL_SERVICE_NAME says another."""
