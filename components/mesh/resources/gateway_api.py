"""gateway.networking.k8s.io/v1 Gateway and HTTPRoute, standard channel.

https://gateway-api.sigs.k8s.io/reference/spec/. Durations are texts in the form of GEP-2257: 1h30m, 300ms.
"""

from typing import Final, Literal, NotRequired, TypedDict

from components.resources.metadata import Metadata, WorkloadSelector

MAX_RULES: Final = 16
"""Rules of an HTTPRoute that the schema allows."""
MAX_MATCHES: Final = 64
"""Matches of one rule that the schema allows."""
MAX_MATCHES_IN_ALL: Final = 128
"""Matches of all rules of an HTTPRoute that the API server takes; its message says fewer than 128."""


class CertificateReference(TypedDict):
    """A Secret of type kubernetes.io/tls in the Gateway's namespace."""

    name: str


class ListenerTls(TypedDict):
    """TLS ends at the gateway."""

    mode: Literal["Terminate"]
    certificateRefs: list[CertificateReference]


NamespaceFilter = TypedDict(
    "NamespaceFilter", {"from": Literal["Same", "Selector"], "selector": NotRequired[WorkloadSelector]}
)
"""Namespaces whose routes may attach; those with the labels, or the Gateway's own."""


class AllowedRoutes(TypedDict):
    """Which routes may attach to a listener."""

    namespaces: NamespaceFilter


class Listener(TypedDict):
    """A port, and the host that is asked for on it."""

    name: str
    port: int
    protocol: Literal["HTTP", "HTTPS"]
    hostname: NotRequired[str]
    tls: NotRequired[ListenerTls]
    allowedRoutes: AllowedRoutes


class GatewaySpec(TypedDict):
    """Who implements it, and its listeners."""

    gatewayClassName: str
    listeners: list[Listener]


class Gateway(TypedDict):
    """The listeners of a platform at the edge."""

    apiVersion: Literal["gateway.networking.k8s.io/v1"]
    kind: Literal["Gateway"]
    metadata: Metadata
    spec: GatewaySpec


class ParentReference(TypedDict):
    """A Service whose callers the route is for, or a listener of a Gateway."""

    group: NotRequired[str]
    kind: NotRequired[str]
    name: str
    namespace: NotRequired[str]
    port: NotRequired[int]
    sectionName: NotRequired[str]


class PathMatch(TypedDict):
    """The whole path, or its first segments."""

    type: Literal["Exact", "PathPrefix"]
    value: str


class HeaderMatch(TypedDict):
    """A header's value, or a regular expression (RE2, in Istio) for the whole of it."""

    type: Literal["Exact", "RegularExpression"]
    name: str
    value: str


class RouteMatch(TypedDict, total=False):
    """All fields must fit."""

    path: PathMatch
    method: str
    headers: list[HeaderMatch]


class Backend(TypedDict):
    """A Service's port."""

    name: str
    port: int


class WeightedBackend(Backend):
    """A share of the requests, in percent; all of them where there is no weight."""

    weight: NotRequired[int]


class Timeouts(TypedDict):
    """Of a whole request, and of one try."""

    request: str
    backendRequest: NotRequired[str]


class Retry(TypedDict):
    """How often a request is sent again that the service has not seen, or that it answered with one of the codes.

    Zero switches off what the mesh would do by default. Standard channel since 1.7.
    """

    attempts: int
    codes: NotRequired[list[int]]


class Fraction(TypedDict):
    """A share that is no whole percentage."""

    numerator: int
    denominator: int


class RequestMirror(TypedDict):
    """Who gets copies; of all requests where there is neither percentage nor fraction."""

    backendRef: Backend
    percent: NotRequired[int]
    fraction: NotRequired[Fraction]


class PathRewrite(TypedDict):
    """What replaces the prefix that matched."""

    type: Literal["ReplacePrefixMatch"]
    replacePrefixMatch: str


class UrlRewrite(TypedDict):
    """How the path changes on the way."""

    path: PathRewrite


class RequestRedirect(TypedDict):
    """Where the client shall go instead."""

    scheme: Literal["https"]
    statusCode: Literal[301]


class HeaderValue(TypedDict):
    """One header."""

    name: str
    value: str


class HeaderModifier(TypedDict, total=False):
    """Headers that are set, whatever they were, and those that are taken away."""

    set: list[HeaderValue]
    remove: list[str]


class CorsFilter(TypedDict):
    """Which pages of other origins may call; ``maxAge`` in seconds."""

    allowOrigins: list[str]
    allowMethods: list[str]
    allowHeaders: list[str]
    allowCredentials: bool
    maxAge: int


class RouteFilter(TypedDict):
    """One thing done to requests or answers: the field that belongs to its type."""

    type: Literal["RequestMirror", "URLRewrite", "RequestRedirect", "ResponseHeaderModifier", "CORS"]
    requestMirror: NotRequired[RequestMirror]
    urlRewrite: NotRequired[UrlRewrite]
    requestRedirect: NotRequired[RequestRedirect]
    responseHeaderModifier: NotRequired[HeaderModifier]
    cors: NotRequired[CorsFilter]


class RouteRule(TypedDict, total=False):
    """Requests that fit one of the matches; of several rules the most specific one counts."""

    matches: list[RouteMatch]
    filters: list[RouteFilter]
    backendRefs: list[WeightedBackend]
    timeouts: Timeouts
    retry: Retry


class HttpRouteSpec(TypedDict):
    """Whose requests, and where they go."""

    parentRefs: list[ParentReference]
    hostnames: NotRequired[list[str]]
    rules: list[RouteRule]


class HttpRoute(TypedDict):
    """The routes of a Service's port, or of a service at the edge."""

    apiVersion: Literal["gateway.networking.k8s.io/v1"]
    kind: Literal["HTTPRoute"]
    metadata: Metadata
    spec: HttpRouteSpec
