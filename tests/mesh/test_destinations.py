"""Where a request goes inside the mesh: the version that it names, or the shares; the same by both routing APIs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.manifests import Manifest
from components.mesh.arguments import MeshArgs, MeshedWorkload, MeshPort, ReleaseVersion
from components.mesh.routing import service_routing_objects
from components.specs.mesh.resilience import Resilience
from components.specs.mesh.traffic import Match
from tests.mesh.authorization import Http
from tests.mesh.random_meshes import EDGE, NAMESPACE, PROPERTY, mesh_settings
from tests.mesh.routes import Entrance, destinations

HOST = "users.shop.svc.cluster.local"
KEYS, VALUES = ("beta", "tenant"), ("yes", "no", "a.b")
ROUTING_APIS = ("istio", "gateway")
each_api = pytest.mark.parametrize("routing_api", ROUTING_APIS)

pairs = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)
matches = st.builds(lambda headers, cookies, baggage: (headers, cookies, baggage), pairs, pairs, pairs).filter(any)
releases = st.builds(
    lambda weight, match: {
        "stable": ReleaseVersion(weight=100.0 - weight),
        "canary": ReleaseVersion(
            weight=float(weight), match=Match(headers=match[0], cookies=match[1], baggage=match[2]) if match else None
        ),
    },
    st.integers(0, 100),
    st.none() | matches,
)


def routing(versions: Mapping[str, ReleaseVersion], routing_api: str) -> list[Manifest]:
    """The objects of a service with these versions, on two ports."""
    workload = MeshedWorkload(
        name="users",
        service_account="users",
        service="users",
        ports={
            "grpc": MeshPort(number=50051, service_port=50051, protocol="grpc"),
            "http": MeshPort(number=8080, service_port=80, protocol="http"),
        },
        contract="shop.users.v1.UserService",
        resilience=Resilience.model_validate({"retries": {"idempotent": ["GetUser"]}}),
        versions=versions,
    )
    args = MeshArgs(
        settings=mesh_settings("sidecar", **{"routing-api": routing_api}),
        namespace=NAMESPACE,
        edge_namespace=EDGE,
        part_of="shop",
        workloads={"users": workload},
    )
    return service_routing_objects("users", args)


def shares(bodies: list[Manifest], port: int, http: Http) -> dict[str, int]:
    """Version → percent, whichever way an API tells versions apart."""
    found = destinations(bodies, Entrance(HOST, port), http)
    assert {target.port for target in found} == {port}
    return {target.subset or target.service.removeprefix("users-"): share for target, share in found.items()}


def request(sent: tuple[dict[str, str], dict[str, str], dict[str, str]], path: str, method: str) -> Http:
    """A request with headers, cookies and baggage, and some that nobody asks for."""
    headers, cookies, baggage = sent
    together = {
        **headers,
        "cookie": "; ".join(["other=1", *(f"{key}={value}" for key, value in cookies.items())]),
        "baggage": ", ".join([*(f"{key}={value};p=1" for key, value in baggage.items()), "other=1"]),
    }
    return Http(path, method, HOST, tuple(together.items()))


def expected(
    versions: Mapping[str, ReleaseVersion], sent: tuple[dict[str, str], dict[str, str], dict[str, str]]
) -> dict[str, int]:
    """What the declarations ask for."""
    match = versions["canary"].match
    if match is not None:
        wanted = (match.headers, match.cookies, match.baggage)
        if all(one.items() <= other.items() for one, other in zip(wanted, sent, strict=True)):
            return {"canary": 100}
    return {track: round(version.weight) for track, version in versions.items() if version.weight}


@each_api
@PROPERTY
@given(
    versions=releases,
    sent=st.tuples(pairs, pairs, pairs),
    call=st.sampled_from(
        [
            (50051, "/shop.users.v1.UserService/GetUser", "POST"),
            (50051, "/shop.users.v1.UserService/CreateUser", "POST"),
            (80, "/users/1", "GET"),
            (80, "/users", "POST"),
        ]
    ),
)
def test_a_request_goes_to_the_version_that_it_names_or_by_the_shares(
    routing_api: str,
    versions: dict[str, ReleaseVersion],
    sent: tuple[dict[str, str], dict[str, str], dict[str, str]],
    call: tuple[int, str, str],
) -> None:
    port, path, method = call
    assert shares(routing(versions, routing_api), port, request(sent, path, method)) == expected(versions, sent)


CANARY = {
    "stable": ReleaseVersion(weight=90.0),
    "canary": ReleaseVersion(weight=10.0, match=Match(headers={"beta": "yes"})),
}


@each_api
def test_a_weight_that_has_moved_by_itself_is_seen(routing_api: str) -> None:
    """The check itself can fail: a share moved in the objects is a share that the declarations don't have."""
    bodies = routing(CANARY, routing_api)
    http = request(({}, {}, {}), "/users/1", "GET")
    assert shares(bodies, 80, http) == {"stable": 90, "canary": 10}
    for body in bodies:
        for rule in body["spec"].get("http", body["spec"].get("rules", [])):
            for one in rule.get("route", rule.get("backendRefs", [])):
                if one.get("weight") == 90:
                    one["weight"] = 80
    assert shares(bodies, 80, http) == {"stable": 80, "canary": 10}


def test_two_apis_for_one_host_are_refused() -> None:
    both = [*routing(CANARY, "istio"), *routing(CANARY, "gateway")]
    with pytest.raises(AssertionError, match="two APIs claim"):
        shares(both, 80, request(({}, {}, {}), "/users/1", "GET"))
