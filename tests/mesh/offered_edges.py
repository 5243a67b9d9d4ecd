"""Edges that offer random paths under random role tables, and what the declarations ask of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from hypothesis import strategies as st

from components.manifests import Manifest
from components.mesh.arguments import EdgeRoute, MeshArgs, MeshedWorkload, MeshPort
from components.mesh.edge_gateway import EdgeGateway
from components.mesh.security import MeshSecurity
from components.specs.mesh.edge import EdgePolicy, JwtIssuer
from tests.mesh.authorization import Http
from tests.mesh.edge import Token
from tests.mesh.random_meshes import EDGE, NAMESPACE, mesh_settings

ISSUERS = {
    "people": JwtIssuer(issuer="https://id.example.com", audiences=("shop",), jwks='{"keys":[]}'),
    "partners": JwtIssuer(
        issuer="https://id.example.com/partners", audiences=("shop",), jwks='{"keys":[]}', role_claim="access.roles"
    ),
}
HOST = "shop.example.com"
SEGMENTS = ("api", "user")
ROUTING_APIS = ("istio", "gateway")

ROLES = {
    "guest": ("GET /api/public",),
    "user": ("GET, POST /api/user/**",),
    "admin": ("* /api/admin/**", "* /api/user/**"),
}
"""M6 of the requirements."""


@dataclass(frozen=True)
class OfferedPath:
    """A path of the host, and the issuer that it asks for."""

    prefix: str
    issuer: str | None
    origins: tuple[str, ...] = ()
    """Of pages that may call it."""

    @property
    def policy(self) -> EdgePolicy:
        """The path's settings as a catalogue has them."""
        cors = {"origins": self.origins} if self.origins else None
        return EdgePolicy.model_validate({"auth": self.issuer, "cors": cors})


def edge_objects(offered: list[OfferedPath], roles: dict[str, tuple[str, ...]], routing_api: str) -> list[Manifest]:
    """The edge of a platform with one service for each path."""
    workloads = {
        f"service-{number}": MeshedWorkload(
            name=f"service-{number}",
            service_account=f"service-{number}",
            service=f"service-{number}",
            ports={"http": MeshPort(number=8080, service_port=80, protocol="http")},
            edge=EdgeRoute(host=HOST, paths=(one.prefix,), port="http", policy=one.policy),
        )
        for number, one in enumerate(offered)
    }
    args = MeshArgs(
        settings=mesh_settings("sidecar", **{"routing-api": routing_api}),
        namespace=NAMESPACE,
        edge_namespace=EDGE,
        part_of="shop",
        workloads=workloads,
        issuers=ISSUERS,
        roles=roles,
    )
    return [*MeshSecurity.manifests("shop", args), *EdgeGateway.manifests("shop", args)]


def closest(offered: list[OfferedPath], path: str) -> int | None:
    """The number of the path that a request belongs to: the longest whole segments that it begins with."""
    fitting = [
        (len(one.prefix.rstrip("/")), number)
        for number, one in enumerate(offered)
        if f"{path}/".startswith(f"{one.prefix.rstrip('/')}/")
    ]
    return max(fitting)[1] if fitting else None


def is_allowed(roles: dict[str, tuple[str, ...]], role: str | None, method: str, path: str) -> bool:
    """The role table, read by regular expressions; whoever has a role may do what guests may."""
    rules = [*roles.get("guest", ()), *(roles.get(role, ()) if role else ())]
    for rule in rules:
        methods, _, pattern = rule.rpartition(" ")
        expression = re.escape(pattern).replace(r"/\*\*", "/.*").replace(r"\*", "[^/]+")
        if re.fullmatch(expression, path) and ("*" in methods or method in methods.split(", ")):
            return True
    return False


def expected_status(
    offered: list[OfferedPath], roles: dict[str, tuple[str, ...]], http: Http, caller: tuple[str, str] | None
) -> int:
    """What the declarations ask for. A caller is an issuer and a role."""
    number = closest(offered, http.path)
    if number is None:
        return 403
    issuer = offered[number].issuer
    if issuer is None:
        return 200
    role = caller[1] if caller is not None and caller[0] == issuer else None
    return 200 if is_allowed(roles, role, http.method, http.path) else 403


def token(name: str, role: str, **changes: Any) -> Token:
    """A token that an issuer gives to somebody with a role, among others."""
    held = ["member", role]
    # What an issuer says beyond its own claim counts for nothing.
    claims = {"access": {"roles": held}, "roles": held} if name == "partners" else {"roles": held}
    return replace(Token(ISSUERS[name].issuer, claims=claims), **changes)


EVERY_PATH = ["/", *(f"/{'/'.join(parts)}" for depth in (1, 2, 3) for parts in product(SEGMENTS, repeat=depth))]
METHODS = ("GET", "POST", "DELETE")
CALLERS = [None, *((issuer, role) for issuer in ISSUERS for role in ("user", "admin", "nobody"))]

prefixes = st.sampled_from(["/", "/api", "/api/user", "/user", "/user/api"])
methods = st.sampled_from(["*", "GET", "GET, POST", "DELETE"])
patterns = st.builds(
    lambda parts, end: "/" + "/".join((*parts, *end)),
    st.lists(st.sampled_from([*SEGMENTS, "*"]), max_size=2),
    st.sampled_from([(), ("**",)]),
)
rules = st.lists(st.builds(lambda method, path: f"{method} {path}", methods, patterns), max_size=2).map(tuple)
role_tables = st.fixed_dictionaries({"guest": rules, "user": rules, "admin": rules})
offers = st.lists(
    st.builds(OfferedPath, prefixes, st.sampled_from([None, *ISSUERS])),
    min_size=2,
    max_size=4,
    unique_by=lambda one: one.prefix,
)
