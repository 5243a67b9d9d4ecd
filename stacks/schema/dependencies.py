"""The one list of dependencies, read from the catalogue: variables, openings, start-up order and the graph follow."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from components import identity
from components.quantities import duration_text
from components.specs.network import Connections, Opening, OpenPort, Peer
from components.specs.pod import ServiceType
from components.specs.ports import Port, Protocol
from components.specs.variables import EnvironmentValue
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Call, Catalogue, Service
from stacks.schema.environment import Environment, StoreOutside
from stacks.schema.graph import Edge as GraphEdge
from stacks.schema.graph import Graph, Kind, Node
from stacks.schema.service_environment import service_environment
from stacks.schema.stores import (
    BROKER,
    BROKER_PORTS,
    broker_environment,
    broker_port,
    external_environment,
    store_environment,
    store_port,
)

EVERYWHERE: Final = ("0.0.0.0/0", "::/0")
ADDRESS_PORTS: Final = ("grpc", "http")
"""A callee's port for its callers, unless they name another: the first of these that it has, or else its first one."""


def variable_prefix(name: str) -> str:
    """Return the name as a prefix of variables: ``users-db`` is ``USERS_DB``."""
    return "".join(
        {"*": "ANY", ">": "REST"}.get(character, character.upper() if character.isalnum() else "_")
        for character in name
    )


def called_port(callee: Service, call: Call) -> tuple[str, Port] | None:
    """Return the port that a call goes to, or None where the callee has no such port that it exposes."""
    exposed = {name: port for part in callee.every_container for name, port in part.ports.items() if port.exposed}
    name = call.port or next((name for name in (*ADDRESS_PORTS, *exposed) if name in exposed), None)
    return (name, exposed[name]) if name in exposed else None


@dataclass(frozen=True)
class Dependency:
    """One workload depends on another thing that this environment runs, or on addresses outside."""

    source: str
    target: str
    port: Port
    port_name: str = ""
    """What the target's Service calls the port; empty for a target outside the cluster."""
    methods: tuple[str, ...] = ()
    """gRPC methods; all of them where empty."""
    outside: tuple[str, ...] = ()
    """Address ranges, where the target runs outside the cluster."""
    required: bool = True
    label: str = ""
    publishes: bool = False
    """Whether data flows from source to target only, as events do."""
    direct: bool = False
    """Whether the source connects to each of the target's Pods, and not to its Service."""
    governing: bool = False
    """Whether it finds these Pods by the headless Service that names them, beside the target's own."""
    source_namespace: str | None = None
    """Where the two are, if they are in different namespaces; None: both in the platform's own."""
    target_namespace: str | None = None

    @property
    def waits(self) -> bool:
        """Whether the source can start only when the target is ready."""
        return self.required and not self.outside


def dependencies(catalogue: Catalogue, environment: Environment) -> Iterator[Dependency]:
    """Yield every dependency of every service; references are known to resolve."""
    for name, service in catalogue.services.items():
        for callee, call in service.calls.items():
            found = called_port(catalogue.services[callee], call)
            if found:
                yield Dependency(
                    name,
                    callee,
                    found[1],
                    port_name=found[0],
                    methods=call.methods,
                    required=not call.optional,
                    label=", ".join(call.methods),
                )
        for used in service.uses:
            if used in catalogue.external:
                host = catalogue.external[used]
                yield Dependency(name, used, Port(number=host.port), outside=host.cidrs)
            else:
                yield store_dependency(name, used, catalogue, environment)
        broker = environment.broker
        if broker is None:
            continue
        outside = broker.cidrs if isinstance(broker, StoreOutside) else ()
        for subject in (*service.publishes, *service.consumes):
            yield Dependency(
                name,
                BROKER,
                Port(number=broker_port(broker)),
                port_name="" if outside else "nats",
                outside=outside,
                label=subject,
                publishes=subject in service.publishes,
            )


def inner_dependencies(specs: Mapping[str, WorkloadSpec]) -> Iterator[Dependency]:
    """Yield what is no part of the service graph: the servers of a broker that find each other."""
    if BROKER in specs and "cluster" in specs[BROKER].ports:
        yield Dependency(BROKER, BROKER, BROKER_PORTS["cluster"], port_name="cluster", required=False)


def store_dependency(source: str, store: str, catalogue: Catalogue, environment: Environment) -> Dependency:
    """Return the dependency on a store, in the cluster or outside."""
    place, engine = environment.stores[store], catalogue.stores[store].engine
    port = Port(number=store_port(catalogue.stores[store], place))
    if isinstance(place, StoreOutside):
        return Dependency(source, store, port, outside=place.cidrs)
    return Dependency(source, store, port, port_name=engine.value)


def ways_out(all_dependencies: Iterable[Dependency], namespace: str | None = None) -> Iterator[Opening]:
    """Yield what the workloads of a namespace reach outside the cluster; None: of the platform's own."""
    for found in all_dependencies:
        if found.outside and found.source_namespace == namespace:
            yield Opening(Peer(cidrs=found.outside), (_open(found.port),))


def by_workload(all_dependencies: Iterable[Dependency]) -> dict[str, list[Dependency]]:
    """Return the dependencies that touch each workload, at either end."""
    found: dict[str, list[Dependency]] = {}
    for dependency in all_dependencies:
        for name in {dependency.source, dependency.target}:
            found.setdefault(name, []).append(dependency)
    return found


def derived_environment(name: str, catalogue: Catalogue, environment: Environment) -> dict[str, EnvironmentValue]:
    """Return the variables of a service: its own name and drain, and what it calls, uses, publishes and consumes."""
    service = catalogue.services[name]
    found = service_environment(name, catalogue.platform, catalogue.team_of(name), service, environment)
    for callee, call in service.calls.items():
        target = catalogue.services[callee]
        if (port := called_port(target, call)) is not None:
            address = target.service.name or callee
            # DNS of a headless Service leads straight to the Pods, where nobody translates port numbers.
            number = port[1].number if target.service.headless else port[1].service_port or port[1].number
            found[f"{variable_prefix(callee)}_ADDR"] = f"{address}:{number}"
    for used in service.uses:
        prefix = variable_prefix(used)
        if used in catalogue.external:
            found |= external_environment(prefix, catalogue.external[used], in_mesh=environment.mesh is not None)
        else:
            found |= store_environment(prefix, used, catalogue.stores[used], environment.stores[used])
    subjects = (*service.publishes, *service.consumes)
    if subjects and environment.broker:
        found |= broker_environment(environment.broker)
    for stream_name in dict.fromkeys(subject.split("/")[0] for subject in subjects):
        stream, prefix = catalogue.streams[stream_name], f"STREAM_{variable_prefix(stream_name)}"
        found |= {f"{prefix}_SUBJECTS": ",".join(stream.subjects), f"{prefix}_STORAGE": stream.storage}
        found |= {f"{prefix}_MAX_AGE": duration_text(stream.max_age)} if stream.max_age else {}
        found |= {f"{prefix}_MAX_BYTES": stream.max_bytes} if stream.max_bytes else {}
    for subject, consumer in service.consumes.items():
        prefix = f"CONSUMER_{variable_prefix(subject)}"
        found |= {
            f"{prefix}_SUBJECT": subject.split("/")[1],
            f"{prefix}_ACK_WAIT": duration_text(consumer.ack_wait),
            f"{prefix}_MAX_DELIVER": str(consumer.max_deliver),
        }
    return found


def connections(name: str, service: Service | None, touching: list[Dependency], edge_namespace: str) -> Connections:
    """Return what a workload's network policy opens: its dependencies, in both directions, and whoever is outside.

    ``touching`` holds those that have the workload at either end.
    """
    ingress = [
        Opening(pods_of(dependency.source, dependency.source_namespace), (_open(dependency.port),))
        for dependency in touching
        if dependency.target == name and not dependency.outside
    ]
    egress = [
        Opening(
            Peer(cidrs=dependency.outside)
            if dependency.outside
            else pods_of(dependency.target, dependency.target_namespace),
            (_open(dependency.port),),
        )
        for dependency in touching
        if dependency.source == name
    ]
    if service and service.edge:
        ingress.append(Opening(Peer(namespace=edge_namespace), (_open(service.ports[service.edge.port]),)))
    if service and service.service.type is not ServiceType.CLUSTER_IP:
        exposed = [port for part in service.every_container for port in part.ports.values() if port.exposed]
        ranges = service.service.source_ranges or EVERYWHERE
        ingress.append(Opening(Peer(cidrs=ranges), tuple(_open(port) for port in exposed)))
    return Connections(ingress=_merged(ingress), egress=_merged(egress))


def graph(catalogue: Catalogue, all_dependencies: list[Dependency]) -> Graph:
    """Return the service graph: every service, and what it depends on."""
    nodes = [Node(name, _kind(service)) for name, service in catalogue.services.items()]
    nodes += [Node(name, Kind.STORE) for name in catalogue.stores]
    nodes += [Node(name, Kind.EXTERNAL) for name in catalogue.external]
    nodes += [Node(name, Kind.STREAM) for name in catalogue.streams]
    nodes += [
        Node(host, Kind.EDGE)
        for host in dict.fromkeys(
            f"edge {service.edge.host}" for service in catalogue.services.values() if service.edge
        )
    ]
    edges = [
        GraphEdge(f"edge {service.edge.host}", name, ", ".join(service.edge.paths), optional=False)
        for name, service in catalogue.services.items()
        if service.edge
    ]
    for dependency in all_dependencies:
        stream, slash, subject = dependency.label.partition("/")
        if dependency.target == BROKER and slash:
            ends = (dependency.source, stream) if dependency.publishes else (stream, dependency.source)
            edges.append(GraphEdge(*ends, subject, optional=False))
        else:
            edges.append(
                GraphEdge(dependency.source, dependency.target, dependency.label, optional=not dependency.required)
            )
    return Graph(tuple(nodes), tuple(edges))


def _kind(service: Service) -> Kind:
    if service.kind.runs_to_completion:
        return Kind.JOB
    exposed = any(port.exposed for part in service.every_container for port in part.ports.values())
    return Kind.SERVICE if exposed else Kind.WORKER


def pods_of(name: str, namespace: str | None = None) -> Peer:
    """Return a workload's Pods, as the other side of a connection; those of another namespace by its name."""
    return Peer(pod_labels=tuple(identity.selector(name).items()), namespace=namespace)


def _open(port: Port) -> OpenPort:
    return OpenPort(port.number, Protocol(port.protocol))


def _merged(openings: list[Opening]) -> tuple[Opening, ...]:
    """Name each peer once, with all its ports."""
    ports: dict[Peer, dict[OpenPort, None]] = {}
    for opening in openings:
        ports.setdefault(opening.peer, {}).update(dict.fromkeys(opening.ports))
    return tuple(Opening(peer, tuple(found)) for peer, found in ports.items())
