"""Matches of requests as patterns of header values. Pure.

A VirtualService and an HTTPRoute allow one pattern a header, and cookies share one header as members of baggage do.
So what must be found in it, in whatever order, becomes one regular expression. It is written in what RE2 and Python's
``re`` have in common, and fits the whole value.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Final
from urllib.parse import quote

from components.specs.mesh.traffic import Match

COOKIE: Final = "cookie"
BAGGAGE: Final = "baggage"
MAX_TOGETHER: Final = 3
"""Cookies, or members of baggage, that one match may name: the expression lists their orders, six for three.

Istio lets an expression become 32768 instructions of RE2, which none of these does; Envoy by itself 100."""

_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
"""Never percent-encoded (https://www.rfc-editor.org/rfc/rfc3986#section-2.3)."""
_BAGGAGE_OCTET: Final = re.compile(r"[!#-$&-+\--:<-\[\]-~]")
"""What may stand in a value as it is; a percent sign may not, as it starts an encoded octet
(https://www.w3.org/TR/baggage/#definition)."""
_SPACE: Final = r"[ \t]*"


@dataclass(frozen=True)
class HeaderPattern:
    """What a header's value must be."""

    text: str
    is_regex: bool = False


def header_patterns(match: Match) -> dict[str, HeaderPattern]:
    """Return the pattern of each header that a match is about, names in lower case."""
    found = {name.lower(): HeaderPattern(value) for name, value in match.headers.items()}
    if match.cookies:
        found[COOKIE] = HeaderPattern(cookie_pattern(match.cookies), is_regex=True)
    if match.baggage:
        found[BAGGAGE] = HeaderPattern(baggage_pattern(match.baggage), is_regex=True)
    return found


def cookie_pattern(cookies: Mapping[str, str]) -> str:
    """Return the expression of a Cookie header with all these cookies (https://www.rfc-editor.org/rfc/rfc6265#section-4.2)."""
    pairs = [f"{_SPACE}{re.escape(name)}={re.escape(value)}{_SPACE}" for name, value in cookies.items()]
    return _all_of(pairs, ";")


def baggage_pattern(members: Mapping[str, str]) -> str:
    """Return the expression of a baggage header with all these members, with or without properties.

    A value may be percent-encoded where that is needed or allowed; a space also as ``+``, which some senders write.
    Where a header has two members of one key, whose meaning W3C leaves open, one that fits is enough.
    """
    pairs = [
        f"{_SPACE}{_encoded(key)}{_SPACE}={_SPACE}{_encoded(value)}{_SPACE}(?:;[^,]*)?"
        for key, value in members.items()
    ]
    return _all_of(pairs, ",")


def _all_of(pairs: Iterable[str], separator: str) -> str:
    others = f"(?:[^{separator}]*{separator})*"
    orders = [f"{separator}{others}".join(order) for order in permutations(pairs)]
    chosen = orders[0] if len(orders) == 1 else f"(?:{'|'.join(orders)})"
    return f"^{others}{chosen}(?:{separator}.*)?$"


def _encoded(text: str) -> str:
    return "".join(_encoded_character(character) for character in text)


def _encoded_character(character: str) -> str:
    if _UNRESERVED.fullmatch(character):
        return re.escape(character)
    octets = quote(character.encode(), safe="")
    either_case = re.sub(r"[A-F]", lambda digit: f"[{digit[0]}{digit[0].lower()}]", octets)
    if character == " ":
        return rf"(?:{either_case}|\+)"
    return f"(?:{re.escape(character)}|{either_case})" if _BAGGAGE_OCTET.fullmatch(character) else either_case
