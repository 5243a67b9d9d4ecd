"""``Pulumi.<stack>.yaml``, key ``polyglot:environment``: how the platform runs in one place."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from components.faults import fault
from components.scalars import Cidr, DnsLabel, DnsSubdomain, EnvironmentVariableName, ImageReference
from components.specs.base import Finding, Spec
from components.specs.mesh.resilience import Resilience
from components.specs.mesh.settings import Mesh
from components.specs.mesh.traffic import Fault, Mirror, RateLimit
from components.specs.namespace import Quota
from components.specs.observability.objectives import Objective
from components.specs.observability.settings import Observability
from components.specs.pod import Exceptions, Reason
from components.specs.probes import PortNumber
from components.specs.resources import Resources
from components.specs.scaling import Autoscaling, DisruptionBudget, Version
from components.specs.tags import tag, tag_by_key
from components.specs.variables import EnvironmentValue
from components.units import Memory
from stacks.schema.images import BuildMode, Images

ROOT: Final = ("config", "polyglot:environment")
"""Where the environment stands in its file."""


class Tier(StrEnum):
    """How much is asked of an environment; only the schema knows tiers."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class ClusterTarget(Spec):
    """A cluster, by its context in the kubeconfig."""

    context: str = Field(min_length=1)


class FolderTarget(Spec):
    """A folder for manifests; no cluster is touched."""

    render_to: str = Field(min_length=1, description="A folder, seen from the project's root.")
    plain_secrets: Reason | None = Field(None, description="Why Secrets may be written there in plain text.")


Target = Annotated[
    Annotated[ClusterTarget, tag("context")] | Annotated[FolderTarget, tag("render-to")],
    tag_by_key("render-to", "context"),
]


class SecretsFrom(StrEnum):
    """Who supplies the values of the catalogue's secrets."""

    STACK = "stack"
    """This stack's own configuration, ``polyglot:secrets``, encrypted."""
    CLUSTER = "cluster"
    """Somebody else puts the Secrets into the namespace: External Secrets, Sealed Secrets, Vault."""


class StoreInCluster(Spec):
    """A store that runs beside the services: ``{storage: 10Gi}``."""

    storage: Memory
    storage_class: DnsSubdomain | None = None
    image: ImageReference | None = Field(None, description="The pinned image of components/versions.py where absent.")
    resources: Resources = Resources(cpu="250m", memory="512Mi")


class StoreOutside(Spec):
    """A managed store: ``{host: users.db.example.com}``."""

    host: DnsSubdomain
    port: PortNumber | None = Field(None, description="The engine's usual port where absent.")
    cidrs: tuple[Cidr, ...] = ("0.0.0.0/0", "::/0")


StorePlace = Annotated[
    Annotated[StoreInCluster, tag("storage")] | Annotated[StoreOutside, tag("host")],
    tag_by_key("host", "storage"),
]


class BrokerInCluster(StoreInCluster):
    """NATS beside the services."""

    replicas: int = Field(1, ge=1, le=5)

    def findings(self) -> Iterator[Finding]:
        """Yield a cluster that can't form a majority."""
        if self.replicas % 2 == 0:
            yield (
                ("replicas",),
                fault(
                    "is even",
                    consequence="the loss of half of the servers stops all streams, as it would with one server fewer",
                    fix="use 1, 3 or 5",
                ),
            )


BrokerPlace = Annotated[
    Annotated[BrokerInCluster, tag("storage")] | Annotated[StoreOutside, tag("host")],
    tag_by_key("host", "storage"),
]


class ServiceOverride(Spec):
    """What differs for one service here. Variables and exceptions are added, the rest replaces the catalogue's."""

    image: ImageReference | None = None
    replicas: int | None = Field(None, ge=0)
    autoscaling: Autoscaling | None = None
    versions: dict[DnsLabel, Version] | None = None
    resources: Resources | None = None
    disruption_budget: DisruptionBudget | None = DisruptionBudget()
    env: dict[EnvironmentVariableName, EnvironmentValue] = {}
    exceptions: Exceptions = {}
    resilience: Resilience | None = None
    rate_limits: tuple[RateLimit, ...] | None = None
    mirror: Mirror | None = None
    fault: Fault | None = None
    slo: Objective | None = Field(None, description="In place of the catalogue's; null: it promises nothing here.")


class Environment(Spec):
    """The whole document. Nothing on which environments should differ has a default."""

    tier: Tier
    cluster: Target
    namespace: DnsLabel
    replicas: int = Field(ge=1, description="Of every service that says nothing else.")
    quota: Quota
    secrets_from: SecretsFrom
    images: Images | None = Field(
        None, description="Where the images that the catalogue builds come from; needed if it builds any."
    )
    edge_namespace: DnsLabel = Field(description="Where the gateway's Pods run that forward requests from outside.")
    api_server: tuple[Cidr, ...] = Field(
        ("0.0.0.0/0", "::/0"), description="Addresses of the Kubernetes API server, for services with api-access."
    )
    stores: dict[DnsLabel, StorePlace] = {}
    broker: BrokerPlace | None = Field(None, description="Where NATS runs; needed by a catalogue with streams.")
    mesh: Mesh | None = Field(None, description="Istio; without it services talk to each other directly.")
    observability: Observability | None = Field(None, description="Metrics, alerts and dashboards; nothing without it.")
    env: dict[EnvironmentVariableName, EnvironmentValue] = Field({}, description="Variables of every service.")
    services: dict[DnsLabel, ServiceOverride] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield images that only one machine has, in production."""
        if self.tier is Tier.PRODUCTION and self.images is not None and self.images.build is BuildMode.LOAD:
            yield (
                ("images", "build"),
                fault(
                    "is load, in production",
                    consequence="the images would be in the store of one machine's engine, and no node could pull them",
                    fix="make it push, or never with the digests of what CI has built",
                ),
            )
