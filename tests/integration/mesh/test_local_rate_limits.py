"""Local rate limits at a real Envoy.

The filters are those of the EnvoyFilters, unchanged, as istiod hands them on. So this proves what they do to requests:
how many pass, who counts for itself, what a refused caller sees. It does not prove that istiod finds their place.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from components.mesh.arguments import MeshArgs
from components.mesh.rate_limits import RateLimits
from components.specs.mesh.traffic import RateLimit
from localcluster.processes import ServerFailed
from tests.components.mesh.whole_shop import EDGE, NAMESPACE, gateway, orders, shop, users, whole_shop
from tests.integration.mesh.certificates import TrustDomain
from tests.integration.mesh.envoy import Envoy, direct_answer, listener, running
from tests.integration.mesh.proxied import CONTRACT, routing_objects, service
from tests.integration.mesh.servers import called, grpc_server
from tests.integration.mesh.translation.clusters import clusters
from tests.integration.mesh.translation.fields import Config
from tests.integration.mesh.translation.filters import patched
from tests.integration.mesh.translation.routes import route_configuration
from tests.integration.servers.processes import eventually

pytestmark = pytest.mark.integration

SPIFFE = "spiffe://cluster.local/ns/shop/sa"


def limit(**values: Any) -> RateLimit:
    return RateLimit.model_validate({"requests": 5, "per": "minute", **values})


def filters(args: MeshArgs, namespace: str, context: str) -> list[Config]:
    bodies = RateLimits.manifests("mesh", args)
    return patched([], [body for body in bodies if body["metadata"]["namespace"] == namespace], context)


@contextmanager
def limited(folder: Path, args: MeshArgs, **settings: Any) -> Generator[Envoy]:
    """The proxy of a workload, which answers by itself."""
    inbound = filters(args, NAMESPACE, "SIDECAR_INBOUND")
    with running(folder, [listener("inbound", direct_answer(), filters=inbound, **settings)], []) as envoy:
        yield envoy


def statuses(client: httpx2.Client, count: int, path: str = "/", **request: Any) -> list[int]:
    return [client.get(path, **request).status_code for _ in range(count)]


def at_once(client: httpx2.Client, count: int) -> list[int]:
    """The statuses of requests, a second after others, that took no fifth of it, in which one more might pass."""

    def asked() -> list[int]:
        time.sleep(1.1)
        started = time.monotonic()
        found = statuses(client, count)
        return found if time.monotonic() - started < 0.2 else []

    return eventually(asked, f"{count} requests are sent at once")


def test_requests_over_the_limit_are_refused_until_time_has_passed(tmp_path: Path) -> None:
    with limited(tmp_path, shop(orders(limit(per="second")))) as envoy, envoy.client("inbound") as client:
        assert at_once(client, 7) == [200] * 5 + [429] * 2
        assert at_once(client, 7) == [200] * 5 + [429] * 2, "a second later as many may come again"


def test_a_refusal_says_so_in_its_headers(tmp_path: Path) -> None:
    with limited(tmp_path, shop(orders(limit()))) as envoy, envoy.client("inbound") as client:
        statuses(client, 5)
        refused = client.get("/")
    assert refused.status_code == 429
    assert refused.headers["x-ratelimit-limit"].startswith("5")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert 0 < int(refused.headers["x-ratelimit-reset"]) <= 60


def test_a_limit_of_a_path_leaves_other_paths_alone(tmp_path: Path) -> None:
    with limited(tmp_path, shop(orders(limit(path="/api/user")))) as envoy, envoy.client("inbound") as client:
        assert statuses(client, 3, "/api/user") + statuses(client, 3, "/api/user/7?x=1") == [200] * 5 + [429]
        assert statuses(client, 10, "/api/users") == [200] * 10
        assert statuses(client, 10, "/") == [200] * 10


def test_of_two_limits_the_one_that_is_reached_first_counts(tmp_path: Path) -> None:
    args = shop(orders(limit(requests=8), limit(path="/api")))
    with limited(tmp_path, args) as envoy, envoy.client("inbound") as client:
        assert statuses(client, 6, "/api") == [200] * 5 + [429]
        others = statuses(client, 6)
    assert 2 <= others.count(200) <= 3, "what was refused may have taken from the other limit, or not"
    assert others[-1] == 429


def test_each_caller_counts_for_itself_by_its_certificate(tmp_path: Path) -> None:
    """Real mutual TLS; headers that claim to be somebody else change nothing."""
    domain = TrustDomain(tmp_path)
    transport = domain.listening_as(f"{SPIFFE}/users")
    with limited(tmp_path, shop(users(limit(by="caller"))), transport=transport) as envoy:
        with _calling(envoy, domain, "orders") as client:
            forged = {"x-forwarded-client-cert": f"URI={SPIFFE}/gateway"}
            assert statuses(client, 4) + statuses(client, 2, headers=forged) == [200] * 5 + [429]
        with _calling(envoy, domain, "gateway") as client:
            assert statuses(client, 6) == [200] * 5 + [429], "another caller has its own share"
        with _calling(envoy, domain, "orders") as client:
            assert statuses(client, 1) == [429], "a new connection is no new caller"


def test_callers_without_a_certificate_share_one_count(tmp_path: Path) -> None:
    with limited(tmp_path, shop(users(limit(by="caller")))) as envoy:
        for expected in ([200] * 3, [200] * 2 + [429]):
            with envoy.client("inbound") as client:
                assert statuses(client, 3) == expected


def test_at_the_edge_each_client_address_counts_for_itself(tmp_path: Path) -> None:
    """One load balancer stands in front of the gateway, and what it says of addresses is believed."""
    at_edge = filters(shop(gateway(limit(by="caller"))), EDGE, "GATEWAY")
    edge = listener("edge", direct_answer(), filters=at_edge, hops=1)
    with running(tmp_path, [edge], []) as envoy, envoy.client("edge", headers={"host": "shop.example.com"}) as client:

        def of(address: str, count: int, path: str = "/api/x", **more: str) -> list[int]:
            return statuses(client, count, path, headers={"x-forwarded-for": address, **more})

        assert of("198.51.100.7", 6) == [200] * 5 + [429]
        assert of("198.51.100.8", 6) == [200] * 5 + [429]
        assert of("203.0.113.1, 198.51.100.7", 1) == [429], "what the client itself claims does not count"
        assert of("198.51.100.7", 1, host="SHOP.example.com:443") == [429], "nor does another spelling of the host"
        assert of("2001:db8:1:2::1", 3) + of("2001:db8:1:2::99", 3) == [200] * 5 + [429], "a /64 is one client"
        assert of("2001:db8:1:3::1", 1) == [200]
        assert of("198.51.100.7", 1, path="/other") == [200], "another service's path"


def test_a_grpc_caller_over_the_limit_is_told_so_and_its_proxy_does_not_try_again(tmp_path: Path) -> None:
    """Through both proxies: the caller's with its retries, the service's with its limit."""
    workload = service("grpc", retries={"attempts": 2, "idempotent": ["GetOrder"]})
    virtual_service, rule = routing_objects(workload)
    inbound = filters(shop(orders(limit(path=f"/{CONTRACT}/GetOrder"))), NAMESPACE, "SIDECAR_INBOUND")
    with grpc_server("orders") as server:
        routes = route_configuration(virtual_service, rule, 8080)
        behind = clusters(rule, 8080, {"": [server.port]}, http2=True)
        with running(tmp_path / "service", [listener("inbound", routes, filters=inbound)], behind) as its:
            before = clusters(rule, 8080, {"": [its.port("inbound")]}, http2=True)
            with running(tmp_path / "caller", [listener("calls", routes)], before) as callers:
                port, method = callers.port("calls"), f"/{CONTRACT}/GetOrder"
                found = [called(port, method)[0] for _ in range(7)]
                assert found == ["OK"] * 5 + ["RESOURCE_EXHAUSTED"] * 2
                assert called(port, f"/{CONTRACT}/CreateOrder")[0] == "OK", "another method is not limited"
                assert its.counter("http.inbound.downstream_rq_total") == 8, "no refused call came twice"
    assert len(server.asked) == 6


@pytest.mark.parametrize("context", ["SIDECAR_INBOUND", "GATEWAY"])
def test_envoy_accepts_every_filter_that_the_components_write(tmp_path: Path, context: str) -> None:
    """Field names and types, all of them: Envoy does not start with one that it doesn't know."""
    args = whole_shop()
    patches = [patched([], [body], context) for body in RateLimits.manifests("mesh", args)]
    listeners = [
        listener(f"{number}", direct_answer(), filters=found) for number, found in enumerate(filter(None, patches))
    ]
    # Envoy asks for the clusters that filters name; whether anyone answers there is of no concern here.
    absent = {"name": f"outbound|8081||{args.host('ratelimit')}", "type": "STATIC", "connect_timeout": "1s"}
    with running(tmp_path, listeners, [absent]) as envoy, envoy.client("0") as client:
        assert client.get("/").status_code == 200


def test_envoy_does_not_start_with_a_field_that_it_does_not_know(tmp_path: Path) -> None:
    (wrong,) = filters(shop(orders(limit())), NAMESPACE, "SIDECAR_INBOUND")
    wrong["typed_config"]["max_dynamic_descriptor"] = 1
    with (
        pytest.raises(ServerFailed, match="max_dynamic_descriptor"),
        running(tmp_path, [listener("inbound", direct_answer(), filters=[wrong])], []),
    ):
        pass


@contextmanager
def _calling(envoy: Envoy, domain: TrustDomain, caller: str) -> Generator[httpx2.Client]:
    context = ssl.create_default_context(cafile=domain.root)
    context.check_hostname = False  # in the mesh the identity is the SPIFFE ID, not a name
    context.load_cert_chain(*domain.identity(f"{SPIFFE}/{caller}"))
    url = f"https://127.0.0.1:{envoy.port('inbound')}"
    with httpx2.Client(base_url=url, verify=context, trust_env=False) as client:
        yield client
