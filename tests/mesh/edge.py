"""What the edge answers, worked out from its objects: tokens, policies, then routes.

https://istio.io/latest/docs/reference/config/security/request_authentication/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.mesh.authorization import GATEWAY, Authorization, Body, Call, Http, Place
from tests.mesh.routes import Entrance, Target, destinations


@dataclass(frozen=True)
class Token:
    """A token of a request."""

    issuer: str
    audiences: tuple[str, ...] = ("shop",)
    claims: Mapping[str, Any] = field(default_factory=dict)
    is_signed: bool = True
    """Whether the issuer's key has signed it, and it has not run out."""


class Edge:
    """The one Gateway of a platform among objects."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.bodies = bodies
        self.authorization = Authorization(bodies)
        (gateway,) = [
            body
            for body in bodies
            if body["kind"] == "Gateway" and body["spec"].get("gatewayClassName") != "istio-waypoint"
        ]
        namespace, name = gateway["metadata"]["namespace"], gateway["metadata"]["name"]
        self.gateway = (namespace, name)
        is_istio = gateway["apiVersion"].startswith("networking.istio.io/")
        # The Pods that Istio starts for the Gateway API carry labels of their own, which no selector here names.
        self.place = (
            Place(namespace, gateway["spec"]["selector"])
            if is_istio
            else Place(namespace, targets=frozenset({(*GATEWAY, name)}))
        )

    def status(self, http: Http, token: Token | None = None) -> int:
        """The status with which the gateway refuses a request, or 200 for one that goes on to the routes."""
        if token is not None:
            if not self._believes(token):
                return 401
            http = replace(http, claims={**token.claims, "iss": token.issuer, "aud": list(token.audiences)})
        return 200 if self.authorization.allows(self.place, Call(None, 443, http)) else 403

    def destinations(self, http: Http) -> dict[Target, int]:
        """Who answers a request that has been let in."""
        return destinations(self.bodies, Entrance(http.host, gateway=self.gateway), http)

    def _believes(self, token: Token) -> bool:
        rules = [
            rule
            for body in self.bodies
            if body["kind"] == "RequestAuthentication" and self.place.is_meant(body)
            for rule in body["spec"]["jwtRules"]
        ]
        # Without rules nobody looks at tokens.
        return not rules or any(
            rule["issuer"] == token.issuer and bool(set(rule["audiences"]) & set(token.audiences)) and token.is_signed
            for rule in rules
        )
