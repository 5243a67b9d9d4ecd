"""Service level objectives: which share of a service's requests is to succeed, and which is to be fast.

The method is that of the SRE workbook (https://sre.google/workbook/alerting-on-slos/).
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from components.faults import fault
from components.scalars import matching
from components.specs.base import Finding, Spec
from components.units import Percent, PositiveDuration

LEAST_OBJECTIVE: Final = 94.0
"""Percent. Below it a service that fails every request spends its budget less than 14.4 times too fast, so that the
alert for fast spending could never fire."""

Quantile = Annotated[
    str,
    matching(re.compile(r"p\d{2,3}"), "a quantile", "no metric has this name", "write p50, p95, p99 or p999"),
    WithJsonSchema({"type": "string", "pattern": r"^p\d{2,3}$", "examples": ["p95"]}),
]
"""A share of requests, as people call it: ``p99`` is 99 %, ``p999`` is 99.9 %."""


def quantile_percent(quantile: str) -> float:
    """Return a quantile as a percentage: ``p99`` is 99.0, ``p999`` is 99.9."""
    digits = quantile.removeprefix("p")
    return int(digits) / 10 ** (len(digits) - 2)


class Objective(Spec):
    """What a service promises, over a rolling window. ``latency: {p99: 500ms}`` promises 99 % of requests in 500 ms."""

    availability: Percent | None = Field(None, description="Share of requests that don't fail by the server's fault.")
    latency: dict[Quantile, PositiveDuration] = Field({}, description="Quantile → how long it may take.")
    window: PositiveDuration = Field(timedelta(days=30), description="Over which the error budget is counted.")

    def findings(self) -> Iterator[Finding]:
        """Yield promises that can't be kept, can't be alerted on, or are none."""
        if self.availability is None and not self.latency:
            yield (
                (),
                fault(
                    "promises neither availability nor latency",
                    consequence="there would be no budget to spend",
                    fix="name one: {availability: 99.9%, latency: {p99: 500ms}}",
                ),
            )
        shares: list[tuple[tuple[str, ...], float]] = [
            (("latency", quantile), quantile_percent(quantile)) for quantile in self.latency
        ]
        if self.availability is not None:
            shares.insert(0, (("availability",), self.availability))
        for location, share in shares:
            if share >= 100:
                yield (
                    location,
                    fault(
                        f"asks for {share:g}%",
                        consequence="the error budget would be empty, and a single failed request a reason to page",
                        fix="promise less than 100%, e.g. 99.9%",
                    ),
                )
            elif share < LEAST_OBJECTIVE:
                yield (
                    location,
                    fault(
                        f"asks for {share:g}%, less than {LEAST_OBJECTIVE:g}%",
                        consequence="even a full outage would spend the budget too slowly for the fast alert to fire",
                        fix="promise 94% or more, e.g. p95 in place of p90",
                    ),
                )
        if self.window < timedelta(days=3):
            yield (
                ("window",),
                fault(
                    "is shorter than 3d",
                    consequence="the slowest of the burn-rate alerts looks back over three days",
                    fix="make it 3d or longer; 28d and 30d are usual",
                ),
            )
