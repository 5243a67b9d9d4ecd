"""The mesh of an environment."""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from components.faults import fault
from components.scalars import DnsLabel, DnsSubdomain, ImageReference, PortName
from components.specs.base import Finding, Spec
from components.specs.pod import Reason
from components.specs.tags import tag, tag_by_key
from components.units import Percent, PositiveDuration


class ControlPlane(StrEnum):
    """Who runs istiod."""

    EXTERNAL = "external"
    """A managed or existing mesh."""
    INSTALL = "install"
    """This program, with the official Helm charts."""


class DataPlane(StrEnum):
    """Where the proxies run."""

    SIDECAR = "sidecar"
    AMBIENT = "ambient"


class RoutingApi(StrEnum):
    """The one API that routes are written in."""

    ISTIO = "istio"
    """VirtualService."""
    GATEWAY = "gateway"
    """Gateway API: HTTPRoute and GRPCRoute."""


class SecretCertificate(Spec):
    """A Secret of type kubernetes.io/tls in the gateway's namespace: ``{secret: shop-tls}``."""

    secret: DnsSubdomain


class IssuedCertificate(Spec):
    """A Certificate from cert-manager: ``{issuer: letsencrypt}``."""

    issuer: DnsSubdomain
    renew_before: PositiveDuration = timedelta(days=30)


EdgeCertificate = Annotated[
    Annotated[SecretCertificate, tag("secret")] | Annotated[IssuedCertificate, tag("issuer")],
    tag_by_key("secret", "issuer"),
]


class EdgeSettings(Spec):
    """The gateway that lets requests in."""

    domain: DnsSubdomain = Field(description="What follows the hosts of the catalogue's edges.")
    tls: EdgeCertificate
    gateway: DnsLabel = Field("ingressgateway", description="The gateway Pods' label istio, or the GatewayClass.")


class Failover(Spec):
    """Where requests go when a region has no healthy Pods: ``{from: eu-west, to: eu-central}``."""

    from_: str = Field(alias="from")
    to: str


class LocalitySpread(Spec):
    """How requests from one locality are shared out: ``{from: eu-west/*, to: {eu-west/*: 80%, eu-central/*: 20%}}``."""

    from_: str = Field(alias="from")
    to: dict[str, Percent]

    def findings(self) -> Iterator[Finding]:
        """Yield shares that don't sum to 100."""
        total = sum(self.to.values())
        if abs(total - 100) > 1e-6 or any(share != int(share) for share in self.to.values()):
            yield (
                ("to",),
                fault(
                    f"has shares that sum to {total:g}%, or are no whole percentages",
                    consequence="Istio refuses the DestinationRule",
                    fix="make them whole percentages that sum to 100%",
                ),
            )


class Locality(Spec):
    """Nearby Pods first. ``failover`` and ``spread`` exclude each other."""

    failover: tuple[Failover, ...] = ()
    spread: tuple[LocalitySpread, ...] = ()

    def findings(self) -> Iterator[Finding]:
        """Yield both at once, which Istio refuses."""
        if self.failover and self.spread:
            yield (
                (),
                fault(
                    "has both failover and spread",
                    consequence="Istio refuses the DestinationRule",
                    fix="keep one of them",
                ),
            )


class MeshTelemetrySettings(Spec):
    """What the proxies tell."""

    tracing_provider: DnsLabel = Field("otel", description="An extensionProvider of the mesh's configuration.")
    sampling: Percent = Field(description="Share of the traces that start here.")
    access_logs: bool = True
    access_log_provider: DnsLabel = "json"


class Mesh(Spec):
    """Istio in this environment. Without it services talk to each other directly."""

    control_plane: ControlPlane = ControlPlane.EXTERNAL
    data_plane: DataPlane
    routing_api: RoutingApi
    trust_domain: DnsSubdomain = "cluster.local"
    cluster_domain: DnsSubdomain = "cluster.local"
    system_namespace: DnsLabel = "istio-system"
    permissive_ports: dict[DnsLabel, dict[PortName, Reason]] = Field(
        {}, description="Service → port → reason for accepting plain text there (own callers outside the mesh)."
    )
    edge: EdgeSettings
    locality: Locality | None = None
    telemetry: MeshTelemetrySettings
    rate_limit_store: DnsLabel | None = Field(None, description="The Redis store behind global rate limits.")
    rate_limit_image: ImageReference | None = Field(
        None, description="Of the service that counts; the pinned image of components/versions.py where absent."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield routes that the data plane's proxies don't read."""
        if self.data_plane is DataPlane.AMBIENT and self.routing_api is RoutingApi.ISTIO:
            yield (
                ("routing-api",),
                fault(
                    "is istio, and the data plane is ambient",
                    consequence="a waypoint reads routes of the Gateway API: weights and deadlines would hold nowhere",
                    fix="make it gateway, or make the data plane sidecar",
                ),
            )
