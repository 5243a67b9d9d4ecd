"""Everything that the tests of this folder look at, wired once.

Real: the five services under the load of customers; NATS, PostgreSQL and Redis with their exporters; a cluster's
objects with kube-state-metrics; Prometheus and Alertmanager of three platforms: without a mesh, with one of sidecars,
with one of a waypoint; and what carries the traces and logs of the last two. Played: the node (`played_node`), its
kubelet (`played_kubelet`) and the mesh's proxies (`played_mesh`). Not there: Grafana, the rate-limit service and the
adapter, for whose metrics nobody asks; test_adapter.py has the adapter.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Final

from components.manifests import Manifest
from components.mesh.names import WAYPOINT
from components.observability.names import AGENTS, exporter_name
from components.observability.prometheus.scrape_jobs import PROXY_PORT
from components.specs.ports import SCRAPE, SCRAPE_PATH, SCRAPE_PORT
from tests.integration.contracts.services import Shop
from tests.integration.observability import customers, pages, played_node, watched
from tests.integration.observability.customers import Customers
from tests.integration.observability.platforms import AMBIENT, MESHED, PLAIN, platform
from tests.integration.observability.played_kubelet import CADVISOR, KUBELET, cadvisor_page, kubelet_page
from tests.integration.observability.played_mesh import EDGE, edge_page, merged_page, waypoint_page
from tests.integration.observability.played_node import ADDRESS, Endpoint, PlayedCluster
from tests.integration.observability.troubles import show_troubles
from tests.integration.observability.watched import Redirect, Watched
from tests.integration.servers import webhook
from tests.integration.servers.exporters import Exporter
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.processes import LOOPBACK
from tests.integration.servers.webhook import Webhook

CANARY: Final = "users-canary"
"""The second Deployment of `users`, which the stack has."""
PROXY_PATH: Final = "/stats/prometheus"
EDGE_ADDRESS: Final = ".".join(map(str, (127, *(SystemRandom().randint(1, 254) for _ in range(3)))))
"""Of the edge's gateway, whose port is fixed: another one in each run, so that runs don't meet."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What runs."""

    shop: Shop
    customers: Customers
    cluster: PlayedCluster
    receiver: Webhook
    platforms: Mapping[str, Watched]
    """Namespace → what watches the platform in it."""

    @property
    def plain(self) -> Watched:
        """The platform without a mesh, whose objectives the services measure themselves."""
        return self.platforms[PLAIN]


@contextmanager
def running(
    folder: Path, shop: Shop, stores: Mapping[str, Exporter], broker: JetStream, cache: tuple[int, str]
) -> Generator[Observed]:
    """Start everything, with the customers, and wait until each target has been scraped; `cache`: port, password."""
    played: dict[str, pages.Page] = {}
    with ExitStack() as stack:
        services = {service.name: service for service in shop.started}
        endpoints = {one.name: Endpoint(port=one.ports["metrics"], path=one.metrics_path) for one in services.values()}
        canary = shop.start("users")
        endpoints[CANARY] = Endpoint(port=canary.ports["metrics"], path=canary.metrics_path)
        endpoints |= {exporter_name(name): Endpoint(port=exporter.port) for name, exporter in stores.items()}
        buyers = Customers(users=services["users"], gateway=services["gateway"], broker=broker, cache=cache)
        stack.enter_context(customers.coming(buyers))
        port = stack.enter_context(pages.serving(played))
        cluster = stack.enter_context(played_node.running(folder))
        receiver = stack.enter_context(webhook.running())
        found = {}
        redirects = {PLAIN: _as_it_is, MESHED: _through_proxies(played, port), AMBIENT: _as_it_is}
        for namespace, redirect in redirects.items():
            here = folder / namespace
            found[namespace] = stack.enter_context(
                watched.running(here, platform(namespace), cluster, endpoints, receiver, redirect)
            )
            show_troubles(cluster, namespace)
        args = found[MESHED].args
        stack.enter_context(pages.serving({PROXY_PATH: edge_page(args)}, EDGE_ADDRESS, PROXY_PORT))
        cluster.run(_proxy_pod(EDGE, args.edge_namespace, Endpoint(port=PROXY_PORT, path=PROXY_PATH), EDGE_ADDRESS))
        played["/waypoint"] = waypoint_page(found[AMBIENT].args)
        cluster.run(_proxy_pod(WAYPOINT, AMBIENT, Endpoint(port=port, path="/waypoint"), LOOPBACK))
        pods = [pod for namespace in found for pod in cluster.pods(namespace)]
        played |= {KUBELET: kubelet_page(pods), CADVISOR: cadvisor_page(pods)}
        cluster.serve_kubelet(port)
        cluster.rest()
        for one in found.values():
            one.prometheus.until_scraped()
        yield Observed(shop=shop, customers=buyers, cluster=cluster, receiver=receiver, platforms=found)


def _proxy_pod(name: str, namespace: str, endpoint: Endpoint, address: str) -> Manifest:
    """A gateway's or waypoint's Pod, as Istio starts it for a Gateway: it has no workload of the platform's."""
    annotations = {SCRAPE: "true", SCRAPE_PORT: str(endpoint.port), SCRAPE_PATH: endpoint.path, ADDRESS: address}
    labels = {"gateway.networking.k8s.io/gateway-name": name}
    security = {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations, "labels": labels},
        "spec": {"containers": [{"name": "istio-proxy", "image": "istio/proxyv2", "securityContext": security}]},
    }


def _as_it_is(_: str, endpoint: Endpoint) -> Endpoint:
    return endpoint


def _through_proxies(played: dict[str, pages.Page], port: int) -> Redirect:
    """Let each workload's metrics come from its proxy, which adds its own."""
    args = platform(MESHED).observability
    assert args is not None, "the meshed platform is watched"

    def redirect(name: str, endpoint: Endpoint) -> Endpoint:
        if name in AGENTS.values():
            return endpoint  # on the nodes, where nobody calls them
        own = f"http://{LOOPBACK}:{endpoint.port}{endpoint.path}"
        path = f"/stats/prometheus/{name}"
        played[path] = merged_page(args, "users" if name == CANARY else name, own)
        return Endpoint(port=port, path=path)

    return redirect
