"""Every rule, alert and dashboard finds what it asks for, in the metrics of everything that runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import pytest
from promql_parser import VectorSelector

from tests.integration.observability.observed import Observed
from tests.integration.observability.platforms import EVERY
from tests.integration.observability.queries import dashboard_queries, rules, selectors
from tests.integration.observability.watched import Watched
from tests.integration.servers.processes import eventually
from tests.integration.servers.prometheus import Rule as Evaluated

_PAUSE: Final = 1.0
"""Seconds between two rounds of questions."""
_WARM: Final = 90.0
"""Seconds until the last rule has something to work with: rules build on each other, and rates on two scrapes."""


@pytest.fixture(params=EVERY)
def watched(observed: Observed, request: pytest.FixtureRequest) -> Watched:
    return observed.platforms[request.param]


def silent(watched: Watched, asked: Iterable[tuple[str, str]], *, within: float = _WARM) -> list[str]:
    """Those of some (name, expression) that return nothing, however long one waits."""
    left = dict.fromkeys(asked)

    def all_answered() -> bool:
        time.sleep(_PAUSE)
        for one in [one for one in left if watched.prometheus.query(one[1])]:
            del left[one]
        return not left

    with suppress(AssertionError):
        eventually(all_answered, "all return something", within=within)
    return [f"{name}: {expression}" for name, expression in left]


def test_every_rule_is_evaluated_without_an_error(watched: Watched) -> None:
    def evaluated() -> list[Evaluated]:
        found = watched.prometheus.rules()
        return found if all(one.health != "unknown" for one in found) else []

    known = watched.prometheus.until(evaluated, "rules are evaluated")
    assert sorted(one.name for one in known) == sorted(one.name for one in rules(watched)), "all were read"
    assert [f"{one.name}: {one.error}" for one in known if one.health != "ok"] == []


def test_every_recording_rule_records_something(watched: Watched) -> None:
    recorded = [(one.name, one.name + _selected(one.labels)) for one in rules(watched) if not one.is_alert]
    assert not (found := silent(watched, recorded)), listed(found)


def test_every_alert_looks_at_series_that_are_there(watched: Watched) -> None:
    """An alert is silent in good times, so its parts are asked; of results, only that they are told apart."""
    parts = [(one.name, _parted(part)) for one in rules(watched) if one.is_alert for part in selectors(one.expression)]
    assert not (found := silent(watched, parts)), listed(found)


def test_every_query_of_every_dashboard_returns_something(watched: Watched) -> None:
    asked = [(one.where, one.expression) for one in dashboard_queries(watched)]
    assert not (found := silent(watched, asked)), listed(found)


def test_a_query_of_what_nobody_exports_is_seen(observed: Observed) -> None:
    """The tests above can fail."""
    asked = [("planted", "http_server_requests_total"), ("real", "up")]
    assert silent(observed.plain, asked, within=1.0) == ["planted: http_server_requests_total"]


def listed(found: Iterable[str]) -> str:
    return "without any data:\n" + "\n".join(found)


def _selected(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


_RESULTS: Final = frozenset({"code", "outcome", "response_code", "grpc_response_status", "reason", "phase"})
"""Labels that say how something went. That it went badly is not to be waited for."""


def _parted(part: VectorSelector) -> str:
    matchers = [f'{one.name}!=""' if one.name in _RESULTS else str(one) for one in part.matchers.matchers]
    return (part.name or "") + "{" + ",".join(matchers) + "}"
