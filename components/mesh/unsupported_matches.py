"""Matches of requests that no route could express. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from pydantic_core import PydanticCustomError

from components.faults import fault
from components.mesh.arguments import MeshedWorkload
from components.mesh.matching import BAGGAGE, COOKIE, MAX_TOGETHER, header_patterns
from components.specs.base import Finding
from components.specs.mesh.traffic import Match

_IGNORED: Final = frozenset({"uri", "scheme", "method", "authority"})
"""Keys that Istio leaves out of a match of headers
(https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest-headers)."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
"""Names of headers, cookies and members of baggage (https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2)."""
_NO_COOKIE_VALUE: Final = re.compile(r"[^!#-+\--:<-\[\]-~]")
"""What no cookie's value has (https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)."""
_MAX_VALUE: Final = 4096
"""Characters of a header's value or expression, in the schema of the Gateway API."""


def match_findings(workload: MeshedWorkload) -> Iterator[Finding]:
    """Yield, for each version with a match, what in it could never fit, or not be written down."""
    for track, version in workload.versions.items():
        if version.match:
            for place, finding in _findings(version.match):
                yield ("versions", track, "match", *place), finding


def _findings(match: Match) -> Iterator[Finding]:
    for kind, values in (("headers", match.headers), ("cookies", match.cookies), ("baggage", match.baggage)):
        for name in values:
            if not _TOKEN.fullmatch(name) or (kind == "headers" and name.lower() in _IGNORED):
                yield (kind, name), _never("is no name that such a thing can have", "correct the name")
    yield from _values(match)
    for kind, header in (("cookies", COOKIE), ("baggage", BAGGAGE)):
        named = getattr(match, kind)
        if len(named) > MAX_TOGETHER:
            yield (
                (kind,),
                fault(
                    f"names more than {MAX_TOGETHER}, and a route has one expression for all of them in any order",
                    consequence="the expression would be too long for the proxies",
                    fix=f"name {MAX_TOGETHER} at the most",
                ),
            )
        if named and header in {name.lower() for name in match.headers}:
            yield (
                ("headers",),
                fault(
                    f"names the header {header}, which {kind!r} is about too",
                    consequence="one of the two would be ignored, as a route has one pattern a header",
                    fix=f"say it under {kind!r} alone",
                ),
            )
    spelt = [name.lower() for name in match.headers]
    if len(set(spelt)) < len(spelt):
        yield ("headers",), _never("names one header twice, in different spellings", "name it once")


def _values(match: Match) -> Iterator[Finding]:
    for name, value in match.headers.items():
        if not value or value != value.strip():
            yield (
                ("headers", name),
                fault(
                    "is empty, or has spaces around it",
                    consequence="an empty value would fit any, and proxies take spaces away",
                    fix="name the value that is meant",
                ),
            )
    for name, value in match.cookies.items():
        if _NO_COOKIE_VALUE.search(value):
            yield ("cookies", name), _never("has characters that no cookie has", "name the value as it is sent")
    if len(match.cookies) <= MAX_TOGETHER and len(match.baggage) <= MAX_TOGETHER:
        for name, pattern in header_patterns(match).items():
            if len(pattern.text) > _MAX_VALUE:
                yield (
                    (),
                    fault(
                        f"becomes a pattern of {len(pattern.text)} characters for the header {name}",
                        consequence=f"Kubernetes refuses more than {_MAX_VALUE}",
                        fix="match shorter values, or fewer at one time",
                    ),
                )


def _never(message: str, fix: str) -> PydanticCustomError:
    return fault(message, consequence="no request would ever fit", fix=fix)
