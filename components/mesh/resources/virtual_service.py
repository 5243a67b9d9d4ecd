"""networking.istio.io/v1 VirtualService: where requests go.

https://istio.io/latest/docs/reference/config/networking/virtual-service/. Durations are texts such as 300ms, 10s, 1h.
"""

from typing import Literal, NotRequired, TypedDict

from components.resources.metadata import Metadata


class StringMatch(TypedDict, total=False):
    """Exactly one of them; a regular expression (RE2) must fit the whole text."""

    exact: str
    prefix: str
    regex: str


class RequestMatch(TypedDict, total=False):
    """All fields must fit. Header names are lower-case."""

    gateways: list[str]
    port: int
    uri: StringMatch
    method: StringMatch
    headers: dict[str, StringMatch]


class PortReference(TypedDict):
    """A Service's port."""

    number: int


class Destination(TypedDict):
    """A Service, by its full name, or one of its versions."""

    host: str
    subset: NotRequired[str]
    port: PortReference


class WeightedDestination(TypedDict):
    """A share of the requests, in percent; all of them where there is no weight."""

    destination: Destination
    weight: NotRequired[int]


class Retries(TypedDict):
    """After the first try; zero switches off what the mesh would do by default."""

    attempts: int
    perTryTimeout: NotRequired[str]
    retryOn: NotRequired[str]


class Share(TypedDict):
    """A percentage of the requests, not necessarily whole."""

    value: float


class MirrorPolicy(TypedDict):
    """Who gets copies, and of how many requests."""

    destination: Destination
    percentage: Share


class DelayFault(TypedDict):
    """Requests that wait."""

    percentage: Share
    fixedDelay: str


class AbortFault(TypedDict):
    """Requests that are answered with an error."""

    percentage: Share
    httpStatus: int


class FaultInjection(TypedDict, total=False):
    """Faults of the caller's proxy."""

    delay: DelayFault
    abort: AbortFault


class RegexRewrite(TypedDict):
    """What in the path is replaced, and by what; the query stays."""

    match: str
    rewrite: str


class Rewrite(TypedDict):
    """How the path changes on the way."""

    uriRegexRewrite: RegexRewrite


class CorsPolicy(TypedDict):
    """Which pages of other origins may call."""

    allowOrigins: list[StringMatch]
    allowMethods: list[str]
    allowHeaders: list[str]
    allowCredentials: bool
    maxAge: str
    unmatchedPreflights: Literal["IGNORE"]


class HeaderOperations(TypedDict, total=False):
    """Headers that are set, whatever they were, and those that are taken away."""

    set: dict[str, str]
    remove: list[str]


class Headers(TypedDict):
    """What happens to the headers of answers."""

    response: HeaderOperations


class HttpRoute(TypedDict):
    """Requests that fit one of the matches; of several routes the first one that fits counts."""

    name: str
    match: list[RequestMatch]
    route: list[WeightedDestination]
    timeout: str
    retries: Retries
    mirrors: NotRequired[list[MirrorPolicy]]
    fault: NotRequired[FaultInjection]
    rewrite: NotRequired[Rewrite]
    corsPolicy: NotRequired[CorsPolicy]
    headers: NotRequired[Headers]


class VirtualServiceSpec(TypedDict):
    """Hosts, and the gateways at which they are asked for: the mesh's own proxies where none is named."""

    hosts: list[str]
    gateways: NotRequired[list[str]]
    http: list[HttpRoute]


class VirtualService(TypedDict):
    """The routes of a host."""

    apiVersion: Literal["networking.istio.io/v1"]
    kind: Literal["VirtualService"]
    metadata: Metadata
    spec: VirtualServiceSpec
