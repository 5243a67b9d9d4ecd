"""``catalogue.yaml``: what runs, the same in every environment."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from components.faults import fault
from components.scalars import AbsolutePath, Cidr, DnsLabel, DnsSubdomain, LabelValue, PortName
from components.specs.base import Finding, Spec
from components.specs.container import Language
from components.specs.mesh.contract import Contract
from components.specs.mesh.edge import EdgePolicy, JwtIssuer, RoleRule
from components.specs.mesh.resilience import MethodName, Resilience
from components.specs.mesh.traffic import RateLimit
from components.specs.observability.instrumentation import Instrumentation
from components.specs.observability.objectives import Objective
from components.specs.observability.own_alerts import AlertName, OwnAlert
from components.specs.ports import app_protocol
from components.specs.probes import PortNumber
from components.specs.workload import WorkloadSpec
from components.versions import STORE_IMAGES
from stacks.schema.configuration_entries import ConfigMapEntry, SecretEntry
from stacks.schema.images import BuildOrFolder
from stacks.schema.streams import Consumer, PublishedSubject, Stream, StreamName, StreamSubject


class Call(Spec):
    """How one service calls another."""

    methods: tuple[MethodName, ...] = Field((), description="gRPC methods; all of them where empty.")
    port: PortName | None = Field(None, description="The callee's port; its grpc, http or only port where absent.")
    optional: bool = Field(False, description="The caller starts, and answers in part, without it.")


def _call(value: Any) -> Any:
    return {"methods": value} if isinstance(value, list) else {} if value is None else value


def _names_as_mapping(value: Any) -> Any:
    return dict.fromkeys(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else value


CallOrMethods = Annotated[Call, BeforeValidator(_call, json_schema_input_type=Call | tuple[MethodName, ...] | None)]
Calls = Annotated[
    dict[DnsLabel, CallOrMethods],
    BeforeValidator(_names_as_mapping, json_schema_input_type=dict[DnsLabel, CallOrMethods] | tuple[DnsLabel, ...]),
]
"""Service → how it is called; a plain list of names, or of methods, will do."""


class Edge(EdgePolicy):
    """Where a service is reached from outside, and what holds there; all but host, paths and port needs a mesh."""

    host: DnsLabel = Field(description="The host's first label; the environment adds the domain.")
    paths: tuple[AbsolutePath, ...] = Field(("/",), min_length=1, description="Path prefixes.")
    port: PortName = "http"


class Service(WorkloadSpec):
    """One service: its workload, and whom it depends on."""

    build: BuildOrFolder | None = Field(
        None, description="What its image is built from: the folder with its Dockerfile, or context and dockerfile."
    )
    contract: Contract | None = Field(None, description="The gRPC service that it implements.")
    team: LabelValue | None = Field(None, description="Who answers for it; the team of team-defaults where absent.")
    calls: Calls = {}
    uses: tuple[DnsLabel, ...] = Field((), description="Stores and external hosts.")
    publishes: tuple[PublishedSubject, ...] = ()
    consumes: dict[StreamSubject, Consumer] = {}
    edge: Edge | None = None
    resilience: Resilience = Field(Resilience(), description="How every caller treats it, in a mesh.")
    rate_limits: tuple[RateLimit, ...] = Field((), description="How often it may be called, in a mesh.")
    slo: Objective | None = Field(
        None, description="What it promises, in place of team-defaults.slo; null: nothing, and no alert on it."
    )
    alerts: dict[AlertName, OwnAlert] = Field({}, description="Alerts of its own, beside those that each service gets.")
    instrumentation: Instrumentation = Field(Instrumentation(), description="How its spans come about.")

    def findings(self) -> Iterator[Finding]:
        """Yield what does not go together in one service."""
        yield from super().findings()
        if self.image is None and self.build is None:
            yield (
                (),
                fault(
                    "has no image",
                    consequence="there is nothing to run",
                    fix="add image: registry/repository:tag, or build: FOLDER with its Dockerfile",
                ),
            )
        if self.instrumentation.java_agent and self.language is not Language.JAVA:
            yield (
                ("instrumentation", "java-agent"),
                fault(
                    f"is for a JVM, and the language is {self.language.value}",
                    consequence="nothing would load the agent, and the service would not be traced",
                    fix="drop it, or say language: java; Go and Python bring an SDK of their own (docs/services.md)",
                ),
            )
        if self.image is not None and self.build is not None:
            yield (
                ("image",),
                fault(
                    "stands beside a build",
                    consequence="nobody could tell which of the two runs",
                    fix="drop one of them; an environment may name an image in place of what is built",
                ),
            )
        if self.edge and self.edge.port not in self.ports:
            yield (
                ("edge", "port"),
                fault(
                    "is none of the service's ports",
                    consequence="the edge would have nowhere to send requests",
                    fix=f"name one of {', '.join(self.ports) or 'its ports (it has none)'}",
                ),
            )
        if self.contract and "grpc" not in {
            app_protocol(name, port) for part in self.every_container for name, port in part.ports.items()
        }:
            yield (
                ("contract",),
                fault(
                    "is that of a gRPC service, and no port speaks gRPC",
                    consequence="nobody could call its methods",
                    fix="add ports: {grpc: 50051}, or drop the contract",
                ),
            )


class TeamDefaults(Spec):
    """What holds for every service that says nothing else."""

    team: LabelValue
    slo: Objective | None = Field(None, description="What every service promises whose requests are counted.")


class StoreEngine(StrEnum):
    """Databases that the platform knows how to run and to hand to services."""

    POSTGRES = "postgres"
    REDIS = "redis"


class Store(Spec):
    """A database; where it runs is each environment's choice."""

    engine: StoreEngine
    version: int | None = Field(None, description="Major version; the newest known one where absent.")

    def findings(self) -> Iterator[Finding]:
        """Yield a version for which no image is pinned."""
        known = STORE_IMAGES[self.engine]
        if self.version is not None and self.version not in known:
            yield (
                ("version",),
                fault(
                    f"is no version of {self.engine.value} that is pinned here",
                    consequence="there would be no image to run",
                    fix=f"use {' or '.join(map(str, known))}, or pin it in components/versions.py",
                ),
            )


def _one_host(value: Any) -> Any:
    if isinstance(value, str) and "*" in value:
        raise fault(
            "stands for many hosts",
            consequence="nobody could look up their addresses, neither services nor a mesh's proxies",
            fix="add an entry for each host that is called",
        )
    return value


class ExternalHost(Spec):
    """A host outside the cluster that services use."""

    host: Annotated[DnsSubdomain, BeforeValidator(_one_host)]
    port: PortNumber = 443
    protocol: Literal["tls", "tcp"] = Field(
        "tls", description="What services speak to it: TLS, HTTPS included, or anything else over TCP."
    )
    originate_tls: bool = Field(
        False, description="In a mesh services speak plain HTTP to port 80, and their proxy adds TLS."
    )
    cidrs: tuple[Cidr, ...] = Field(
        ("0.0.0.0/0", "::/0"), description="Its addresses, where they are known: a NetworkPolicy knows no host names."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield TLS that is to be added to something else than HTTP."""
        if self.originate_tls and self.protocol == "tcp":
            yield (
                ("originate-tls",),
                fault(
                    "is for hosts that speak TLS, and the protocol is tcp",
                    consequence="the host would be sent a TLS handshake that it doesn't expect",
                    fix="drop one of the two",
                ),
            )


class Catalogue(Spec):
    """The whole document."""

    platform: DnsLabel
    team_defaults: TeamDefaults
    services: dict[DnsLabel, Service] = Field(min_length=1)
    stores: dict[DnsLabel, Store] = {}
    streams: dict[StreamName, Stream] = {}
    external: dict[DnsLabel, ExternalHost] = {}
    authentication: dict[DnsLabel, JwtIssuer] = Field({}, description="Issuers of tokens, for 'auth' of edges.")
    roles: dict[str, tuple[RoleRule, ...]] = Field(
        {}, description="The edge's role table: role → requests; 'guest' needs no token."
    )
    config_maps: dict[DnsSubdomain, ConfigMapEntry] = {}
    secrets: dict[DnsSubdomain, SecretEntry] = {}

    def team_of(self, name: str) -> str:
        """Return who answers for a workload: its own team where it is a service that names one."""
        service = self.services.get(name)
        return (service.team if service else None) or self.team_defaults.team
