"""Every expression of a platform: its recording rules, its alerts, and the queries of its dashboards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import promql_parser
import yaml
from promql_parser import VectorSelector

from components.observability.dashboards.index import config_map_name, entries
from components.observability.names import RULES
from tests.integration.observability.watched import Watched

_GRAFANA: Final = {"$__rate_interval": "1m", "$__interval": "15s", "$__range": "5m"}
"""What Grafana fills in by itself."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule as Prometheus gets it."""

    name: str
    """What is recorded, or the alert's name."""
    is_alert: bool
    expression: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query of a panel, with everything chosen that its dashboard lets one choose."""

    where: str
    """Dashboard and panel."""
    expression: str


def rules(watched: Watched) -> list[Rule]:
    """All rules, in all files."""
    files = [yaml.safe_load(text) for text in watched.platform.config_maps[RULES].values()]
    return [
        Rule(
            name=rule.get("alert") or rule["record"],
            is_alert="alert" in rule,
            expression=rule["expr"],
            labels=rule.get("labels", {}),
        )
        for file in files
        for group in file["groups"]
        for rule in group["rules"]
    ]


def dashboard_queries(watched: Watched) -> list[Query]:
    """All queries of all dashboards that the platform has."""
    found = []
    for entry in entries(watched.args):
        (text,) = watched.platform.config_maps[config_map_name(entry.uid)].values()
        dashboard = json.loads(text)
        chosen = dict(_choices(dashboard))
        for panel in _panels(dashboard["panels"]):
            for target in panel.get("targets", ()):
                where = f"{entry.uid}: {panel['title']}"
                found.append(Query(where=where, expression=_filled(target["expr"], chosen)))
    return found


def selectors(expression: str) -> list[VectorSelector]:
    """The selectors of series in an expression."""
    found: list[VectorSelector] = []

    def look(node: object) -> None:
        if isinstance(node, VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), look)
    return found


def _choices(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A dashboard's variables, each with the value for everything."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "datasource":
            yield f"${variable['name']}", variable.get("allValue") or variable["current"]["value"]


def _panels(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        yield panel
        yield from _panels(panel.get("panels", []))


def _filled(expression: str, chosen: Mapping[str, str]) -> str:
    # The longest names first: $service is the beginning of $service_of_another.
    for name, value in sorted({**_GRAFANA, **chosen}.items(), key=lambda pair: -len(pair[0])):
        expression = expression.replace(name, value)
    assert not re.search(r"\$[a-zA-Z_{]", expression), f"a variable that nothing fills in: {expression}"
    return expression
