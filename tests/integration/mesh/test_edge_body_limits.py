"""Body limits of the edge at a real Envoy.

The filters and the routes' settings are those of the EnvoyFilters, unchanged, as istiod hands them on, and the routes
are the edge's own. So this proves what they do to requests. It does not prove that istiod finds the routes by name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx2
import pytest

from components.manifests import Manifest
from components.mesh.arguments import EdgeRoute, MeshArgs
from components.mesh.edge import edge_objects
from components.mesh.service_routing import ServiceRouting
from components.specs.mesh.edge import EdgePolicy
from components.specs.mesh.resilience import Resilience
from tests.components.mesh.routed import ISTIO, at
from tests.components.mesh.whole_shop import EDGE, shop, users
from tests.integration.mesh.envoy import Envoy, listener, running
from tests.integration.mesh.servers import Server, called, grpc_server, http_server
from tests.integration.mesh.translation.clusters import clusters
from tests.integration.mesh.translation.fields import Config
from tests.integration.mesh.translation.filters import merged, patched
from tests.integration.mesh.translation.routes import route_configuration

pytestmark = pytest.mark.integration

HOST, OTHER_HOST = "shop.example.com", "bank.example.com"
KI, MI = 1 << 10, 1 << 20
CONTRACT = "shop.users.v1.UserService"


def platforms() -> Iterator[MeshArgs]:
    """Two platforms behind one gateway: limits of several sizes, and gRPC, which has none."""
    grpc = EdgeRoute(host=HOST, paths=(f"/{CONTRACT}",), port="grpc", policy=EdgePolicy())
    yield shop(
        at("/api", name="gateway"),
        at("/small", name="small", policy={"max-body": "2Ki"}),
        at("/upload", name="upload", policy={"max-body": "3Mi"}),
        users(edge=grpc, resilience=Resilience()),
        mesh=ISTIO,
    )
    other = shop(at("/api", name="gateway", host=OTHER_HOST, policy={"max-body": "4Ki"}), mesh=ISTIO)
    yield dataclasses.replace(other, namespace="bank", part_of="bank")


@dataclass(frozen=True)
class Edge:
    """The gateway of both platforms, and the servers behind it."""

    envoy: Envoy
    client: httpx2.Client
    servers: list[Server]

    def status(self, path: str, content: bytes | Iterator[bytes], host: str = HOST) -> int:
        """Send a body; return the answer's status."""
        return self.client.post(path, content=content, headers={"host": host}).status_code

    def asked(self) -> list[str]:
        """Return the paths of the requests that reached a server since the last question."""
        found = [asked.path for server in self.servers for asked in server.asked]
        for server in self.servers:
            server.forget()
        return found


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Generator[Edge]:
    both = list(platforms())
    filters = [body for args in both for body in edge_objects(args) if body["kind"] == "EnvoyFilter"]
    assert len(filters) == 2, "each platform brings its own"
    hosts = [_virtual_host(args, filters) for args in both]
    servers: list[Server] = []
    upstream: list[Config] = []
    with ExitStack() as stack:
        for args in both:
            for name, workload in args.workloads.items():
                protocol, port = next(iter(workload.ports.items()))
                serving = grpc_server if protocol == "grpc" else http_server
                servers.append(stack.enter_context(serving(name)))
                where = {"": [servers[-1].port]}
                upstream += clusters(_rule(args, name), port.service_port, where, http2=protocol == "grpc")
        gateway = listener("edge", {"virtual_hosts": hosts}, filters=patched([], filters, "GATEWAY"))
        envoy = stack.enter_context(running(tmp_path_factory.mktemp("envoy"), [gateway], upstream))
        yield Edge(envoy, stack.enter_context(envoy.client("edge")), servers)


def _virtual_host(args: MeshArgs, filters: list[Manifest]) -> Config:
    """The routes of a platform's one host, with the limits that all filters together give them."""
    (routes,) = (body for body in edge_objects(args) if body["kind"] == "VirtualService")
    (host,) = routes["spec"]["hosts"]
    # Its services are all balanced alike, so that any of their rules will do.
    translated = route_configuration(routes, _rule(args, "gateway"), 80, domains=(host, f"{host}:*"))
    (found,) = merged(translated, filters, f"{EDGE}/{args.part_of}")["virtual_hosts"]
    return {**found, "name": host}


def _rule(args: MeshArgs, name: str) -> Manifest:
    (rule,) = (body for body in ServiceRouting.manifests(name, args) if body["kind"] == "DestinationRule")
    return rule


LIMITS = [(HOST, "/api/x", MI), (HOST, "/small", 2 * KI), (HOST, "/upload", 3 * MI), (OTHER_HOST, "/api", 4 * KI)]


@pytest.mark.parametrize(("host", "path", "limit"), LIMITS)
def test_a_body_passes_up_to_its_routes_limit_and_is_refused_above(
    edge: Edge, host: str, path: str, limit: int
) -> None:
    assert edge.status(path, b"x" * limit, host) == 200
    assert edge.asked() == [path]
    assert edge.status(path, b"x" * (limit + 1), host) == 413
    assert edge.asked() == [], "the service is not asked to judge what is too large"


@pytest.mark.parametrize(("host", "path", "limit"), LIMITS)
def test_a_body_whose_length_nobody_says_is_counted_as_it_comes(edge: Edge, host: str, path: str, limit: int) -> None:
    half = b"x" * (limit // 2)
    assert edge.status(path, iter((half, half)), host) == 200
    assert edge.status(path, iter((half, half, b"x")), host) == 413
    assert edge.asked() == [path]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE"])
def test_methods_that_may_be_sent_again_have_the_same_limit(edge: Edge, method: str) -> None:
    """They have a route of their own."""
    for size, status in ((2 * KI, 200), (2 * KI + 1, 413)):
        assert edge.client.request(method, "/small", content=b"x" * size, headers={"host": HOST}).status_code == status


def test_a_request_without_a_body_passes_everywhere(edge: Edge) -> None:
    for host, path, _ in LIMITS:
        assert edge.client.get(path, headers={"host": host}).status_code == 200


def test_grpc_has_no_limit_at_the_edge(edge: Edge) -> None:
    """Its server's own limit of 4 MiB for a message is the only one; the filter's default is a single byte."""
    port = edge.envoy.port("edge")
    edge.asked()
    found = called(port, f"/{CONTRACT}/GetUser", message=b"x" * (3 * MI + KI), host=HOST)
    assert found == ("OK", "users")
    assert edge.asked() == [f"/{CONTRACT}/GetUser"]
