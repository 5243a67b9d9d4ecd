"""The agents that read the logs of each node, in a namespace of their own: the platform's forbids a node's files."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from components.mesh.arguments import MeshArgs
from components.observability.arguments import ObservabilityArgs
from components.observability.log_agents.config import log_agent_config, measures_nodes
from components.observability.log_agents.fluent_bit import fluent_bit_config, fluent_bit_workload
from components.observability.log_agents.workload import SECRET, log_agent_workload, log_secret_keys
from components.observability.names import AGENTS, FLUENT_BIT, LOKI, OTEL_AGENT, PROMETHEUS
from components.quantities import byte_count, byte_text, millicores
from components.specs.mesh.settings import DataPlane
from components.specs.namespace import Quota
from components.specs.network import Connections, Opening, Peer
from components.specs.observability.logs import Logs
from components.specs.observability.settings import Program
from components.specs.ports import METRICS, Port
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Catalogue
from stacks.schema.cluster_connections import cluster_connections
from stacks.schema.dependencies import Dependency, by_workload, connections, pods_of, ways_out
from stacks.schema.environment import Environment
from stacks.schema.mesh import meshed_workload
from stacks.schema.mesh_network import WAYPOINT_PEER, meshed_connections, waypoint_connections
from stacks.schema.namespaces import namespace
from stacks.schema.observed_hosts import log_hosts
from stacks.schema.platform import NodeAgents, ResolvedSecret, ResolvedWorkload
from stacks.schema.quota import PROXY
from stacks.schema.scraping import TUNNEL, scraped_ports, scraper
from stacks.schema.tracing_dependencies import pushes_metrics

PROGRAMS: Final = {OTEL_AGENT: Program.COLLECTOR, FLUENT_BIT: Program.FLUENT_BIT}


def node_agent_spec(args: ObservabilityArgs) -> tuple[str, WorkloadSpec] | None:
    """Return the agents' workload with its name; None where logs stay on their nodes."""
    logs = args.settings.logs
    if logs is None:
        return None
    name = AGENTS[logs.agent]
    spec = (fluent_bit_workload if name == FLUENT_BIT else log_agent_workload)(args)
    return name, spec.model_copy(update={"image": args.settings.images.get(PROGRAMS[name], spec.image)})


def node_agents(
    catalogue: Catalogue,
    environment: Environment,
    args: ObservabilityArgs,
    specs: Mapping[str, WorkloadSpec],
) -> NodeAgents | None:
    """Return the agents and their namespace; None where logs stay on their nodes."""
    found, logs = node_agent_spec(args), args.settings.logs
    if found is None or logs is None:
        return None
    name, spec = found
    touching = by_workload(node_agent_dependencies(args, environment, specs))[name]
    mesh = _mesh(name, spec, catalogue, environment, logs, touching)
    keys = log_secret_keys(logs)
    return NodeAgents(
        namespace=namespace(logs.namespace, _quota(spec, environment, logs), {name: spec}, environment.mesh),
        workloads={
            name: ResolvedWorkload(
                spec=spec,
                team=catalogue.team_of(name),
                connections=_connections(name, spec, environment, touching, mesh),
                environment={},
                after=(),
            )
        },
        config_maps={name: (fluent_bit_config if name == FLUENT_BIT else log_agent_config)(args)},
        secrets={SECRET: ResolvedSecret(type="Opaque", keys=keys)} if keys else {},
        mesh=mesh,
        waypoint=waypoint_connections(
            mesh, ways_out(touching, logs.namespace), _seen_from_there(scraper(environment), environment)
        )
        if mesh
        else None,
    )


def node_agent_dependencies(
    args: ObservabilityArgs | None, environment: Environment, specs: Mapping[str, WorkloadSpec]
) -> Iterator[Dependency]:
    """Yield what agents depend on, and that Prometheus depends on them; nothing waits for either."""
    found = node_agent_spec(args) if args else None
    if args is None or found is None or args.settings.logs is None:
        return
    (name, spec), logs, here = found, args.settings.logs, environment.namespace
    if LOKI in specs:
        yield Dependency(
            name,
            LOKI,
            specs[LOKI].ports[METRICS],
            port_name=METRICS,
            required=False,
            source_namespace=logs.namespace,
            target_namespace=here,
        )
    for host in log_hosts(logs):
        yield Dependency(
            name,
            host.name,
            Port(number=host.port),
            outside=host.cidrs,
            required=False,
            source_namespace=logs.namespace,
        )
    if PROMETHEUS not in specs:
        return
    if name == OTEL_AGENT and measures_nodes(args):
        yield pushes_metrics(name, environment, specs, source_namespace=logs.namespace)
    for port_name, port in scraped_ports(spec, environment):
        yield Dependency(
            PROMETHEUS,
            name,
            port,
            port_name=port_name,
            required=False,
            direct=True,
            source_namespace=here,
            target_namespace=logs.namespace,
        )


def agents_peers(environment: Environment) -> tuple[Peer, ...]:
    """Return the agents' Pods as the platform's own see them: none where logs stay on their nodes."""
    logs = environment.observability.logs if environment.observability else None
    return (pods_of(AGENTS[logs.agent], logs.namespace),) if logs else ()


def _mesh(
    name: str,
    spec: WorkloadSpec,
    catalogue: Catalogue,
    environment: Environment,
    logs: Logs,
    touching: list[Dependency],
) -> MeshArgs | None:
    if environment.mesh is None:
        return None
    hosts = {host.name: host.in_the_mesh() for host in log_hosts(logs)}
    known_as = {host: host for host in hosts}
    return MeshArgs(
        settings=environment.mesh,
        namespace=logs.namespace,
        edge_namespace=environment.edge_namespace,
        part_of=catalogue.platform,
        workloads={name: meshed_workload(name, spec, catalogue, environment, touching, known_as)},
        external=hosts,
    )


def _connections(
    name: str, spec: WorkloadSpec, environment: Environment, touching: list[Dependency], mesh: MeshArgs | None
) -> Connections:
    opened = connections(name, None, touching, environment.edge_namespace)
    if mesh:
        opened = meshed_connections(opened, name, spec, mesh)
        if mesh.settings.data_plane is DataPlane.AMBIENT:
            # A Service of the platform's namespace is reached by that namespace's waypoint.
            waypoint = replace(WAYPOINT_PEER, namespace=environment.namespace)
            opened = replace(opened, egress=(*opened.egress, Opening(waypoint, (TUNNEL,))))
    cluster = cluster_connections(name, spec, environment)
    return Connections((*opened.ingress, *cluster.ingress), (*opened.egress, *cluster.egress))


def _seen_from_there(peer: Peer | None, environment: Environment) -> Peer | None:
    """Return Pods of the platform's own namespace, as those of another see them."""
    return replace(peer, namespace=peer.namespace or environment.namespace) if peer else None


def _quota(spec: WorkloadSpec, environment: Environment, logs: Logs) -> Quota:
    """Return room for an agent on each node, with the mesh's proxies: a node is drained before it is gone."""
    plane = environment.mesh.data_plane if environment.mesh else None
    beside = [PROXY] if plane is DataPlane.SIDECAR else []
    alone = [PROXY] if plane is DataPlane.AMBIENT else []
    each = [part.resources for part in spec.every_container] + beside
    cpu = logs.nodes * sum(millicores(one.cpu) for one in each) + sum(millicores(one.cpu) for one in alone)
    memory = logs.nodes * sum(byte_count(one.memory) for one in each) + sum(byte_count(one.memory) for one in alone)
    return Quota(cpu=f"{cpu}m", memory=byte_text(memory, binary=True), pods=logs.nodes + len(alone))
