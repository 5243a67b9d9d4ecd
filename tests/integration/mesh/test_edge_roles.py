"""The role table at a real Envoy: who may send what, by the token that they bring.

What this proves: Envoy's own JWT and RBAC filters, with the rules that the components write, let in exactly what the
table says. What it does not: that istiod makes these filters of the policies. That translation is done here by hand,
after Istio's documentation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator

import httpx2
import pytest

from components.mesh.security import MeshSecurity
from components.specs.mesh.edge import JwtIssuer
from tests.components.mesh.whole_shop import EDGE, gateway, shop
from tests.integration.mesh.envoy import direct_answer, listener, running
from tests.integration.mesh.tokens import Issuer
from tests.integration.mesh.translation.filters import security_filters

pytestmark = pytest.mark.integration

HOST = "shop.example.com"
ISSUER = Issuer("https://id.example.com")
STRANGER = Issuer("https://id.example.com")
"""Signs in the issuer's name, with another key."""
ROLES = {
    "guest": ("GET /api/public", "GET /api/products/**"),
    "user": ("GET, POST /api/user/**", "GET /api/orders/*/items"),
    "admin": ("* /api/admin/**",),
}
NOBODY, USER, ADMIN = "nobody", "user", "user, admin"
"""The roles of a caller. Each test makes its token itself: one made beforehand could be over by then."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[httpx2.Client]:
    believed = JwtIssuer(issuer=ISSUER.name, audiences=("shop",), jwks=ISSUER.key_set)
    args = dataclasses.replace(shop(gateway()), issuers={"shop": believed}, roles=ROLES)
    at_edge = [body for body in MeshSecurity.manifests("mesh", args) if body["metadata"]["namespace"] == EDGE]
    filters = security_filters(
        [body for body in at_edge if body["kind"] == "RequestAuthentication"],
        [body for body in at_edge if body["kind"] == "AuthorizationPolicy"],
    )
    edge = listener("edge", direct_answer(), filters=filters)
    with (
        running(tmp_path_factory.mktemp("envoy"), [edge], []) as envoy,
        envoy.client("edge", headers={"host": HOST}) as found,
    ):
        yield found


@pytest.mark.parametrize(
    ("caller", "request_line", "status"),
    [
        (NOBODY, "GET /api/public", 200),
        (NOBODY, "GET /api/public?page=2", 200),
        (NOBODY, "GET /api/products/7/pictures", 200),
        (NOBODY, "POST /api/public", 403),
        (NOBODY, "GET /api/publicity", 403),
        (NOBODY, "GET /api/user/me", 403),
        (NOBODY, "GET /api/admin/users", 403),
        (NOBODY, "GET /", 403),
        (NOBODY, "GET /api/public/../admin/users", 403),
        (USER, "GET /api/public", 200),
        (USER, "GET /api/user/me", 200),
        (USER, "POST /api/user/me/addresses", 200),
        (USER, "DELETE /api/user/me", 403),
        (USER, "GET /api/orders/7/items", 200),
        (USER, "GET /api/orders/7/8/items", 403),
        (USER, "GET /api/orders/7/items/1", 403),
        (USER, "GET /api/admin/users", 403),
        (ADMIN, "GET /api/admin/users", 200),
        (ADMIN, "DELETE /api/admin/users/7", 200),
        (ADMIN, "GET /api/nothing/../admin/users", 200),
        (ADMIN, "GET /api/user/me", 200),
        (ADMIN, "GET /api/nothing/of/the/table", 403),
    ],
)
def test_each_role_may_send_what_the_table_says(
    client: httpx2.Client, caller: str, request_line: str, status: int
) -> None:
    token = "" if caller == NOBODY else ISSUER.token(roles=caller.split(", "))
    assert _status(client, request_line, token) == status


WRONG: dict[str, tuple[Callable[[], str], int]] = {
    "another key has signed it": (lambda: STRANGER.token(roles=["admin"]), 401),
    "it is over": (lambda: ISSUER.token(roles=["admin"], lifetime=-120), 401),
    "it is meant for somebody else": (lambda: ISSUER.token(roles=["admin"], audience="bank"), 403),
    "nobody here believes this issuer": (lambda: Issuer("https://evil.example.net").token(roles=["admin"]), 401),
    "it is none": (lambda: "abc.def.ghi", 401),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_token_that_is_not_right_is_refused_even_where_guests_may_go(client: httpx2.Client, why: str) -> None:
    token, status = WRONG[why]
    for request_line in ("GET /api/admin/users", "GET /api/public"):
        assert _status(client, request_line, token()) == status, why


@pytest.mark.parametrize("roles", [[], ["visitor"], ["users"], ["admin "], "administrator", None])
def test_a_good_token_without_the_role_is_refused(client: httpx2.Client, roles: object) -> None:
    assert _status(client, "GET /api/admin/users", ISSUER.token(roles=roles)) == 403


def test_a_role_may_be_a_single_text(client: httpx2.Client) -> None:
    assert _status(client, "GET /api/user/me", ISSUER.token(roles="user")) == 200


def test_another_host_gets_nothing(client: httpx2.Client) -> None:
    assert client.get("/api/public", headers={"host": "other.example.com"}).status_code == 403
    assert client.get("/api/public", headers={"host": f"{HOST}:443"}).status_code == 200, "with a port it is the same"


@pytest.mark.parametrize(
    ("origin", "asks", "status"),
    [
        ("https://www.example.com", {"access-control-request-method": "GET"}, 200),
        ("https://evil.example.net", {"access-control-request-method": "GET"}, 403),
        ("https://www.example.com", {}, 403),
    ],
)
def test_browsers_of_the_named_origins_may_ask_without_a_token(
    client: httpx2.Client, origin: str, asks: dict[str, str], status: int
) -> None:
    assert client.options("/api/user/me", headers={"origin": origin, **asks}).status_code == status


def _status(client: httpx2.Client, request_line: str, token: str) -> int:
    method, target = request_line.split(" ")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    # As written: a client library would take ".." out before it is sent.
    request = client.build_request(method, "/", headers=headers)
    request.extensions["target"] = target.encode()
    return client.send(request).status_code
