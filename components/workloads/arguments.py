"""What the components of this package take: a spec of literals, and values that may be known only at deploy time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightkube.models import meta_v1

from components import identity
from components.specs.network import Connections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Input

    from components.specs.namespace import NamespaceSpec
    from components.specs.variables import EnvironmentValue
    from components.specs.workload import WorkloadSpec


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    """What a Namespace takes."""

    spec: NamespaceSpec
    part_of: str
    """The platform that the namespace belongs to; a label."""
    guests: Mapping[str, GuestPods] = field(default_factory=dict)
    """Pods that somebody else starts in the namespace, by name."""


@dataclass(frozen=True, kw_only=True)
class GuestPods:
    """Pods that somebody else starts, such as a mesh's waypoint: a NetworkPolicy opens their ways too."""

    labels: Mapping[str, str]
    """What selects them."""
    connections: Connections


@dataclass(frozen=True, kw_only=True)
class SecretArgs:
    """One Secret: its type, and values that stay secret on their way."""

    type: str
    data: Mapping[str, Input[str]]


@dataclass(frozen=True, kw_only=True)
class ConfigurationArgs:
    """What a Configuration takes."""

    namespace: Input[str]
    part_of: str
    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, SecretArgs] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    """What a Workload takes."""

    spec: WorkloadSpec
    namespace: Input[str]
    part_of: str
    """The platform that the workload belongs to; a label."""
    team: str | None = None
    """Who answers for it; a label."""
    image: Input[str] | None = None
    """The main container's image; the spec's own where absent."""
    connections: Connections = field(default_factory=Connections)
    """Who may reach it and whom it may reach; nobody by default."""
    environment: Mapping[str, EnvironmentValue] = field(default_factory=dict)
    """Variables that follow from its dependencies; its own win over them."""
    checksums: Mapping[tuple[str, str], Input[str]] = field(default_factory=dict)
    """(kind, name) of each ConfigMap and Secret → a text that changes with its content."""
    pull_secrets: tuple[str, ...] = ()
    """Secrets of the namespace with which nodes pull the images; only their names can be checked here."""


@dataclass(frozen=True)
class NamedWorkload:
    """A workload's name and arguments: what every builder of this package reads."""

    name: str
    args: WorkloadArgs

    @property
    def spec(self) -> WorkloadSpec:
        """The literals."""
        return self.args.spec

    @property
    def labels(self) -> dict[str, str]:
        """The labels of every object of the workload."""
        return identity.labels(
            self.name, part_of=self.args.part_of, team=self.args.team, language=self.spec.language.value
        ) | dict(self.spec.labels)

    @property
    def annotations(self) -> dict[str, str]:
        """The workload's own annotations, and the reason for each default that it switches off."""
        reasons = {identity.exception_annotation(key.value): reason for key, reason in self.spec.exceptions.items()}
        return {**self.spec.annotations, **reasons}

    def metadata(self, name: str | None = None) -> meta_v1.ObjectMeta:
        """Build the metadata of an object that belongs to the workload."""
        return meta_v1.ObjectMeta(
            name=name or self.name,
            namespace=self.args.namespace,  # ty: ignore[invalid-argument-type] - may be known only at deploy time
            labels=self.labels,
            annotations=self.annotations or None,
        )
