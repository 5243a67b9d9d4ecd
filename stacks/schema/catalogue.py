"""``catalogue.yaml``: what runs, the same in every environment."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from components.faults import fault
from components.scalars import AbsolutePath, Cidr, ConfigKey, DnsLabel, DnsSubdomain, LabelValue, PortName, matching
from components.specs.base import Finding, Spec
from components.specs.probes import PortNumber
from components.specs.tags import tag, tag_by_key
from components.specs.workload import WorkloadSpec
from components.versions import STORE_IMAGES
from stacks.schema.images import BuildOrFolder
from stacks.schema.streams import Consumer, PublishedSubject, Stream, StreamName, StreamSubject

_METHOD: Final = "[A-Za-z][A-Za-z0-9_]*"
MethodName = Annotated[
    str,
    matching(
        re.compile(_METHOD),
        "a gRPC method",
        "no service can have a method of this name",
        "write the method's name alone, e.g. GetUser",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_METHOD}$"}),
]


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


class Edge(Spec):
    """Where a service is reached from outside."""

    host: DnsLabel = Field(description="The host's first label; the environment adds the domain.")
    paths: tuple[AbsolutePath, ...] = Field(("/",), min_length=1, description="Path prefixes.")
    port: PortName = "http"


class Service(WorkloadSpec):
    """One service: its workload, and whom it depends on."""

    build: BuildOrFolder | None = Field(
        None, description="What its image is built from: the folder with its Dockerfile, or context and dockerfile."
    )
    team: LabelValue | None = Field(None, description="Who answers for it; the team of team-defaults where absent.")
    calls: Calls = {}
    uses: tuple[DnsLabel, ...] = Field((), description="Stores and external hosts.")
    publishes: tuple[PublishedSubject, ...] = ()
    consumes: dict[StreamSubject, Consumer] = {}
    edge: Edge | None = None

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


class TeamDefaults(Spec):
    """What holds for every service that says nothing else."""

    team: LabelValue


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


class ExternalHost(Spec):
    """A host outside the cluster that services use."""

    host: DnsSubdomain
    port: PortNumber = 443
    cidrs: tuple[Cidr, ...] = Field(
        ("0.0.0.0/0", "::/0"), description="Its addresses, where they are known: a NetworkPolicy knows no host names."
    )


class ConfigFile(Spec):
    """Text that stands in a file beside the catalogue: ``{file: config/app.yaml}``."""

    file: str


ConfigText = Annotated[
    Annotated[str, tag("text")] | Annotated[ConfigFile, tag("file")], tag_by_key("file", otherwise="text")
]


class ConfigMapEntry(Spec):
    """A ConfigMap: its content, or the word that somebody else makes it."""

    data: dict[ConfigKey, ConfigText] = {}
    existing: bool = Field(False, description="Made by somebody else; services may refer to it.")

    def findings(self) -> Iterator[Finding]:
        """Yield a ConfigMap that is both ours and somebody else's."""
        if self.existing == bool(self.data):
            yield (
                (),
                fault(
                    "has data and is existing" if self.existing else "has no data",
                    consequence="two owners would overwrite each other" if self.existing else "it would be empty",
                    fix="give it data, or say 'existing: true'",
                ),
            )


class SecretEntry(Spec):
    """A Secret: the keys whose values each stack supplies, or the word that somebody else makes it."""

    keys: tuple[ConfigKey, ...] = ()
    type: str = "Opaque"
    existing: bool = Field(False, description="Made by somebody else; services may refer to it.")

    def findings(self) -> Iterator[Finding]:
        """Yield a Secret that is both ours and somebody else's."""
        if self.existing == bool(self.keys):
            yield (
                (),
                fault(
                    "has keys and is existing" if self.existing else "names no keys",
                    consequence="nobody could tell who supplies its values",
                    fix="list its keys, or say 'existing: true'",
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
    config_maps: dict[DnsSubdomain, ConfigMapEntry] = {}
    secrets: dict[DnsSubdomain, SecretEntry] = {}
