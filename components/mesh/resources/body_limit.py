"""An EnvoyFilter that bounds the body of requests, by host and route.

The filter is there for all routes and switched off; a route that names it switches it on
(https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_filters#route-based-filter-chain).
"""

from typing import Literal, TypedDict

from components.mesh.resources.envoy_filter import ListenerMatch
from components.mesh.resources.sidecar import LabelledWorkloads
from components.resources.metadata import Metadata

Buffer = TypedDict("Buffer", {"@type": str, "max_request_bytes": int})
"""Envoy's buffer filter: https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/buffer/v3/buffer.proto"""


class MaxRequestBytes(TypedDict):
    """Larger requests are answered with 413."""

    max_request_bytes: int


BufferPerRoute = TypedDict("BufferPerRoute", {"@type": str, "buffer": MaxRequestBytes})


class DisabledFilter(TypedDict):
    """The filter, by a name of its own."""

    name: str
    disabled: Literal[True]
    typed_config: Buffer


class GatewayMatch(TypedDict):
    """All listeners of the gateway's Pods."""

    context: Literal["GATEWAY"]
    listener: ListenerMatch


class FilterInsertion(TypedDict):
    """Where the filter goes."""

    operation: Literal["INSERT_BEFORE"]
    value: DisabledFilter


class FilterPatch(TypedDict):
    """The filter in all listeners."""

    applyTo: Literal["HTTP_FILTER"]
    match: GatewayMatch
    patch: FilterInsertion


class RouteName(TypedDict):
    """The name of a route in its VirtualService."""

    name: str


class VirtualHostMatch(TypedDict):
    """A route of a host."""

    domainName: str
    route: RouteName


class RouteConfigurationMatch(TypedDict):
    """A route of a host of one Gateway, as namespace/name."""

    gateway: str
    vhost: VirtualHostMatch


class RouteOfGateway(TypedDict):
    """One route."""

    context: Literal["GATEWAY"]
    routeConfiguration: RouteConfigurationMatch


class RouteSettings(TypedDict):
    """Filter → its settings on this route."""

    typed_per_filter_config: dict[str, BufferPerRoute]


class RouteMerge(TypedDict):
    """What is added to the route."""

    operation: Literal["MERGE"]
    value: RouteSettings


class RoutePatch(TypedDict):
    """The limit of one route."""

    applyTo: Literal["HTTP_ROUTE"]
    match: RouteOfGateway
    patch: RouteMerge


class BodyLimitSpec(TypedDict):
    """The gateway's Pods, and what changes there."""

    workloadSelector: LabelledWorkloads
    configPatches: list[FilterPatch | RoutePatch]


class BodyLimit(TypedDict):
    """The body limits of a platform's edge."""

    apiVersion: Literal["networking.istio.io/v1alpha3"]
    kind: Literal["EnvoyFilter"]
    metadata: Metadata
    spec: BodyLimitSpec
