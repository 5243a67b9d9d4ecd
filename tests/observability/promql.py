"""What PromQL expressions are made of, by a parser of its own: https://pypi.org/project/promql-parser."""

from __future__ import annotations

from dataclasses import dataclass

import promql_parser
from promql_parser import Expr, VectorSelector


@dataclass(frozen=True, kw_only=True)
class Selector:
    """A metric as an expression asks for it."""

    metric: str
    labels: frozenset[str]
    """Those that it is matched by."""


def selectors(expression: str) -> list[Selector]:
    """The selectors of an expression. ValueError where it is no PromQL, or a selector names no metric."""
    found: list[VectorSelector] = []

    def visit(node: Expr) -> None:
        if isinstance(node, VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return [_selector(expression, node) for node in found]


def metric_names(expression: str) -> set[str]:
    """The metrics and recorded series that an expression names. ValueError where it is no PromQL."""
    return {selector.metric for selector in selectors(expression)}


def _selector(expression: str, node: VectorSelector) -> Selector:
    matchers = node.matchers.matchers
    name = node.name or next((one.value for one in matchers if one.name == "__name__"), None)
    if name is None:
        raise ValueError(f"{expression}: a selector names no metric")
    return Selector(metric=name, labels=frozenset(one.name for one in matchers if one.name != "__name__"))
