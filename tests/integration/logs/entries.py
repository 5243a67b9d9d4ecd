"""Lines as services write them, and what Loki has of them."""

from __future__ import annotations

import json
from typing import Final

from tests.integration.logs.played_node import now
from tests.integration.servers.loki import Entry, Loki

_AT_ONCE: Final = 5000
"""The most entries that Loki gives at once."""


def line(**fields: object) -> str:
    """A line of JSON (docs/services.md)."""
    return json.dumps({"time": now(), "level": "info", "msg": "call answered", **fields})


def found(loki: Loki, query: str, count: int = 1) -> list[Entry]:
    """The entries of a query, as soon as there are so many; the caller sees where there are more."""

    def enough() -> list[Entry]:
        entries = loki.entries(query)
        return entries if len(entries) >= count else []

    return loki.until(enough, f"{query} finds {count}")


def numbers(loki: Loki, name: str) -> list[int]:
    """The field ``number`` of each line of a service that Loki has, sorted."""
    # Without the lines themselves, which may be too many for one answer.
    query = f'{{service_name="{name}"}} | json number="number" | line_format "{{{{.number}}}}"'
    return sorted(int(entry.line) for entry in loki.entries(query, limit=_AT_ONCE))


def until_all(loki: Loki, name: str, count: int, *, within: float = 60.0) -> None:
    """Wait until lines 0 to ``count`` - 1 are in Loki; a failure says which are not. Fails where one is there twice."""

    def missing() -> set[int]:
        return set(range(count)) - set(numbers(loki, name))

    try:
        loki.until(lambda: not missing(), f"all {count} lines of {name} are in Loki", within=within)
    except AssertionError as failure:
        lacking = sorted(missing())
        failure.add_note(f"{len(lacking)} are missing, first: {lacking[:10]}")
        raise
    assert numbers(loki, name) == list(range(count)), "a line is there twice"
