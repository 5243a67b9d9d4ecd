"""Bad hosts and too many requests, seen with a real Envoy.

What this proves: Envoy, with the limits that the components write, puts a bad host out and takes it back, and sheds
what is over the bulkhead. What it does not: that istiod hands these numbers on. The translation is a test's.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import grpc
import httpx2
import pytest

from components.mesh.arguments import MeshedWorkload
from tests.integration.mesh.envoy import Envoy
from tests.integration.mesh.proxied import CONTRACT, proxied, service
from tests.integration.mesh.servers import Server, called, grpc_server, http_server
from tests.integration.servers.processes import eventually

pytestmark = pytest.mark.integration

T = TypeVar("T")

EJECTIONS = "cluster.outbound|8080||orders.shop.svc.cluster.local.outlier_detection.ejections_active"
QUICK: dict[str, Any] = {"consecutive-errors": 3, "interval": "200ms", "ejection": "1s"}
"""As in the catalogue, with times that a test can wait for."""


def quickly_ejecting(protocol: str = "http", **settings: Any) -> MeshedWorkload:
    return service(
        protocol, retries={"attempts": 0}, **{"outlier-detection": QUICK | settings, "load-balancing": "round-robin"}
    )


def test_a_host_that_keeps_failing_is_put_out_and_taken_back(tmp_path: Path) -> None:
    with (
        http_server("good") as good,
        http_server("bad", status=503) as bad,
        proxied(tmp_path, quickly_ejecting(ejection="5s"), {"": [good, bad]}) as envoy,
        envoy.client("calls") as client,
    ):
        _until_put_out(envoy, lambda: client.get("/"))
        bad.forget()
        assert {client.get("/").status_code for _ in range(20)} == {200}
        assert bad.asked == [], "it gets nothing while it is out"
        bad.status = 200
        eventually(lambda: (client.get("/"), bad.asked)[1], "it is taken back once its time is over")
        assert envoy.counter(EJECTIONS) == 0


def test_a_host_that_is_bad_again_at_once_stays_out_for_longer(tmp_path: Path) -> None:
    # Whoever isn't bad again before Envoy's next look, begins anew.
    workload = quickly_ejecting(interval="1s", ejection="2s")
    with (
        http_server("good") as good,
        http_server("bad", status=503) as bad,
        proxied(tmp_path, workload, {"": [good, bad]}) as envoy,
        envoy.client("calls") as client,
    ):
        times = []
        for _ in range(2):
            _until_put_out(envoy, lambda: client.get("/"))
            started = time.monotonic()
            eventually(lambda: envoy.counter(EJECTIONS) == 0, "it is taken back")
            times.append(time.monotonic() - started)
    assert times[1] > times[0] + 0.5, "each further one adds as much as the first lasts"


def test_an_error_of_the_program_puts_nobody_out(tmp_path: Path) -> None:
    with (
        http_server("orders", status=500) as server,
        proxied(tmp_path, quickly_ejecting(), {"": [server]}) as envoy,
        envoy.client("calls") as client,
    ):
        assert {client.get("/").status_code for _ in range(20)} == {500}
        assert envoy.counter(EJECTIONS) == 0, "one bad request, sent often, must not take the service away"
    assert len(server.asked) == 20


def test_a_grpc_server_that_is_unavailable_is_put_out(tmp_path: Path) -> None:
    with (
        grpc_server("good") as good,
        grpc_server("bad", code=grpc.StatusCode.UNAVAILABLE) as bad,
        proxied(tmp_path, quickly_ejecting("grpc", ejection="30s"), {"": [good, bad]}) as envoy,
    ):
        port, method = envoy.port("calls"), f"/{CONTRACT}/GetOrder"
        _until_put_out(envoy, lambda: called(port, method))
        assert {called(port, method) for _ in range(10)} == {("OK", "good")}


def test_a_host_that_is_too_slow_counts_as_bad(tmp_path: Path) -> None:
    workload = service(
        timeout="1s",
        retries={"attempts": 0},
        **{"outlier-detection": QUICK | {"ejection": "30s"}, "load-balancing": "round-robin"},
    )
    with (
        http_server("good") as good,
        http_server("slow", delay=5) as slow,
        proxied(tmp_path, workload, {"": [good, slow]}) as envoy,
        envoy.client("calls") as client,
    ):
        _until_put_out(envoy, lambda: client.get("/"))
        assert {client.get("/").text for _ in range(10)} == {"good"}


def test_no_more_than_the_allowed_share_is_put_out(tmp_path: Path) -> None:
    """Four bad hosts, half of which may go: the others still get requests, and the callers still see the errors."""
    workload = quickly_ejecting(**{"max-ejected": "50%", "ejection": "30s"})
    with ExitStack() as stack:
        servers = [stack.enter_context(http_server(f"bad-{number}", status=503)) for number in range(4)]
        envoy = stack.enter_context(proxied(tmp_path, workload, {"": servers}))
        client = stack.enter_context(envoy.client("calls"))
        eventually(lambda: (client.get("/"), envoy.counter(EJECTIONS) >= 2)[1], "two are put out")
        for _ in range(40):
            client.get("/")
        assert envoy.counter(EJECTIONS) == 2


def test_the_bulkhead_sheds_what_a_slow_service_can_not_take(tmp_path: Path) -> None:
    """Two connections and three waiting: of 20 requests at once, five get through, and 15 are refused at once."""
    pool = {"connections": 2, "pending": 3}
    workload = service(timeout="60s", retries={"attempts": 0}, **{"connection-pool": pool})
    with (
        http_server("orders") as server,
        proxied(tmp_path, workload, {"": [server]}) as envoy,
        envoy.client("calls", limits=httpx2.Limits(max_connections=20), timeout=60) as client,
    ):
        answers = _before_any_answer(server, 15, [lambda: client.get("/")] * 20)
    assert Counter(answer.status_code for answer in answers) == {200: 5, 503: 15}
    assert {one.headers["x-envoy-overloaded"] for one in answers if one.status_code == 503} == {"true"}


def test_grpc_calls_have_a_bulkhead_too(tmp_path: Path) -> None:
    """HTTP/2 carries many requests on one connection, so it is their number that is limited."""
    workload = service("grpc", timeout="60s", retries={"attempts": 0}, **{"connection-pool": {"requests": 4}})
    with grpc_server("orders") as server, proxied(tmp_path, workload, {"": [server]}) as envoy:
        port, method = envoy.port("calls"), f"/{CONTRACT}/GetOrder"
        answers = _before_any_answer(server, 8, [lambda: called(port, method, timeout=60)] * 12)
    assert Counter(status for status, _ in answers) == {"OK": 4, "UNAVAILABLE": 8}


def _before_any_answer(server: Server, refused: int, requests: Sequence[Callable[[], T]]) -> list[T]:
    """Send requests at once to a server that answers only when so many are over: nobody waits where it is full."""
    server.may_answer.clear()
    with ThreadPoolExecutor(len(requests)) as pool:
        try:
            sent = [pool.submit(request) for request in requests]
            eventually(lambda: sum(one.done() for one in sent) >= refused, f"{refused} are refused")
        finally:
            server.may_answer.set()
        return [one.result() for one in sent]


def _until_put_out(envoy: Envoy, ask: Callable[[], object]) -> None:
    """Ask as often as it takes for three failures of one host of two, and again where other answers came between."""
    eventually(lambda: ([ask() for _ in range(6)], envoy.counter(EJECTIONS) == 1)[1], "the host is put out")
