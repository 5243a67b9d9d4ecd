"""What a render says of monitoring: rules, Alertmanager's routes, scrape jobs, wherever they stand. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import promql_parser
import yaml

from .objects import Objects
from .pods import Manifest
from .selectors import Labels

RULE_GROUPS = "groups"
_MATCHER = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*')


@dataclass(frozen=True)
class PlacedRule:
    """A recording rule or an alert, with the object that holds it and the dotted path there."""

    manifest: Manifest
    path: str
    body: Mapping[str, Any]

    @property
    def labels(self) -> Labels:
        """The labels that it sets."""
        return self.body.get("labels") or {}

    @property
    def is_alert(self) -> bool:
        """Whether it is an alert, and no recording rule."""
        return bool(self.body.get("alert"))

    @property
    def expression(self) -> str:
        """Its PromQL."""
        return str(self.body.get("expr") or "")


@dataclass(frozen=True)
class Comparison:
    """A series of which an alert asks that it be above a number."""

    series: str
    above: float
    matchers: tuple[tuple[str, str, str], ...]
    """(label, operator, value)."""

    def covers(self, labels: Labels) -> bool:
        """Whether it looks at a series with these labels."""
        return all(matches(*matcher, labels) for matcher in self.matchers)


def documents(objects: Objects, *keys: str) -> Iterator[tuple[Manifest, str, Mapping[str, Any]]]:
    """Yield each text of a ConfigMap that is a document with these keys at its root, with its path."""
    for config_map in objects.of_kind("ConfigMap"):
        for name, text in (config_map.get("data") or {}).items():
            if isinstance(text, str) and all(key in text for key in keys):
                found = _parsed(text)
                if isinstance(found, Mapping) and all(key in found for key in keys):
                    yield config_map, f"data.{name}", found


def rules(objects: Objects) -> Iterator[PlacedRule]:
    """Yield every rule: of rule files in ConfigMaps, and of PrometheusRules."""
    own = ((manifest, "spec", manifest.get("spec") or {}) for manifest in objects.of_kind("PrometheusRule"))
    for manifest, path, found in (*documents(objects, RULE_GROUPS), *own):
        for position, group in enumerate(found.get(RULE_GROUPS) or []):
            for index, rule in enumerate(group.get("rules") or []):
                yield PlacedRule(manifest, f"{path}.{RULE_GROUPS}[{position}].rules[{index}]", rule)


def conjunction(expression: str) -> tuple[Comparison, ...]:
    """Return the comparisons that must all hold for an alert; nothing for an expression of another form."""
    try:
        parsed = promql_parser.parse(expression)
    except ValueError:
        return ()
    return tuple(_comparisons(parsed))


def _comparisons(found: Any) -> Iterator[Comparison]:
    while isinstance(found, promql_parser.ParenExpr):
        found = found.expr
    if not isinstance(found, promql_parser.BinaryExpr):
        return
    if str(found.op) == "and":
        yield from _comparisons(found.lhs)
        yield from _comparisons(found.rhs)
    series, number = found.lhs, found.rhs
    is_series = isinstance(series, promql_parser.VectorSelector) and isinstance(number, promql_parser.NumberLiteral)
    if str(found.op) == ">" and is_series:
        matchers = tuple((one.name, _OPERATORS[str(one.op)], one.value) for one in series.matchers.matchers)
        yield Comparison(series.name or "", number.val, matchers)


_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


def matches(label: str, operator: str, value: str, labels: Labels) -> bool:
    """Whether labels meet a matcher of Prometheus or Alertmanager; a missing label is an empty one."""
    actual = labels.get(label, "")
    if operator in ("=", "!="):
        return (actual == value) is (operator == "=")
    return (re.fullmatch(value, actual) is not None) is (operator == "=~")


def receiver_of(route: Mapping[str, Any], labels: Labels, inherited: str = "") -> str:
    """Return the receiver of an alert: the deepest, at each step first, route whose matchers all hold.

    https://prometheus.io/docs/alerting/latest/configuration/#route
    """
    own = route.get("receiver") or inherited
    for child in route.get("routes") or []:
        found = [_MATCHER.fullmatch(str(text)) for text in child.get("matchers") or []]
        if all(one is not None and matches(one[1], one[2], one[3], labels) for one in found):
            return receiver_of(child, labels, own)
    return own


@lru_cache(maxsize=512)
def _parsed(text: str) -> Any:
    """Read YAML, or JSON, which is YAML; None for what is neither. Nobody may change what is returned."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError:
        return None
