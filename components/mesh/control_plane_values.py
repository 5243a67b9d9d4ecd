"""What Istio's own charts are told, and in which order they are installed. Pure.

Values: https://github.com/istio/istio/tree/master/manifests/charts
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NotRequired, TypedDict

from components.specs.mesh.settings import DataPlane, Mesh, RoutingApi

ACCESS_LOG_FIELDS: Final = {
    "start_time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "authority": "%REQ(:AUTHORITY)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "grpc_status": "%GRPC_STATUS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER%",
    "downstream_peer": "%DOWNSTREAM_PEER_URI_SAN%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "trace_id": "%TRACE_ID%",
}
"""Field of a line of the access log → Envoy's operator
(https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage).
"""


class LogFormat(TypedDict):
    """One JSON object a line."""

    labels: dict[str, str]


class FileAccessLog(TypedDict):
    """Where lines go; /dev/stdout is the proxy's own log."""

    path: str
    logFormat: LogFormat


class Collector(TypedDict):
    """An OTLP receiver by gRPC: the whole name of its Service, and the port."""

    service: str
    port: int


class ExtensionProvider(TypedDict):
    """What Telemetry objects refer to by name; exactly one of the others."""

    name: str
    envoyFileAccessLog: NotRequired[FileAccessLog]
    opentelemetry: NotRequired[Collector]


class PathNormalization(TypedDict):
    """What paths policies see (https://istio.io/latest/docs/ops/best-practices/security/#understand-path-normalization)."""

    normalization: Literal["MERGE_SLASHES"]


class ProxyDefaults(TypedDict):
    """What every proxy starts with."""

    proxyMetadata: dict[str, str]


class OutboundPolicy(TypedDict):
    """What happens to undeclared hosts where no Sidecar says so."""

    mode: Literal["REGISTRY_ONLY"]


class MeshConfiguration(TypedDict):
    """https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/."""

    trustDomain: str
    outboundTrafficPolicy: OutboundPolicy
    pathNormalization: PathNormalization
    defaultConfig: ProxyDefaults
    extensionProviders: list[ExtensionProvider]


class PilotCni(TypedDict):
    """Whether the node's CNI plugin redirects traffic, and not a privileged init container of each Pod."""

    enabled: bool


class Pilot(TypedDict):
    """istiod itself."""

    cni: NotRequired[PilotCni]
    env: NotRequired[dict[str, str]]


class ProxyGlobals(TypedDict):
    """What proxies know of the cluster."""

    clusterDomain: str


class Globals(TypedDict):
    """What charts share."""

    istioNamespace: str
    proxy: NotRequired[ProxyGlobals]


IstiodValues = TypedDict(
    "IstiodValues",
    {"profile": NotRequired[str], "pilot": Pilot, "meshConfig": MeshConfiguration, "global": Globals},
)
"""Of chart istiod."""


@dataclass(frozen=True, kw_only=True)
class ControlPlaneArgs:
    """What a ControlPlane takes."""

    settings: Mesh
    edge_namespace: str
    collector: Collector | None = None
    """Where spans go; without one the tracing provider is left to somebody else."""


@dataclass(frozen=True, kw_only=True)
class HelmRelease:
    """One chart of Istio's, at the pinned version."""

    name: str
    chart: str
    namespace: str
    values: Mapping[str, Any]
    after: tuple[str, ...] = ()
    """Releases that must be there first."""


def needs_gateway_api(settings: Mesh) -> bool:
    """Whether the Gateway API's CRDs must be there before anything else: for routes, or for a waypoint."""
    return settings.routing_api is RoutingApi.GATEWAY or settings.data_plane is DataPlane.AMBIENT


def releases(args: ControlPlaneArgs) -> list[HelmRelease]:
    """Return the charts in an order in which they can be installed: CRDs, istiod, data plane, gateway.

    With sidecars the CNI plugin spares each Pod an init container with NET_ADMIN, which Pod Security's restricted level
    refuses. For the Gateway API istiod starts gateways itself, so no chart does.
    """
    settings, system = args.settings, args.settings.system_namespace
    ambient = settings.data_plane is DataPlane.AMBIENT
    profile = {"profile": "ambient"} if ambient else {}
    common: Globals = {"istioNamespace": system}
    found = [
        HelmRelease(name="istio-base", chart="base", namespace=system, values={"global": common}),
        HelmRelease(name="istiod", chart="istiod", namespace=system, values=istiod_values(args), after=("istio-base",)),
        HelmRelease(name="istio-cni", chart="cni", namespace=system, values={**profile}, after=("istiod",)),
    ]
    if ambient:
        values = {**profile, "istioNamespace": system}
        found.append(
            HelmRelease(name="ztunnel", chart="ztunnel", namespace=system, values=values, after=("istiod", "istio-cni"))
        )
    if settings.routing_api is RoutingApi.ISTIO:
        found.append(
            HelmRelease(
                name=f"istio-{settings.edge.gateway}",
                chart="gateway",
                namespace=args.edge_namespace,
                values={},
                after=tuple(one.name for one in found[1:]),
            )
        )
    return found


def istiod_values(args: ControlPlaneArgs) -> IstiodValues:
    """Return what istiod is told."""
    settings = args.settings
    values: IstiodValues = {
        "pilot": {},
        "meshConfig": {
            "trustDomain": settings.trust_domain,
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
            "pathNormalization": {"normalization": "MERGE_SLASHES"},
            # External hosts without HTTP or TLS are told apart by addresses that the proxy's own DNS hands out.
            "defaultConfig": {"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true"}},
            "extensionProviders": _providers(args),
        },
        "global": {"istioNamespace": settings.system_namespace, "proxy": {"clusterDomain": settings.cluster_domain}},
    }
    if settings.data_plane is DataPlane.AMBIENT:
        values["profile"] = "ambient"
    else:
        values["pilot"] = {"cni": {"enabled": True}, "env": {"ENABLE_NATIVE_SIDECARS": "true"}}
    return values


def _providers(args: ControlPlaneArgs) -> list[ExtensionProvider]:
    telemetry = args.settings.telemetry
    logs: FileAccessLog = {"path": "/dev/stdout", "logFormat": {"labels": dict(ACCESS_LOG_FIELDS)}}
    found: list[ExtensionProvider] = [{"name": telemetry.access_log_provider, "envoyFileAccessLog": logs}]
    if args.collector is not None:
        found.append({"name": telemetry.tracing_provider, "opentelemetry": args.collector})
    return found
