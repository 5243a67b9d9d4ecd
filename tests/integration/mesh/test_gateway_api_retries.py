"""Which requests are sent again where routes are those of the Gateway API, counted at real servers behind a real Envoy.

What this proves: with what istiod makes of an HTTPRoute, Envoy sends nothing again that may have been served and may
not be sent twice. What it does not: that istiod makes this of it. The translation is a test's, after istiod's source.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from components.manifests import Manifest
from components.mesh.arguments import MeshedWorkload
from components.mesh.routing import service_routing_objects
from tests.components.mesh.routed import GATEWAY_API
from tests.components.mesh.whole_shop import shop
from tests.integration.mesh.envoy import Envoy
from tests.integration.mesh.proxied import CONTRACT, running_caller, service
from tests.integration.mesh.servers import Server, called, grpc_server, http_server, nobody
from tests.integration.mesh.translation.http_routes import virtual_service

pytestmark = pytest.mark.integration

NEVER_OUT = {"consecutive-errors": 1000}
"""No server is put out here: that has tests of its own."""
GRPC = {"attempts": 2, "idempotent": ["GetOrder"]}


def resilient(protocol: str = "http", **resilience: Any) -> MeshedWorkload:
    told: dict[str, Any] = {"retries": {"attempts": 2}, "outlier-detection": NEVER_OUT} | resilience
    return service(protocol, **told)


@contextmanager
def proxied(
    folder: Path,
    workload: MeshedWorkload,
    *servers: Server,
    changed: Callable[[Manifest], object] | None = None,
) -> Generator[Envoy]:
    """Run the proxy of a caller, its HTTPRoute changed first."""
    args = shop(workload, mesh=GATEWAY_API)
    made = {body["kind"]: copy.deepcopy(body) for body in service_routing_objects(workload.name, args)}
    if changed is not None:
        changed(made["HTTPRoute"])
    translated = virtual_service(made["HTTPRoute"], args.host("orders"))
    with running_caller(folder, workload, translated, made["DestinationRule"], {"": servers}) as envoy:
        yield envoy


@pytest.mark.parametrize(
    ("method", "status", "tries"),
    [("GET", 503, 3), ("PUT", 502, 3), ("DELETE", 504, 3), ("GET", 500, 1), ("POST", 503, 1), ("PATCH", 503, 1)],
)
def test_only_what_may_be_sent_twice_is_sent_again(tmp_path: Path, method: str, status: int, tries: int) -> None:
    with (
        http_server("orders", status=status) as server,
        proxied(tmp_path, resilient(), server) as envoy,
        envoy.client("calls") as client,
    ):
        assert client.request(method, "/").status_code == status, "the last answer is the caller's"
    assert len(server.asked) == tries, f"{method} answered with {status}"


@pytest.mark.parametrize(("method", "tries"), [("GetOrder", 3), ("CreateOrder", 1)])
@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
def test_only_the_grpc_methods_that_are_named_are_sent_again(
    tmp_path: Path, method: str, tries: int, code: grpc.StatusCode
) -> None:
    with (
        grpc_server("orders", code=code) as server,
        proxied(tmp_path, resilient("grpc", retries=GRPC), server) as envoy,
    ):
        assert called(envoy.port("calls"), f"/{CONTRACT}/{method}")[0] == code.name
    assert len(server.asked) == tries


@pytest.mark.parametrize("retry", [None, {"attempts": 2}], ids=["nothing said", "attempts without codes"])
def test_what_else_a_route_could_say_would_send_an_order_three_times(tmp_path: Path, retry: Any) -> None:
    """Why methods that may not be sent twice have ``attempts: 0``: istiod would retry UNAVAILABLE."""

    def changed(route: Manifest) -> None:
        for rule in route["spec"]["rules"]:
            if rule["retry"] == {"attempts": 0}:
                del rule["retry"]
                rule.update({} if retry is None else {"retry": retry})

    with (
        grpc_server("orders", code=grpc.StatusCode.UNAVAILABLE) as server,
        proxied(tmp_path, resilient("grpc", retries=GRPC), server, changed=changed) as envoy,
    ):
        called(envoy.port("calls"), f"/{CONTRACT}/CreateOrder")
    assert len(server.asked) == 3


def test_a_post_is_sent_again_where_the_service_has_seen_nothing_of_it(tmp_path: Path) -> None:
    with (
        nobody() as unreachable,
        http_server("orders") as server,
        proxied(tmp_path, resilient(), unreachable, server) as envoy,
        envoy.client("calls") as client,
    ):
        assert [client.post("/").status_code for _ in range(20)] == [200] * 20
    assert len(server.asked) == 20, "each one arrived once"


def test_a_try_that_ran_out_of_time_is_the_last_one(tmp_path: Path) -> None:
    """Where this API is weaker than Istio's own, and yet ends in time."""
    with (
        http_server("orders", delay=5) as server,
        proxied(tmp_path, resilient(timeout="900ms"), server) as envoy,
        envoy.client("calls") as client,
    ):
        started = time.monotonic()
        assert client.get("/").status_code == 504
        took = time.monotonic() - started
    assert len(server.asked) == 1
    assert 0.25 <= took <= 0.8, f"the deadline of a try is 0.3 s, and it took {took}"


def test_a_request_that_is_not_sent_again_has_the_whole_timeout(tmp_path: Path) -> None:
    with (
        http_server("orders", delay=0.5) as server,
        proxied(tmp_path, resilient(timeout="900ms"), server) as envoy,
        envoy.client("calls") as client,
    ):
        assert client.post("/").status_code == 200, "no deadline of a try cuts it off after 0.3 s"
