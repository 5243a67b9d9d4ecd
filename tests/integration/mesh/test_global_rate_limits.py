"""Global rate limits: real proxies, the real rate-limit service with the generated settings, and a real Redis.

What this proves: filters, service and ConfigMap agree on what is counted, and several proxies share one count. What it
does not: the service's Pods (its image comes from a registry that these tests don't ask), and istiod's part.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from components.mesh.arguments import MeshArgs
from components.mesh.rate_limit_service import SERVICE, rate_limit_config, rate_limit_workload
from components.mesh.rate_limits import RateLimits
from components.specs.mesh.traffic import RateLimit
from tests.components.mesh.whole_shop import EDGE, NAMESPACE, gateway, orders, shop, users
from tests.integration.mesh.envoy import Envoy, listener, running
from tests.integration.mesh.rate_limit_servers import COMMIT, RATE_LIMIT, rate_limit_service
from tests.integration.mesh.servers import http_server
from tests.integration.mesh.translation.fields import Config, type_url
from tests.integration.mesh.translation.filters import patched
from tests.integration.servers import redis

pytestmark = pytest.mark.integration


BEHIND = "inbound"
ROUTES: Config = {
    "virtual_hosts": [
        {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": BEHIND}}]}
    ]
}
"""To a real server: Envoy asks the rate-limit service only about requests that go on to one."""


def limit(**values: Any) -> RateLimit:
    return RateLimit.model_validate({"requests": 5, "per": "hour", "scope": "global", **values})


@contextmanager
def counted(folder: Path, args: MeshArgs, **proxies: Config) -> Generator[list[Envoy]]:
    """Proxies with these listeners that share the rate-limit service of the mesh."""
    with ExitStack() as stack:
        for name in ("redis", "service"):
            (folder / name).mkdir()
        port, password = stack.enter_context(redis.running(folder / "redis"))
        spec = rate_limit_workload(store="cache", host="127.0.0.1", port=port)
        service = rate_limit_service(folder / "service", spec, rate_limit_config(args), password)
        grpc_port, http_port = stack.enter_context(service)
        healthy = httpx2.get(f"http://127.0.0.1:{http_port}/healthcheck", trust_env=False)
        assert healthy.status_code == 200, "what the readiness probe asks"
        server = stack.enter_context(http_server("limited"))
        upstream = [
            _cluster(_service(args), grpc_port, http2=True),
            _cluster(BEHIND, server.port),
        ]
        yield [stack.enter_context(running(folder / name, [proxy], upstream)) for name, proxy in proxies.items()]


def inbound(args: MeshArgs) -> Config:
    bodies = [body for body in RateLimits.manifests("mesh", args) if body["metadata"]["namespace"] == NAMESPACE]
    return listener("in", ROUTES, filters=patched([], bodies, "SIDECAR_INBOUND"))


def statuses(envoy: Envoy, count: int, path: str = "/", **headers: str) -> list[int]:
    with envoy.client("in") as client:
        return [client.get(path, headers=headers).status_code for _ in range(count)]


def test_all_pods_of_a_service_share_one_count(tmp_path: Path) -> None:
    args = shop(orders(limit(), limit(requests=2, path="/api")))
    with counted(tmp_path, args, first=inbound(args), second=inbound(args)) as (first, second):
        assert statuses(first, 3, "/api/x") == [200, 200, 429], "a path with a limit of its own"
        found = statuses(first, 3) + statuses(second, 3)
        assert found.count(200) <= 3, "three of five were counted before, on either proxy"
        assert statuses(second, 1) == [429]


def test_callers_in_plain_text_share_one_count_over_all_pods(tmp_path: Path) -> None:
    args = shop(users(limit(by="caller")))
    with counted(tmp_path, args, first=inbound(args), second=inbound(args)) as (first, second):
        assert statuses(first, 3) + statuses(second, 3) == [200] * 5 + [429]


def test_each_client_address_counts_for_itself_at_the_edge(tmp_path: Path) -> None:
    args = shop(gateway(limit(by="caller")))
    bodies = [body for body in RateLimits.manifests("mesh", args) if body["metadata"]["namespace"] == EDGE]
    edge = listener("in", ROUTES, filters=patched([], bodies, "GATEWAY"), hops=1)
    with counted(tmp_path, args, edge=edge) as (envoy,):
        for address in ("198.51.100.7", "198.51.100.8"):
            asked = {"host": "shop.example.com", "x-forwarded-for": address}
            assert statuses(envoy, 6, "/api/x", **asked) == [200] * 5 + [429]


def test_without_the_rate_limit_service_requests_pass_and_soon(tmp_path: Path) -> None:
    """Nobody listens at the service's port. What its proxy counts by itself goes on counting."""
    args = shop(orders(limit(requests=1), limit(requests=5, scope="local")))
    with http_server("limited") as server, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        upstream = [_cluster(_service(args), nobody.getsockname()[1], http2=True), _cluster(BEHIND, server.port)]
        with running(tmp_path, [inbound(args)], upstream) as envoy:
            started = time.monotonic()
            assert statuses(envoy, 6) == [200] * 5 + [429]
            assert time.monotonic() - started < 2
            assert envoy.counter(f"cluster.{BEHIND}.ratelimit.error") == 5, "each one was asked about"
    assert len(server.asked) == 5


def test_the_service_that_is_tested_is_the_one_whose_image_is_pinned() -> None:
    (required,) = (
        line for line in (RATE_LIMIT.module / "go.mod").read_text().splitlines() if "envoyproxy/ratelimit v" in line
    )
    assert required.split()[1].rpartition("-")[2].startswith(COMMIT)


def _service(args: MeshArgs) -> str:
    """The cluster that istiod makes of the rate-limit service's Service."""
    return f"outbound|8081||{args.host(SERVICE)}"


def _cluster(name: str, port: int, *, http2: bool = False) -> Config:
    """A cluster of one server on loopback, without mutual TLS."""
    options = "extensions.upstreams.http.v3.HttpProtocolOptions"
    spoken = {"http2_protocol_options" if http2 else "http_protocol_options": {}}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
        "typed_extension_protocol_options": {
            f"envoy.{options}": {"@type": type_url(options), "explicit_http_config": spoken}
        },
    }
