"""What a dashboard is set to show, and the answers to its queries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from tests.observability.dashboards.panels import Json

_LABEL: Final = re.compile(r"\{\{(\w+)\}\}")


class Sample(Protocol):
    """A value of a series."""

    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def value(self) -> float: ...
    @property
    def at(self) -> float: ...


class Prometheus(Protocol):
    """Who answers the queries."""

    def query(self, expression: str, *, at: float | None = None) -> Sequence[Sample]: ...
    def series(self, expression: str, *, start: float, end: float, step: float) -> Sequence[Sequence[Sample]]: ...


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a dashboard is set to show."""

    prometheus: Prometheus
    start: float
    """Seconds since 1970, as the next one."""
    end: float
    choices: Mapping[str, str] = field(default_factory=dict)
    """Variable → what is chosen, as an expression; what a dashboard chooses by itself need not be named."""
    rate: str = "15s"
    """In place of $__rate_interval."""

    def filled(self, expression: str) -> str:
        """Put choices in the places of variables."""
        for name, value in {"__rate_interval": self.rate, **self.choices}.items():
            expression = expression.replace(f"${name}", value)
        return expression

    def lines(self, target: Json) -> list[tuple[str, list[float], list[float]]]:
        """Each series of a query: its name, its times and its values."""
        step = (self.end - self.start) / 240
        found = self.prometheus.series(self.filled(target["expr"]), start=self.start, end=self.end, step=step)
        return sorted(
            (
                _LABEL.sub(
                    lambda label, one=one: one[0].labels.get(label[1], ""), target.get("legendFormat", "")
                ).strip(),
                [sample.at for sample in one],
                [sample.value for sample in one],
            )
            for one in found
            if one
        )


def chosen(dashboard: Json) -> dict[str, str]:
    """Return what somebody sees who has chosen nothing: a variable's first value, or all of them."""
    return {
        one["name"]: one["allValue"] if one["current"]["value"] == "$__all" else one["current"]["value"]
        for one in dashboard["templating"]["list"]
        if one["type"] != "datasource"
    }
