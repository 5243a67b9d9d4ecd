"""Which version a request reaches, seen with a real Envoy.

What this proves: with the weights and patterns that the components write, Envoy routes as meant. What it does not: that
istiod makes these routes of the VirtualService. That translation is done here by hand, after Istio's documentation.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from components.mesh.arguments import MeshedWorkload, ReleaseVersion
from components.specs.mesh.traffic import Fault, Match, Mirror
from tests.integration.mesh.envoy import Envoy
from tests.integration.mesh.proxied import proxied, routing_objects, service
from tests.integration.mesh.servers import Server, called, grpc_server, http_server
from tests.integration.servers.processes import eventually

pytestmark = pytest.mark.integration


def versions(match: Match | None = None, *, canary: float = 0.0) -> dict[str, ReleaseVersion]:
    return {"stable": ReleaseVersion(weight=100 - canary), "canary": ReleaseVersion(weight=canary, match=match)}


@pytest.fixture
def both() -> Generator[dict[str, list[Server]]]:
    """A server of each version."""
    with http_server("stable") as stable, http_server("canary") as canary:
        yield {"stable": [stable], "canary": [canary]}


def answers(envoy: Envoy, count: int, **request: Any) -> Counter[str]:
    with envoy.client("calls", limits=httpx2.Limits(max_connections=8)) as client, ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(lambda _: client.get("/", **request).text, range(count)))


def test_requests_are_shared_out_by_weight(tmp_path: Path, both: dict[str, list[Server]]) -> None:
    """Of 2000 requests at 20 %, 400 are expected, with a standard deviation of sqrt(2000 · 0.2 · 0.8) = 17.9.

    The bound is 5 of them, 90 requests: chance alone exceeds it once in 1.7 million runs, and a weight that is off by 9
    percentage points would be caught in nearly every run.
    """
    # A busy machine may be slow: that no request runs out of time is not what is asked here.
    with proxied(tmp_path, service(versions=versions(canary=20), timeout="5m"), both) as envoy:
        found = answers(envoy, 2000)
    assert set(found) == {"stable", "canary"}
    assert abs(found["canary"] - 400) <= 90, found


@pytest.mark.parametrize(
    ("match", "header", "fits"),
    [
        (Match(headers={"x-beta": "yes"}), ("X-Beta", "yes"), True),
        (Match(headers={"x-beta": "yes"}), ("x-beta", "yes please"), False),
        (Match(headers={"x-beta": "y.s"}), ("x-beta", "yes"), False),
        (Match(cookies={"beta": "1"}), ("cookie", "session=abc; beta=1; theme=dark"), True),
        (Match(cookies={"beta": "1"}), ("cookie", "notbeta=1"), False),
        (Match(cookies={"beta": "1"}), ("cookie", "beta=10"), False),
        (Match(baggage={"flag": "new checkout"}), ("baggage", "user=7, flag=new%20checkout;p=1 , x=y"), True),
        (Match(baggage={"flag": "new"}), ("baggage", "flag=newer"), False),
        (Match(baggage={"flag": "new"}), ("baggage", "noflag=new"), False),
        (Match(baggage={"flag": "new", "team": "a"}), ("baggage", "team=a,flag=new"), True),
        (Match(baggage={"flag": "new", "team": "a"}), ("baggage", "flag=new"), False),
    ],
)
def test_a_match_goes_before_the_weights(
    tmp_path: Path, both: dict[str, list[Server]], match: Match, header: tuple[str, str], *, fits: bool
) -> None:
    with proxied(tmp_path, service(versions=versions(match)), both) as envoy:
        found = answers(envoy, 5, headers=dict([header]))
        assert found == {("canary" if fits else "stable"): 5}, f"{match} and {header}"
        assert answers(envoy, 5) == {"stable": 5}, "all other requests go by weight"


def test_a_flip_of_blue_and_green_moves_every_request_at_once(tmp_path: Path, both: dict[str, list[Server]]) -> None:
    blue, green = (service(versions=versions(canary=share)) for share in (0, 100))
    with proxied(tmp_path / "blue", blue, both) as envoy:
        assert answers(envoy, 100) == {"stable": 100}
    with proxied(tmp_path / "green", green, both) as envoy:
        assert answers(envoy, 100) == {"canary": 100}
    assert routing_objects(blue)[1] == routing_objects(green)[1], "only the route moves"


def test_a_grpc_call_follows_its_metadata(tmp_path: Path) -> None:
    workload = service("grpc", versions=versions(Match(baggage={"flag": "new"})))
    with ExitStack() as stack:
        servers = {name: [stack.enter_context(grpc_server(name))] for name in ("stable", "canary")}
        port = stack.enter_context(proxied(tmp_path, workload, servers)).port("calls")
        method = "/shop.orders.v1.OrderService/GetOrder"
        assert called(port, method, baggage="flag=new") == ("OK", "canary")
        assert called(port, method) == ("OK", "stable")


def test_a_mirror_copies_requests_and_nobody_waits_for_its_answers(
    tmp_path: Path, both: dict[str, list[Server]]
) -> None:
    (canary,) = both["canary"]
    canary.status, canary.delay = 500, 0.5
    workload = _changed(service(versions=versions()), mirror=Mirror(version="canary"))
    with proxied(tmp_path, workload, both) as envoy:
        assert answers(envoy, 20) == {"stable": 20}, "the copy's errors reach nobody"
        eventually(lambda: len(canary.asked) == 20, "each request was copied")


def test_a_fault_reaches_its_share_of_the_callers(tmp_path: Path) -> None:
    """All and none: a share in between is Envoy's own arithmetic, of which the weights above are an example."""
    abort = Fault.model_validate({"abort": {"status": 503, "share": "100%"}})
    with http_server("orders") as server:
        with proxied(tmp_path / "faulty", _changed(service(), fault=abort), {"": [server]}) as envoy:
            with envoy.client("calls") as client:
                assert {client.get("/").status_code for _ in range(10)} == {503}
            assert server.asked == [], "the service itself sees nothing of it"
        with proxied(tmp_path / "sound", service(), {"": [server]}) as envoy:
            assert answers(envoy, 10) == {"orders": 10}


def _changed(workload: MeshedWorkload, **changes: Any) -> MeshedWorkload:
    return dataclasses.replace(workload, **changes)
