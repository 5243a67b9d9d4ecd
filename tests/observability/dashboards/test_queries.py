"""Queries of dashboards: Prometheus takes them, and they ask for nothing but what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from components.observability.rules.groups import rule_groups
from components.observability.rules.model import RecordingRule
from tests.observability.dashboards import panels
from tests.observability.dashboards.panels import Json
from tests.observability.dashboards.rendered import every, rendered, sample
from tests.observability.foreign_metrics import SOURCES, TARGET, labels_by_metric
from tests.observability.promql import metric_names
from tests.observability.rules import promtool
from tests.observability.rules.platforms import PLATFORMS

RECORDED_LABELS: Final = TARGET | {"interface", "method", "le", "slo"}


@cache
def known() -> dict[str, frozenset[str]]:
    """Every metric that is exported or recorded → its labels."""
    groups = rule_groups(PLATFORMS["everything"])
    recorded = [rule.record for group in groups for rule in group.rules if isinstance(rule, RecordingRule)]
    return labels_by_metric() | dict.fromkeys(recorded, RECORDED_LABELS)


@pytest.mark.parametrize("dashboard", every())
def test_queries_name_only_metrics_and_labels_that_are_exported_or_recorded(dashboard: Json) -> None:
    assert list(panels.unknown(dashboard, known())) == []


@pytest.mark.parametrize(
    ("expression", "seen"),
    [
        ("sum(rate(http_requests_total[5m]))", "Requests: nobody exports http_requests_total"),
        ('go_goroutines{pool="a"}', "Requests: go_goroutines has no pool"),
    ],
)
def test_a_query_of_what_nobody_exports_is_seen(expression: str, seen: str) -> None:
    dashboard = sample()
    panels.panels(dashboard)[0]["targets"][0]["expr"] = expression
    assert list(panels.unknown(dashboard, known())) == [seen]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_recorded_series_is_asked_for_only_where_it_is_recorded(platform: str) -> None:
    """The rules of a platform are those that its metrics allow."""
    groups = rule_groups(PLATFORMS[platform])
    recorded = {rule.record for group in groups for rule in group.rules if isinstance(rule, RecordingRule)}
    asked = {name for query in _queries(platform) for name in metric_names(query) if ":" in name}
    assert asked <= recorded


def test_every_metric_in_the_tables_is_used() -> None:
    """Somebody compares each with what is really exported: that is to be worth it."""
    ruled = [rule.expression for group in rule_groups(PLATFORMS["everything"]) for rule in group.rules]
    used = {name for query in [*_queries("everything"), *ruled] for name in metric_names(query)}
    assert {name for source in SOURCES.values() for name in source.metrics} - used == set()


def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    queries = {query for platform in PLATFORMS for query in _queries(platform)}
    assert len(queries) > 100
    assert refused(tmp_path, sorted(queries)) == ""


def test_a_query_that_prometheus_refuses_is_seen(tmp_path: Path) -> None:
    assert "parse error" in refused(tmp_path, ["sum by (rate(up[5m]))"])


@pytest.mark.parametrize(
    ("platform", "proxies"), [("everything", ("source", "destination")), ("ambient", ("waypoint",))]
)
def test_a_connection_that_the_proxies_of_both_sides_tell_of_is_counted_once(
    platform: str, proxies: tuple[str, ...], tmp_path: Path
) -> None:
    """Both proxies beside the Pods report it, and only the caller's where what is called is outside the mesh."""
    called = [("cache", proxy) for proxy in proxies] + [("users-db", proxies[0])]
    series = {
        f'istio_tcp_{what}_total{{destination_service_name="{name}",reporter="{proxy}"}}': "0+60x20"
        for what in ("connections_opened", "sent_bytes", "received_bytes")
        for name, proxy in called
    }
    each = {f'{{destination_service_name="{name}"}}': 1.0 for name, _ in called}
    expected = {query: each for _, query in panels.expressions(rendered(platform)["mesh"]) if "istio_tcp_" in query}
    assert len(expected) == 3
    step = timedelta(minutes=1)
    assert promtool.evaluate(tmp_path, {}, series, expected, at=10 * step, step=step) == ""


def refused(folder: Path, queries: list[str]) -> str:
    """What promtool says of expressions, as rules: it parses them as the server does. Empty where it takes them all."""
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    files = promtool.write(folder, {"queries.json": json.dumps({"groups": [{"name": "queries", "rules": rules}]})})
    checked = promtool.run(folder, "check", "rules", "--lint=none", *files)
    return checked.stdout if checked.returncode else ""


def _queries(platform: str) -> Iterator[str]:
    for dashboard in rendered(platform).values():
        for _, query in panels.expressions(dashboard):
            yield query
