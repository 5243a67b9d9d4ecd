"""What holds at the edge: who may come in, with which token, and what browsers may do."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from components.faults import fault
from components.scalars import AbsolutePath, matching
from components.specs.base import Finding, Spec
from components.units import Memory, PositiveDuration

_RULE: Final = r"(\*|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)(, ?(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS))* /\S*"
RoleRule = Annotated[
    str,
    matching(
        re.compile(_RULE),
        "a rule of the role table",
        "nobody could tell which requests it allows",
        "write methods and a path: GET /api/public, 'GET, POST /api/user/**' or '* /api/admin/**'",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_RULE}$", "examples": ["GET /api/public", "* /api/admin/**"]}),
]
"""Methods, or ``*`` for all, and a path; in the path ``*`` is one segment, ``**`` at the end all that follow."""

GUEST: Final = "guest"
"""The role of a request without a token."""


class JwtIssuer(Spec):
    """Who signs the tokens that the edge accepts: exactly one of ``jwks-uri`` and ``jwks``."""

    issuer: str = Field(min_length=1, description="The token's iss.")
    audiences: tuple[str, ...] = Field(min_length=1, description="One of them must be in the token's aud.")
    jwks_uri: str | None = Field(None, pattern=r"^https://\S+$")
    jwks: str | None = Field(None, description="The key set itself, as JSON.")
    role_claim: str = Field("roles", description="The claim with the caller's roles; nested ones with dots.")
    forward: bool = Field(True, description="Whether services behind the edge see the token.")

    def findings(self) -> Iterator[Finding]:
        """Yield keys that come from nowhere, or from two places."""
        if (self.jwks_uri is None) == (self.jwks is None):
            yield (
                (),
                fault(
                    "names both jwks-uri and jwks" if self.jwks else "names neither jwks-uri nor jwks",
                    consequence="no token could be verified" if not self.jwks else "one of the two would be ignored",
                    fix="name exactly one of them",
                ),
            )


class Cors(Spec):
    """Which pages of other origins may call (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

    origins: tuple[str, ...] = Field(min_length=1, description="Exact origins, e.g. https://www.example.com.")
    methods: tuple[str, ...] = ("GET", "POST")
    headers: tuple[str, ...] = ("authorization", "content-type")
    credentials: bool = False
    max_age: PositiveDuration = timedelta(hours=1)


class EdgePolicy(Spec):
    """How a service is offered to the outside, beyond host and paths."""

    rewrite: AbsolutePath | None = Field(None, description="What replaces the path's prefix on the way in.")
    auth: str | None = Field(None, description="An issuer of the catalogue's 'authentication'.")
    cors: Cors | None = None
    max_body: Memory = Field("1Mi", description="Larger requests are answered with 413.")
