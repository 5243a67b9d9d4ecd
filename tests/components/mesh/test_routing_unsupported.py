"""What the chosen API or data plane can't give is said, not dropped."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from components.mesh.arguments import EdgeRoute, MeshedWorkload, MeshPort, ReleaseVersion
from components.mesh.unsupported import unsupported
from components.specs.mesh.edge import EdgePolicy
from components.specs.mesh.resilience import Resilience
from components.specs.mesh.settings import Mesh
from components.specs.mesh.traffic import Fault, Match, Mirror
from tests.components.mesh.routed import AMBIENT, GATEWAY_API, ISTIO
from tests.components.mesh.whole_shop import gateway, orders, users

PLAIN = orders(versions={}, resilience=Resilience())
FAULT = Fault.model_validate({"abort": {"status": 503, "share": "1%"}})
MIRROR = Mirror.model_validate({"version": "canary", "share": "0.5%"})
STORE = MeshedWorkload(
    name="cache",
    service_account="cache",
    service="cache",
    ports={"redis": MeshPort(number=6379, service_port=6379, protocol="tcp")},
)


def places(workload: MeshedWorkload, mesh: Mesh = ISTIO) -> list[str]:
    return [".".join(map(str, place)) for place, _ in unsupported(mesh, workload)]


def matching(**match: Any) -> MeshedWorkload:
    fits = Match.model_validate(match)
    versions = {"stable": ReleaseVersion(weight=100), "canary": ReleaseVersion(weight=0, match=fits)}
    return dataclasses.replace(PLAIN, versions=versions)


def resilient(**settings: Any) -> MeshedWorkload:
    return dataclasses.replace(PLAIN, resilience=Resilience.model_validate(settings))


def told_apart(count: int, *, idempotent: int = 0) -> MeshedWorkload:
    """A gRPC service with so many versions that have a match, and so many methods that may be sent twice."""
    matched = {f"v{index}": ReleaseVersion(weight=0, match=Match(headers={"x-version": "a"})) for index in range(count)}
    methods = {"retries": {"idempotent": [f"Get{index}" for index in range(idempotent)]}}
    return dataclasses.replace(
        PLAIN,
        versions={"stable": ReleaseVersion(weight=100)} | matched,
        resilience=Resilience.model_validate(methods),
    )


def offered(port: str = "http", paths: tuple[str, ...] = ("/api",), **policy: Any) -> MeshedWorkload:
    edge = EdgeRoute(host="shop.example.com", paths=paths, port=port, policy=EdgePolicy.model_validate(policy))
    return dataclasses.replace(gateway() if port == "http" else users(), edge=edge)


@pytest.mark.parametrize("mesh", [ISTIO, GATEWAY_API, AMBIENT])
@pytest.mark.parametrize(
    "workload",
    [
        PLAIN,
        STORE,
        gateway(),
        users(),
        matching(headers={"x-beta": "1"}, cookies={"a": "1"}, baggage={"flag": "new"}),
        dataclasses.replace(matching(headers={"x-beta": "1"}), mirror=MIRROR),
        resilient(**{"timeout": "10s", "load-balancing": {"cookie": "a"}}),
        resilient(timeout="10s", retries={"attempts": 1, "per-try": "100ms", "idempotent": ["GetOrder"]}),
        told_apart(15),
        told_apart(7, idempotent=1),
        told_apart(0, idempotent=64),
        told_apart(1, idempotent=63),
        offered(paths=tuple(f"/{index}" for index in range(8))),
        offered(paths=("/a", "/a/", "/b"), rewrite="/"),
        offered(rewrite="/v1", cors={"origins": ["https://a.example"]}),
        dataclasses.replace(STORE, service=None, ports={}),
    ],
)
def test_what_every_api_has_is_not_complained_of(workload: MeshedWorkload, mesh: Mesh) -> None:
    assert places(workload, mesh) == []


@pytest.mark.parametrize(
    ("workload", "place"),
    [
        (dataclasses.replace(PLAIN, fault=FAULT), "fault"),
        (offered(**{"max-body": "2Mi"}), "edge.max-body"),
        (offered(paths=tuple(f"/{index}" for index in range(9))), "edge.paths"),
        (offered(paths=("/a", "/b", "/c"), rewrite="/"), "edge.paths"),
        (told_apart(16), "versions"),
        (told_apart(8, idempotent=1), "versions"),
        (told_apart(0, idempotent=65), "resilience.retries.idempotent"),
        (told_apart(2, idempotent=42), "resilience.retries.idempotent"),
    ],
)
def test_what_the_gateway_api_lacks_is_said(workload: MeshedWorkload, place: str) -> None:
    assert places(workload, ISTIO) == []
    assert places(workload, GATEWAY_API) == places(workload, AMBIENT) == [place]


def test_a_versions_service_needs_a_name_that_fits() -> None:
    versions = {"stable": ReleaseVersion(weight=100), "x" * 60: ReleaseVersion(weight=0)}
    workload = dataclasses.replace(PLAIN, versions=versions)
    assert places(workload, ISTIO) == []
    assert places(workload, GATEWAY_API) == [f"versions.{'x' * 60}"]


@pytest.mark.parametrize(
    ("workload", "place"),
    [
        (dataclasses.replace(STORE, versions=orders().versions), "versions"),
        (dataclasses.replace(STORE, mirror=MIRROR), "mirror"),
        (dataclasses.replace(STORE, fault=FAULT), "fault"),
        (
            dataclasses.replace(STORE, resilience=Resilience.model_validate({"load-balancing": {"header": "a"}})),
            "resilience.load-balancing",
        ),
    ],
)
def test_requests_of_a_store_are_nobodys_to_route(workload: MeshedWorkload, place: str) -> None:
    assert place in places(workload)


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        (
            dataclasses.replace(resilient(retries={"idempotent": ["GetOrder"]}), contract=None),
            ["resilience.retries.idempotent"],
        ),
        (
            dataclasses.replace(
                gateway(), resilience=Resilience.model_validate({"retries": {"idempotent": ["POST", "GetUser"]}})
            ),
            ["resilience.retries.idempotent.1"],
        ),
        (resilient(**{"outlier-detection": {"max-ejected": "0%"}}), ["resilience.outlier-detection.max-ejected"]),
        (resilient(**{"outlier-detection": {"max-ejected": "33.3%"}}), ["resilience.outlier-detection.max-ejected"]),
        (resilient(**{"connection-pool": {"retries": 0}}), ["resilience.connection-pool.retries"]),
        (
            dataclasses.replace(
                PLAIN, versions={"stable": ReleaseVersion(weight=99.5), "canary": ReleaseVersion(weight=0.5)}
            ),
            ["versions.stable.weight", "versions.canary.weight"],
        ),
        (offered("grpc", rewrite="/v1"), ["edge.rewrite"]),
        (offered("grpc", **{"max-body": "2Mi"}), ["edge.max-body"]),
    ],
)
def test_what_no_api_can_give_is_said(workload: MeshedWorkload, expected: list[str]) -> None:
    assert places(workload) == expected


def test_one_thing_is_said_once() -> None:
    streaming = offered("grpc", **{"max-body": "2Mi"})
    assert places(streaming, GATEWAY_API) == ["edge.max-body"]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"headers": {"method": "GET"}}, ["headers.method"]),
        ({"headers": {"x beta": "1"}}, ["headers.x beta"]),
        ({"headers": {"x-beta": ""}}, ["headers.x-beta"]),
        ({"headers": {"x-beta": " a"}}, ["headers.x-beta"]),
        ({"headers": {"x-beta": "1", "X-Beta": "2"}}, ["headers"]),
        ({"headers": {"Cookie": "a=1"}, "cookies": {"b": "2"}}, ["headers"]),
        ({"headers": {"baggage": "a=1"}, "baggage": {"b": "2"}}, ["headers"]),
        ({"cookies": {"a": "1;2"}}, ["cookies.a"]),
        ({"cookies": {"a=b": "1"}}, ["cookies.a=b"]),
        ({"cookies": dict.fromkeys("abcd", "1")}, ["cookies"]),
        ({"baggage": dict.fromkeys("abcd", "1")}, ["baggage"]),
        ({"baggage": {"a": "x" * 5000}}, [""]),
    ],
)
def test_a_match_that_could_never_fit_is_said(match: dict[str, Any], expected: list[str]) -> None:
    assert places(matching(**match)) == [f"versions.canary.match.{place}".rstrip(".") for place in expected]


def test_a_finding_says_what_would_follow_and_what_to_do() -> None:
    ((_, error),) = unsupported(GATEWAY_API, dataclasses.replace(PLAIN, fault=FAULT))
    context = error.context or {}
    assert str(error) == "does not go with the Gateway API, which has no faults"
    assert context["consequence"] == "nothing would be injected"
    assert "routing-api: istio" in context["fix"]
