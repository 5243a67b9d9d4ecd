"""Who may send what to the edge: the role table, worked out from the objects, against the table read independently."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given

from components.manifests import Manifest
from tests.mesh.authorization import Http
from tests.mesh.edge import Edge
from tests.mesh.offered_edges import (
    CALLERS,
    EVERY_PATH,
    HOST,
    METHODS,
    ROLES,
    ROUTING_APIS,
    OfferedPath,
    closest,
    edge_objects,
    expected_status,
    offers,
    role_tables,
    token,
)
from tests.mesh.random_meshes import EDGE, PROPERTY

each_api = pytest.mark.parametrize("routing_api", ROUTING_APIS)


@each_api
@PROPERTY
@given(offered=offers, roles=role_tables)
def test_the_edge_lets_in_what_the_table_allows_and_nothing_else(
    routing_api: str, offered: list[OfferedPath], roles: dict[str, tuple[str, ...]]
) -> None:
    edge = Edge(edge_objects(offered, roles, routing_api))
    used = {one.issuer for one in offered}
    for caller in CALLERS:
        if caller is None or caller[0] in used:
            held = token(*caller) if caller else None
            for path, method in product(EVERY_PATH, METHODS):
                http = Http(path, method, HOST)
                expected = expected_status(offered, roles, http, caller)
                assert edge.status(http, held) == expected, f"{method} {path} by {caller}"


@each_api
@PROPERTY
@given(offered=offers)
def test_a_request_goes_to_the_service_with_the_closest_path(routing_api: str, offered: list[OfferedPath]) -> None:
    edge = Edge(edge_objects(offered, {}, routing_api))
    for path in (*EVERY_PATH, "/apiary", "/api/users"):
        number = closest(offered, path)
        found = {target.service: share for target, share in edge.destinations(Http(path, "GET", HOST)).items()}
        assert found == ({} if number is None else {f"service-{number}": 100}), path


def shop(routing_api: str = "istio") -> list[Manifest]:
    return edge_objects([OfferedPath("/api", "people"), OfferedPath("/", None)], ROLES, routing_api)


@each_api
@pytest.mark.parametrize(
    ("method", "path", "role", "status"),
    [
        ("GET", "/", None, 200),
        ("GET", "/api/public", None, 200),
        ("POST", "/api/public", None, 403),
        ("GET", "/api/public/more", None, 403),
        ("GET", "/api/user/1", None, 403),
        ("GET", "/api/user/1", "user", 200),
        ("POST", "/api/user/1/orders", "user", 200),
        ("DELETE", "/api/user/1", "user", 403),
        ("DELETE", "/api/user/1", "admin", 200),
        ("DELETE", "/api/admin/users/1", "admin", 200),
        ("GET", "/api/admin/users/1", "user", 403),
        ("GET", "/apiary", None, 200),
    ],
)
def test_the_role_table_of_the_requirements(
    routing_api: str, method: str, path: str, role: str | None, status: int
) -> None:
    edge = Edge(shop(routing_api))
    assert edge.status(Http(path, method, HOST), token("people", role) if role else None) == status


@pytest.mark.parametrize(
    "changes",
    [{"is_signed": False}, {"audiences": ("elsewhere",)}, {"issuer": "https://id.example.org"}],
    ids=["signature", "audience", "issuer"],
)
def test_a_token_that_is_not_believed_is_refused_even_where_guests_are_not(changes: dict[str, Any]) -> None:
    for path in ("/", "/api/public", "/api/user/1"):
        assert Edge(shop()).status(Http(path, "GET", HOST), token("people", "admin", **changes)) == 401


def test_a_role_of_one_issuer_is_none_of_another() -> None:
    """The issuer's name begins with the other's, which a comparison by prefix would take for the same."""
    offered = [OfferedPath("/api", "people"), OfferedPath("/partners", "partners")]
    edge = Edge(edge_objects(offered, {"admin": ("* /**",)}, "istio"))
    assert edge.status(Http("/api/x", "GET", HOST), token("people", "admin")) == 200
    assert edge.status(Http("/api/x", "GET", HOST), token("partners", "admin")) == 403
    assert edge.status(Http("/partners/x", "GET", HOST), token("partners", "admin")) == 200


def test_another_host_is_not_let_in() -> None:
    assert Edge(shop()).status(Http("/", "GET", "other.example.com")) == 403
    assert Edge(shop()).status(Http("/", "GET", "SHOP.example.com:443")) == 200


def preflight(origin: str, *more: tuple[str, str]) -> Http:
    return Http("/api/user/1", "OPTIONS", HOST, (("origin", origin), *more))


def test_a_browser_may_ask_before_it_has_a_token() -> None:
    offered = OfferedPath("/api", "people", origins=("https://www.example.com",))
    edge = Edge(edge_objects([offered], ROLES, "istio"))
    asked = ("access-control-request-method", "POST")
    assert edge.status(preflight("https://www.example.com", asked)) == 200
    assert edge.status(preflight("https://www.example.org", asked)) == 403
    assert edge.status(preflight("https://www.example.com")) == 403, "that is no preflight"


def roles_policy(bodies: list[Manifest]) -> Manifest:
    return next(body for body in bodies if body["metadata"]["name"] == "shop-roles")


def no_claims(bodies: list[Manifest]) -> None:
    for rule in roles_policy(bodies)["spec"]["rules"]:
        rule.pop("when", None)


def no_methods(bodies: list[Manifest]) -> None:
    for rule in roles_policy(bodies)["spec"]["rules"]:
        for entry in rule["to"]:
            entry["operation"].pop("methods", None)


def no_policies(bodies: list[Manifest]) -> None:
    bodies[:] = [body for body in bodies if body["metadata"]["namespace"] != EDGE or body["kind"] == "Gateway"]


def an_open_path_without_its_exception(bodies: list[Manifest]) -> None:
    policy = next(body for body in bodies if body["metadata"]["name"] == "shop-open")
    for entry in policy["spec"]["rules"][0]["to"]:
        entry["operation"].pop("notPaths", None)


@pytest.mark.parametrize(
    "spoil", [no_claims, no_methods, no_policies, an_open_path_without_its_exception], ids=lambda spoil: spoil.__name__
)
def test_a_spoilt_edge_is_seen(spoil: Callable[[list[Manifest]], None]) -> None:
    """The check itself can fail: each of these lets in what the table denies."""
    bodies = shop()
    denied = [("GET", "/api/user/1", None), ("DELETE", "/api/user/1", "user"), ("GET", "/api/admin/1", None)]

    def let_in() -> list[Any]:
        return [
            one
            for one in denied
            if Edge(bodies).status(Http(one[1], one[0], HOST), token("people", one[2]) if one[2] else None) == 200
        ]

    assert let_in() == []
    spoil(bodies)
    assert let_in()
