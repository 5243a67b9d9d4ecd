"""What NetworkPolicies must open beside the declared connections, so that the mesh's own parts work.

A sidecar shares its Pod's network: connections stay as they are, and the proxies need istiod. In ambient mode Pods meet
in a tunnel on a port of its own, mostly by way of the waypoint. NetworkPolicies then say which Pods may meet; through
the waypoint, the mesh's own policies alone say who calls whom
(https://istio.io/latest/docs/ambient/usage/networkpolicy/).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from components.mesh.arguments import MeshArgs, MeshedWorkload
from components.mesh.names import WAYPOINT, edge_service_account
from components.specs.mesh.settings import DataPlane
from components.specs.network import Connections, Opening, OpenPort, Peer
from components.specs.ports import Protocol
from components.specs.workload import WorkloadSpec
from stacks.schema.dependencies import pods_of
from stacks.schema.scraping import PROXY_METRICS, TUNNEL

ISTIOD_PORT: Final = OpenPort(15012)
"""Where proxies get their configuration and certificates
(https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio)."""
PROBES: Final = Peer(cidrs=("169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"))
"""The kubelet's probes, which ambient mode gives these addresses, to tell them from other traffic of the node."""
WAYPOINT_LABELS: Final = {"gateway.networking.k8s.io/gateway-name": WAYPOINT}
"""What Istio puts on the Pods that it starts for a Gateway."""
WAYPOINT_PEER: Final = Peer(pod_labels=tuple(WAYPOINT_LABELS.items()))


def meshed_connections(connections: Connections, name: str, spec: WorkloadSpec, args: MeshArgs) -> Connections:
    """Return a workload's connections with those of the mesh."""
    workload = args.workloads[name]
    opened = (*connections.ingress, *_from_the_edge(workload, connections, args))
    if args.settings.data_plane is DataPlane.SIDECAR:
        return Connections(ingress=opened, egress=(*connections.egress, _istiod(args)))
    ingress = [*map(_tunnelled, opened)]
    if _is_behind_the_waypoint(workload):
        ingress.append(Opening(WAYPOINT_PEER, (TUNNEL,)))
    listens = [OpenPort(port.number, port.protocol) for part in spec.every_container for port in part.ports.values()]
    if listens:
        ingress.append(Opening(PROBES, tuple(listens)))
    egress = [*map(_tunnelled, connections.egress)]
    if _takes_the_waypoint(workload, args):
        egress.append(Opening(WAYPOINT_PEER, (TUNNEL,)))
    return Connections(ingress=tuple(ingress), egress=tuple(egress))


def waypoint_connections(
    args: MeshArgs, outside: Iterable[Opening], scraper: Peer | None = None, neighbours: Iterable[Peer] = ()
) -> Connections | None:
    """Return the waypoint's connections; None without one.

    ``outside`` is what workloads open to external hosts, ``scraper`` who collects its metrics, and ``neighbours`` are
    callers in other namespaces.
    """
    if args.settings.data_plane is DataPlane.SIDECAR:
        return None
    callers = [name for name, workload in args.workloads.items() if _takes_the_waypoint(workload, args)]
    called = [name for name, workload in args.workloads.items() if _is_behind_the_waypoint(workload)]
    return Connections(
        ingress=(
            *(Opening(pods_of(name), (TUNNEL,)) for name in callers),
            *(Opening(peer, (TUNNEL,)) for peer in neighbours),
            *((Opening(scraper, (PROXY_METRICS,)),) if scraper else ()),
        ),
        egress=(
            *(Opening(pods_of(name), (TUNNEL,)) for name in called),
            *dict.fromkeys(outside),
            _istiod(args),
        ),
    )


def _from_the_edge(workload: MeshedWorkload, connections: Connections, args: MeshArgs) -> Iterator[Opening]:
    """Yield what the edge's gateway calls beside the services that the catalogue offers there, which are open to it."""
    gateway = Peer(namespace=args.edge_namespace)
    account = edge_service_account(args), args.edge_namespace
    called = [caller.port for caller in workload.callers if (caller.service_account, caller.namespace) == account]
    if workload.edge:
        called.append(workload.edge.port)
    known = [port for opening in connections.ingress if opening.peer == gateway for port in opening.ports]
    ports = dict.fromkeys(OpenPort(workload.ports[name].number) for name in called)
    if missing := tuple(port for port in ports if port not in known):
        yield Opening(gateway, missing)


def _is_behind_the_waypoint(workload: MeshedWorkload) -> bool:
    return bool(workload.callers_by_service) and not workload.is_headless


def _takes_the_waypoint(workload: MeshedWorkload, args: MeshArgs) -> bool:
    return bool(workload.external) or not args.headless_services.issuperset(workload.calls)


def _tunnelled(opening: Opening) -> Opening:
    """Open the tunnel to the same Pods; addresses outside the cluster have none."""
    if opening.peer.cidrs or all(port.protocol is not Protocol.TCP for port in opening.ports):
        return opening
    return replace(opening, ports=(*opening.ports, TUNNEL))


def _istiod(args: MeshArgs) -> Opening:
    peer = Peer(namespace=args.settings.system_namespace, pod_labels=(("app", "istiod"),))
    return Opening(peer, (ISTIOD_PORT,))
