"""Queries on recorded series as one would have to write them without recording rules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.observability.dashboards.index import HOME, config_map_name
from components.observability.names import RULES
from stacks.schema.platform import Platform

_RECORDED: Final = re.compile(r"(?<![\w:\"])((?:[a-z_]+:)+[a-z0-9_]+)(?:\{([^}]*)\})?(\[)?")
_EQUAL: Final = re.compile(r'\s*(\w+)="([^"]*)"\s*')


@dataclass(frozen=True)
class Pair:
    """A query of a dashboard, and the same without recorded series."""

    recorded: str
    raw: str


def overview_pairs(platform: Platform) -> list[Pair]:
    """Return the queries of the home dashboard that use recorded series of requests, each with its raw form.

    Those on budgets are left out: their raw form would look at every request of 30 days. So are those that ask for
    objects of the cluster besides, of which nothing is recorded.
    """
    (text,) = platform.config_maps[config_map_name(HOME)].values()
    panels = json.loads(text)["panels"]
    queries = dict.fromkeys(target["expr"] for panel in panels for target in panel.get("targets", ()))
    rules = _rules(platform.config_maps[RULES])
    chosen = [query for query in queries if re.search("service:(request|errors)", query) and "kube_" not in query]
    return [Pair(query, expanded(query, rules)) for query in chosen]


def expanded(query: str, rules: Mapping[str, Sequence[Any]]) -> str:
    """Return a query in which each recorded series is replaced by what records it, down to what is scraped.

    Raises ValueError for a range of a recorded series, which has no raw form of the same cost.
    """

    def raw(match: re.Match[str]) -> str:
        name, matchers, ranged = match.groups()
        if ranged:
            raise ValueError(f"{query}: {name} is asked for over a range")
        wanted = dict(_EQUAL.findall(matchers or ""))
        found = [rule for rule in rules[name] if wanted.items() <= rule.get("labels", {}).items()]
        return (
            "(" + " or ".join(_labelled(expanded(rule["expr"], rules), rule.get("labels", {})) for rule in found) + ")"
        )

    return _RECORDED.sub(raw, query)


def _labelled(expression: str, labels: Mapping[str, str]) -> str:
    for name, value in labels.items():
        expression = f'label_replace({expression}, "{name}", "{value}", "", "")'
    return expression


def _rules(files: Mapping[str, str]) -> dict[str, list[Any]]:
    rules: dict[str, list[Any]] = {}
    for text in files.values():
        for group in json.loads(text)["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    rules.setdefault(rule["record"], []).append(rule)
    return rules
