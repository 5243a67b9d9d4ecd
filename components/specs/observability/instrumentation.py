"""How a service's spans come about, and where they go first."""

from enum import StrEnum

from pydantic import Field

from components.specs.base import Spec


class SpanTarget(StrEnum):
    """Where a service sends its spans."""

    SERVICE = "service"
    """To the Service of the Collectors."""
    SIDECAR = "sidecar"
    """To a Collector in its own Pod, which holds them while the network is away."""


class Instrumentation(Spec):
    """What the platform adds to a service so that it is traced. The variables of OpenTelemetry's SDK come with each."""

    java_agent: bool = Field(
        False, description="OpenTelemetry's agent for a JVM whose code has no SDK of its own; nothing else is changed."
    )
    collector: SpanTarget = SpanTarget.SERVICE
