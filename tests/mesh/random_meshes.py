"""Meshes that nobody would think of: random services, and random callers of random ports and methods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from components.identity import selector
from components.manifests import Manifest
from components.mesh.arguments import Caller, ExternalService, MeshArgs, MeshedWorkload, MeshPort
from components.mesh.egress import Egress
from components.mesh.names import namespace_labels
from components.mesh.security import MeshSecurity
from components.mesh.service_routing import ServiceRouting
from components.mesh.telemetry import MeshTelemetry
from components.specs.mesh.settings import Mesh
from components.specs.namespace import NamespaceSpec, Quota
from components.specs.network import Connections, Opening, OpenPort, Peer
from components.specs.workload import WorkloadSpec
from components.workloads.arguments import NamespaceArgs, WorkloadArgs
from components.workloads.objects import namespace_objects, workload_objects

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
"""How a property of drawn meshes is tested: the same ones on each run, however busy the machine is."""
NAMESPACE, EDGE = "shop", "edge"
NAMES = ("gateway", "users", "orders", "rules", "mail", "search")
PORTS = {
    "grpc": (
        MeshPort(number=50051, service_port=50051, protocol="grpc"),
        MeshPort(number=9000, service_port=50051, protocol="grpc"),
    ),
    "http": (
        MeshPort(number=8080, service_port=80, protocol="http"),
        MeshPort(number=8080, service_port=8080, protocol="http"),
    ),
    "sql": (
        MeshPort(number=5432, service_port=5432, protocol="tcp"),
        MeshPort(number=6432, service_port=5432, protocol="tcp"),
    ),
}
METHODS = ("Get", "List", "Create", "Delete")
EXTERNAL = {
    "payments": ExternalService(name="payments", host="pay.example.net", port=443, originate_tls=True),
    "mail": ExternalService(name="mail", host="mail.example.net", port=465),
    "archive": ExternalService(name="archive", host="archive.example.net", port=5432, protocol="tcp"),
}
DATA_PLANES = ("sidecar", "ambient")


@dataclass(frozen=True)
class DeclaredCall:
    """One service calls another."""

    source: str
    target: str
    port: str
    methods: tuple[str, ...] = ()
    """All where empty."""


@dataclass
class DeclaredGraph:
    """Who is there, and who calls whom: what the objects are compared to."""

    ports: dict[str, dict[str, MeshPort]]
    calls: list[DeclaredCall] = field(default_factory=list)
    uses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    plain_text: dict[str, dict[str, str]] = field(default_factory=dict)

    def allows(self, source: str, target: str, port: str, method: str | None = None) -> bool:
        """Whether a call is declared; None is a method that no contract has."""
        return any(
            (call.source, call.target, call.port) == (source, target, port)
            and (not call.methods or method in call.methods)
            for call in self.calls
        )

    def targets(self, source: str) -> set[str]:
        """Whom a service calls at all."""
        return {call.target for call in self.calls if call.source == source}


@st.composite
def graphs(draw: st.DrawFn) -> DeclaredGraph:
    """Draw services, calls between any two of them, external hosts, and ports that take in plain text."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=2))
    graph = DeclaredGraph(
        {
            name: {port: draw(st.sampled_from(PORTS[port])) for port in draw(st.sets(st.sampled_from(sorted(PORTS))))}
            for name in names
        },
        plain_text={name: {} for name in names},
    )
    for target in names:
        for port in sorted(graph.ports[target]):
            # Half of the ports are called by nobody: those show whether everything is denied by default.
            callers = draw(st.sets(st.sampled_from(names))) if draw(st.booleans()) else set[str]()
            for source in sorted(callers):
                methods = draw(st.lists(st.sampled_from(METHODS), unique=True)) if port == "grpc" else []
                graph.calls.append(DeclaredCall(source, target, port, tuple(methods)))
            if draw(st.integers(0, 3)) == 0:
                graph.plain_text[target][port] = "its callers are older than the mesh"
    for name in names:
        graph.uses[name] = tuple(draw(st.lists(st.sampled_from(sorted(EXTERNAL)), unique=True)))
    return graph


def mesh_settings(data_plane: str, **changes: Any) -> Mesh:
    """The settings of a data plane."""
    plain = {
        "data-plane": data_plane,
        "routing-api": "istio" if data_plane == "sidecar" else "gateway",
        "edge": {"domain": "example.com", "tls": {"secret": "shop-tls"}},
        "telemetry": {"sampling": "5%"},
    }
    return Mesh.model_validate(plain | changes)


def contract(name: str) -> str:
    """The gRPC service that a service implements."""
    return f"shop.{name}.v1.Service"


def mesh_args(graph: DeclaredGraph, data_plane: str) -> MeshArgs:
    """The mesh of a graph."""
    workloads = {
        name: MeshedWorkload(
            name=name,
            service_account=f"{name}-account",
            service=name if ports else None,
            ports=ports,
            contract=contract(name) if "grpc" in ports else None,
            callers=tuple(
                Caller(
                    service_account=f"{call.source}-account",
                    namespace=NAMESPACE,
                    port=call.port,
                    methods=call.methods,
                )
                for call in graph.calls
                if call.target == name
            ),
            calls=tuple(sorted(graph.targets(name))),
            external=graph.uses.get(name, ()),
            permissive_ports=graph.plain_text.get(name, {}),
        )
        for name, ports in graph.ports.items()
    }
    return MeshArgs(
        settings=mesh_settings(data_plane),
        namespace=NAMESPACE,
        edge_namespace=EDGE,
        part_of="shop",
        workloads=workloads,
        external=EXTERNAL,
    )


def platform_objects(graph: DeclaredGraph, data_plane: str) -> list[Manifest]:
    """Every object of a graph's platform: namespace, workloads with their NetworkPolicies, mesh."""
    args = mesh_args(graph, data_plane)
    spec = NamespaceSpec(
        name=NAMESPACE, quota=Quota(cpu="4", memory="8Gi", pods=40), labels=namespace_labels(args.settings)
    )
    found = namespace_objects(NamespaceArgs(spec=spec, part_of="shop"))
    for name in graph.ports:
        found += workload_objects(name, _workload(graph, name))
    for component in (MeshSecurity, Egress, MeshTelemetry):
        found += component.manifests("mesh", args)
    for name in graph.ports:
        found += ServiceRouting.manifests(name, args)
    _accounts(found)
    return found


def _workload(graph: DeclaredGraph, name: str) -> WorkloadArgs:
    spec = WorkloadSpec.model_validate(
        {
            "image": "example.com/x:1",
            "exceptions": {"probes": "probes are another test's"},
            "ports": {
                key: {"number": port.number, "service-port": port.service_port}
                for key, port in graph.ports[name].items()
            },
        }
    )
    connections = Connections(
        ingress=tuple(
            _opening(call.source, graph.ports[name][call.port]) for call in graph.calls if call.target == name
        ),
        egress=tuple(
            _opening(call.target, graph.ports[call.target][call.port]) for call in graph.calls if call.source == name
        ),
    )
    return WorkloadArgs(spec=spec, namespace=NAMESPACE, part_of="shop", connections=connections)


def _opening(peer: str, port: MeshPort) -> Opening:
    return Opening(Peer(pod_labels=tuple(selector(peer).items())), (OpenPort(port.number),))


def _accounts(bodies: list[Manifest]) -> None:
    """Give Pods accounts of other names than their workloads, so that nothing mistakes one for the other."""
    for body in bodies:
        if body["kind"] == "Deployment":
            body["spec"]["template"]["spec"]["serviceAccountName"] = f"{body['metadata']['name']}-account"
