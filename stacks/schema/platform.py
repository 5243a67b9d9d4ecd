"""The two documents resolved into one: everything that a deployment needs to know, and nothing that it must decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.mesh.arguments import MeshArgs
from components.observability.arguments import ObservabilityArgs
from components.specs.images import ImageBuildSpec
from components.specs.namespace import NamespaceSpec
from components.specs.network import Connections
from components.specs.variables import EnvironmentValue
from components.specs.workload import WorkloadSpec
from stacks.schema.environment import SecretsFrom, Target
from stacks.schema.graph import Graph


@dataclass(frozen=True, kw_only=True)
class ResolvedWorkload:
    """One workload as this environment runs it."""

    spec: WorkloadSpec
    team: str
    connections: Connections
    environment: Mapping[str, EnvironmentValue]
    """Variables that follow from its dependencies."""
    after: tuple[str, ...]
    """Workloads that must be ready before it starts."""
    pull_secrets: tuple[str, ...] = ()
    """Secrets with which nodes pull its images."""


@dataclass(frozen=True, kw_only=True)
class ResolvedSecret:
    """A Secret of the namespace: its type, and the keys whose values the stack supplies."""

    type: str
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NodeAgents:
    """What runs on every node, to read its logs: in a namespace of its own, which is less strict."""

    namespace: NamespaceSpec
    workloads: Mapping[str, ResolvedWorkload]
    config_maps: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, ResolvedSecret]
    mesh: MeshArgs | None = None
    """The mesh of that namespace; None without one."""
    waypoint: Connections | None = None
    """Those of that namespace's waypoint; None without one."""


@dataclass(frozen=True, kw_only=True)
class ResolvedImages:
    """What this environment builds; nothing, where it names what CI has built."""

    builds: Mapping[str, ImageBuildSpec] = field(default_factory=dict)
    """Service → the build of its image."""
    credentials: str | None = None
    """The name under which the stack supplies the login at the registry."""
    certificates: str | None = None
    """Further CA certificates for build stages, as PEM."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A whole platform in one environment."""

    name: str
    target: Target
    namespace: NamespaceSpec
    workloads: Mapping[str, ResolvedWorkload]
    """By name, each behind those that it waits for."""
    config_maps: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, ResolvedSecret]
    secrets_from: SecretsFrom
    images: ResolvedImages = field(default_factory=ResolvedImages)
    graph: Graph
    """Who depends on whom."""
    mesh: MeshArgs | None = None
    """What the mesh's components take; None without a mesh."""
    waypoint: Connections | None = None
    """Whom the mesh's waypoint reaches, and who reaches it; None without one."""
    observability: ObservabilityArgs | None = None
    """What the components of observability take; None where nothing is watched."""
    node_agents: NodeAgents | None = None
    """None where logs stay on their nodes."""

    @property
    def every_secret(self) -> Mapping[str, ResolvedSecret]:
        """The Secrets of all namespaces, whose names differ."""
        return {**self.secrets, **(self.node_agents.secrets if self.node_agents else {})}
