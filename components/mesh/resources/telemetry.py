"""telemetry.istio.io/v1: what proxies tell about requests.

https://istio.io/latest/docs/reference/config/telemetry/
"""

from typing import Literal, NotRequired, TypedDict

from components.resources.metadata import Metadata


class ProviderReference(TypedDict):
    """An extensionProvider of the mesh's configuration."""

    name: str


class Tracing(TypedDict):
    """Where spans go, and the percentage of new traces that are kept."""

    providers: list[ProviderReference]
    randomSamplingPercentage: float


class AccessLogging(TypedDict):
    """Where access logs go, or that there are none."""

    providers: NotRequired[list[ProviderReference]]
    disabled: NotRequired[bool]


class MetricSelector(TypedDict):
    """A metric, and on which side of a request."""

    metric: Literal["REQUEST_COUNT", "REQUEST_DURATION"]
    mode: Literal["CLIENT", "SERVER"]


class TagOverride(TypedDict):
    """A dimension's value, as a CEL expression."""

    operation: Literal["UPSERT"]
    value: str


class MetricsOverrides(TypedDict):
    """Dimensions of one metric."""

    match: MetricSelector
    tagOverrides: dict[str, TagOverride]


class Metrics(TypedDict):
    """How one provider's metrics differ from the standard ones."""

    providers: list[ProviderReference]
    overrides: list[MetricsOverrides]


class TelemetrySpec(TypedDict):
    """Without a selector it holds for the namespace."""

    tracing: list[Tracing]
    accessLogging: list[AccessLogging]
    metrics: list[Metrics]


class Telemetry(TypedDict):
    """The telemetry of a namespace; there may be one without a selector in each."""

    apiVersion: Literal["telemetry.istio.io/v1"]
    kind: Literal["Telemetry"]
    metadata: Metadata
    spec: TelemetrySpec
