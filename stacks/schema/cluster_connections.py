"""What workloads have to do with the cluster that they run on: its API server, its kubelets, its own Prometheus.

None of them is a workload of the platform, so no dependency leads to them.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from components.observability.custom_metrics.adapter import PORT as ADAPTER_PORT
from components.observability.names import PROMETHEUS, PROMETHEUS_ADAPTER
from components.specs.mesh.settings import DataPlane
from components.specs.network import Connections, Opening, OpenPort, Peer
from components.specs.workload import WorkloadSpec
from stacks.schema.dependencies import EVERYWHERE
from stacks.schema.environment import Environment
from stacks.schema.mesh_network import WAYPOINT_PEER
from stacks.schema.scraping import PROXY_METRICS, operator_openings

_KUBELET: Final = OpenPort(10250)
_API_SERVER: Final = OpenPort(443), OpenPort(6443)
"""Behind its Service it listens on either."""


def cluster_connections(name: str, spec: WorkloadSpec, environment: Environment) -> Connections:
    """Return the connections of a workload with the cluster itself."""
    ingress = [*operator_openings(spec, environment)]
    if name == PROMETHEUS_ADAPTER:
        ingress.append(Opening(Peer(cidrs=environment.api_server), (OpenPort(ADAPTER_PORT),)))
    return Connections(ingress=tuple(ingress), egress=tuple(_egress(name, spec, environment)))


def _egress(name: str, spec: WorkloadSpec, environment: Environment) -> Iterator[Opening]:
    if spec.uses_kubernetes_api:
        # The API server is no Pod: a policy can name only its addresses.
        yield Opening(Peer(cidrs=environment.api_server), _API_SERVER)
    if environment.observability is None:
        return
    metrics = environment.observability.metrics
    if name == PROMETHEUS and metrics.nodes:
        # Nodes are no Pods, and come and go.
        yield Opening(Peer(cidrs=EVERYWHERE), (_KUBELET,))
    if name == PROMETHEUS and environment.mesh:
        # Proxies that stand in Pods of their own: the edge's gateway, and the waypoint.
        yield Opening(Peer(namespace=environment.edge_namespace), (PROXY_METRICS,))
        if environment.mesh.data_plane is DataPlane.AMBIENT:
            yield Opening(WAYPOINT_PEER, (PROXY_METRICS,))
            if environment.observability.logs:
                away = replace(WAYPOINT_PEER, namespace=environment.observability.logs.namespace)
                yield Opening(away, (PROXY_METRICS,))
