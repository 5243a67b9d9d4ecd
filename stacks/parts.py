"""What a platform is composed of: components, each with its arguments and with what comes before it."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.images.image_build import ImageBuild
from components.manifests import Manifest
from components.mesh.control_plane import ControlPlane
from components.mesh.edge_gateway import EdgeGateway
from components.mesh.egress import Egress
from components.mesh.rate_limits import RateLimits
from components.mesh.security import MeshSecurity
from components.mesh.service_routing import ServiceRouting
from components.mesh.telemetry import MeshTelemetry
from components.observability.custom_metrics.api import MetricsAdapter, MetricsApi
from components.observability.log_agents.access import NodeAgentAccess
from components.observability.operator.monitoring import OperatorMonitoring
from components.observability.prometheus.scrape_access import ScrapeAccess
from components.workloads.configuration import Configuration
from components.workloads.group import Group
from components.workloads.namespace import Namespace
from components.workloads.workload import Workload

Component = (
    type[Namespace]
    | type[Configuration]
    | type[ImageBuild]
    | type[Workload]
    | type[ControlPlane]
    | type[MeshSecurity]
    | type[MeshTelemetry]
    | type[Egress]
    | type[RateLimits]
    | type[ServiceRouting]
    | type[EdgeGateway]
    | type[ScrapeAccess]
    | type[OperatorMonitoring]
    | type[MetricsAdapter]
    | type[MetricsApi]
    | type[NodeAgentAccess]
    | type[Group]
)


@dataclass(frozen=True)
class Part:
    """One component of a platform: its class, its name, its arguments, and what comes before it."""

    component: Component
    name: str
    args: Any
    after: tuple[str, ...] = ()
    """Parts, and objects that other parts let others wait for: their keys."""
    group: str | None = None
    """The key of the part that is its parent; None for one at the top."""

    @property
    def key(self) -> str:
        """What other parts call it: the class and the name, as a service may be called like the namespace."""
        return part_key(self.component, self.name)

    def manifests(self) -> list[Manifest]:
        """Return every object of the part, without Pulumi."""
        return self.component.manifests(self.name, self.args)


def part_key(component: type[pulumi.ComponentResource], name: str) -> str:
    """Return what other parts call a part of this class and name."""
    return f"{component.__name__}/{name}"
