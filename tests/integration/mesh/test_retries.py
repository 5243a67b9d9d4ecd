"""Which requests are sent again, how often and how long, counted at real servers behind a real Envoy.

What this proves: Envoy, with the conditions and deadlines that the components write, sends again exactly what may be
sent again, and ends in time. What it does not: that istiod hands these numbers on. The translation is a test's.
"""

from __future__ import annotations

import time
from pathlib import Path

import grpc
import pytest

from tests.integration.mesh.proxied import CONTRACT, proxied, service
from tests.integration.mesh.servers import called, grpc_server, http_server, nobody

pytestmark = pytest.mark.integration

NEVER_OUT = {"consecutive-errors": 1000}
"""No server is put out here: that has tests of its own."""
SLACK = 0.4
"""Seconds that a busy machine may add."""


@pytest.mark.parametrize(
    ("method", "status", "tries"),
    [
        ("GET", 503, 3),
        ("PUT", 502, 3),
        ("DELETE", 504, 3),
        ("GET", 500, 1),
        ("GET", 404, 1),
        ("POST", 503, 1),
        ("PATCH", 503, 1),
    ],
)
def test_only_what_may_be_sent_twice_is_sent_again(tmp_path: Path, method: str, status: int, tries: int) -> None:
    workload = service(retries={"attempts": 2}, **{"outlier-detection": NEVER_OUT})
    with (
        http_server("orders", status=status) as server,
        proxied(tmp_path, workload, {"": [server]}) as envoy,
        envoy.client("calls") as client,
    ):
        assert client.request(method, "/").status_code == status, "the last answer is the caller's"
    assert len(server.asked) == tries, f"{method} answered with {status}"


def test_a_caller_that_wants_no_retries_gets_none(tmp_path: Path) -> None:
    workload = service(retries={"attempts": 0}, **{"outlier-detection": NEVER_OUT})
    with (
        http_server("orders", status=503) as server,
        proxied(tmp_path, workload, {"": [server]}) as envoy,
        envoy.client("calls") as client,
    ):
        client.get("/")
    assert len(server.asked) == 1


@pytest.mark.parametrize(("method", "tries"), [("GetOrder", 3), ("CreateOrder", 1)])
@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE])
def test_only_the_grpc_methods_that_are_named_are_sent_again(
    tmp_path: Path, method: str, tries: int, code: grpc.StatusCode
) -> None:
    workload = service("grpc", retries={"attempts": 2, "idempotent": ["GetOrder"]}, **{"outlier-detection": NEVER_OUT})
    with grpc_server("orders", code=code) as server, proxied(tmp_path, workload, {"": [server]}) as envoy:
        assert called(envoy.port("calls"), f"/{CONTRACT}/{method}")[0] == code.name
    assert len(server.asked) == tries


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_grpc_answer_that_another_try_would_not_change_is_final(tmp_path: Path, code: grpc.StatusCode) -> None:
    workload = service("grpc", retries={"attempts": 2, "idempotent": ["GetOrder"]}, **{"outlier-detection": NEVER_OUT})
    with grpc_server("orders", code=code) as server, proxied(tmp_path, workload, {"": [server]}) as envoy:
        assert called(envoy.port("calls"), f"/{CONTRACT}/GetOrder")[0] == code.name
    assert len(server.asked) == 1


def test_any_request_is_sent_again_where_the_service_has_seen_nothing_of_it(tmp_path: Path) -> None:
    """A POST too: nobody listens on one of the two ports, so its connection fails before a byte is sent."""
    workload = service(retries={"attempts": 2}, **{"outlier-detection": NEVER_OUT})
    with (
        nobody() as unreachable,
        http_server("orders") as server,
        proxied(tmp_path, workload, {"": [unreachable, server]}) as envoy,
        envoy.client("calls") as client,
    ):
        assert [client.post("/").status_code for _ in range(20)] == [200] * 20
    assert len(server.asked) == 20, "each one arrived once"


def test_all_tries_together_end_within_the_timeout(tmp_path: Path) -> None:
    """A server that never answers in time: three tries of 0.3 s each, and all over within 0.9 s."""
    workload = service(timeout="900ms", retries={"attempts": 2}, **{"outlier-detection": NEVER_OUT})
    with (
        http_server("orders", delay=5) as server,
        proxied(tmp_path, workload, {"": [server]}) as envoy,
        envoy.client("calls") as client,
    ):
        started = time.monotonic()
        answer = client.get("/")
        took = time.monotonic() - started
        tries = len(server.asked)
    assert answer.status_code == 504
    assert tries == 3, "each try has its share of the timeout"
    assert 0.6 <= took <= 0.9 + SLACK, took


def test_a_request_that_is_not_sent_again_has_the_whole_timeout(tmp_path: Path) -> None:
    workload = service(timeout="900ms", retries={"attempts": 2}, **{"outlier-detection": NEVER_OUT})
    with (
        http_server("orders", delay=0.5) as server,
        proxied(tmp_path, workload, {"": [server]}) as envoy,
        envoy.client("calls") as client,
    ):
        assert client.post("/").status_code == 200, "no deadline of a try cuts it off after 0.3 s"
        server.delay = 5
        started = time.monotonic()
        assert client.post("/").status_code == 504
        assert time.monotonic() - started <= 0.9 + SLACK
    assert len(server.asked) == 2
