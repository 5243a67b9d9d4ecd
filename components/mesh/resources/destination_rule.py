"""networking.istio.io/v1 DestinationRule: how callers' proxies treat a Service.

https://istio.io/latest/docs/reference/config/networking/destination-rule/. Durations are texts such as 300ms, 10s, 1h.
"""

from typing import Literal, NotRequired, TypedDict

from components.resources.metadata import Metadata


class HashedCookie(TypedDict):
    """A cookie whose value chooses the Pod; the proxy makes one, living that long, where there is none."""

    name: str
    ttl: str


class ConsistentHashing(TypedDict, total=False):
    """Exactly one of them."""

    httpHeaderName: str
    httpCookie: HashedCookie
    useSourceIp: bool


LocalityShares = TypedDict("LocalityShares", {"from": str, "to": dict[str, int]})
"""How requests from one locality are shared out, in whole percentages that sum to 100."""
RegionFailover = TypedDict("RegionFailover", {"from": str, "to": str})
"""The region that takes over from another."""


class LocalityBalancing(TypedDict):
    """Nearby Pods first; ``distribute`` and ``failover`` exclude each other."""

    enabled: bool
    distribute: NotRequired[list[LocalityShares]]
    failover: NotRequired[list[RegionFailover]]


class LoadBalancing(TypedDict, total=False):
    """``simple`` and ``consistentHash`` exclude each other."""

    simple: Literal["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM"]
    consistentHash: ConsistentHashing
    localityLbSetting: LocalityBalancing


class TcpPool(TypedDict):
    """Connections."""

    maxConnections: int
    connectTimeout: str


class HttpPool(TypedDict):
    """Requests; http2MaxRequests counts those of HTTP/1.1 too."""

    http1MaxPendingRequests: int
    http2MaxRequests: int
    maxRetries: int
    maxRequestsPerConnection: NotRequired[int]


class ConnectionPools(TypedDict):
    """The bulkhead."""

    tcp: TcpPool
    http: NotRequired[HttpPool]


class OutlierEjection(TypedDict):
    """When a Pod gets no requests for a while."""

    consecutiveGatewayErrors: int
    consecutive5xxErrors: int
    interval: str
    baseEjectionTime: str
    maxEjectionPercent: int


class ClientTls(TypedDict):
    """Both sides show their identity's certificate."""

    mode: Literal["ISTIO_MUTUAL"]


class TrafficPolicy(TypedDict):
    """What holds for all ports and versions."""

    loadBalancer: LoadBalancing
    connectionPool: ConnectionPools
    outlierDetection: OutlierEjection
    tls: NotRequired[ClientTls]


class Subset(TypedDict):
    """A version: Pods by their labels."""

    name: str
    labels: dict[str, str]


class DestinationRuleSpec(TypedDict):
    """A Service, by its full name."""

    host: str
    trafficPolicy: TrafficPolicy
    subsets: NotRequired[list[Subset]]


class DestinationRule(TypedDict):
    """How a Service is called."""

    apiVersion: Literal["networking.istio.io/v1"]
    kind: Literal["DestinationRule"]
    metadata: Metadata
    spec: DestinationRuleSpec
