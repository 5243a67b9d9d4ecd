"""The mesh's parts of a platform, and what comes before each."""

from collections.abc import Iterator

from components.mesh.arguments import MeshArgs
from components.mesh.authorization import DENY_ALL
from components.mesh.control_plane import ControlPlane
from components.mesh.control_plane_values import Collector, ControlPlaneArgs
from components.mesh.edge_gateway import EdgeGateway
from components.mesh.edge_routes import edge_hosts
from components.mesh.egress import Egress
from components.mesh.rate_limits import RateLimits
from components.mesh.security import STRICT_FOR_ALL, MeshSecurity
from components.mesh.service_routing import ServiceRouting
from components.mesh.telemetry import MeshTelemetry
from components.observability.arguments import ObservabilityArgs
from components.observability.names import OTEL_COLLECTOR, OTLP_PORT
from components.specs.mesh.settings import ControlPlane as RunBy
from components.workloads.workload import Workload
from stacks.parts import Part, part_key


def control_plane_parts(args: MeshArgs | None, watching: ObservabilityArgs | None) -> list[Part]:
    """Return the control plane where this program installs it: it comes before all else, as it brings definitions.

    Its proxies send spans to the platform's Collectors, where there are some.
    """
    if args is None or args.settings.control_plane is RunBy.EXTERNAL:
        return []
    traced = watching is not None and watching.settings.tracing is not None
    collector: Collector | None = {"service": args.host(OTEL_COLLECTOR), "port": OTLP_PORT} if traced else None
    installed = ControlPlaneArgs(settings=args.settings, edge_namespace=args.edge_namespace, collector=collector)
    return [Part(ControlPlane, args.part_of, installed)]


def denials() -> tuple[str, ...]:
    """Return what each Pod waits for, so that none is open for a moment: not all policies, as each waiting costs."""
    return f"PeerAuthentication/{STRICT_FOR_ALL}", f"AuthorizationPolicy/{DENY_ALL}"


def policy_parts(args: MeshArgs, namespace: str) -> list[Part]:
    """Return what holds for the namespace as a whole."""
    parts = [Part(one, args.part_of, args, after=(namespace,)) for one in (MeshSecurity, MeshTelemetry, Egress)]
    limited = any(workload.rate_limits for workload in args.workloads.values())
    return [*parts, *([Part(RateLimits, args.part_of, args, after=(namespace,))] if limited else [])]


def route_parts(args: MeshArgs, namespace: str) -> Iterator[Part]:
    """Yield the routes, each behind what it leads to: requests go to a new version once its Pods are ready."""
    for name, workload in args.workloads.items():
        if workload.service is not None:
            yield Part(ServiceRouting, name, args, after=(namespace, part_key(Workload, name)))
    if edge_hosts(args):
        offered = [part_key(Workload, name) for name, workload in args.workloads.items() if workload.edge]
        yield Part(EdgeGateway, args.part_of, args, after=(namespace, *offered))
