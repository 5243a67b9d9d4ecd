"""What the translations have in common: nothing that they don't understand is dropped silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.quantities import DURATION

Config = dict[str, Any]
"""A part of Envoy's configuration."""


def known(mapping: Mapping[str, Any], *fields: str) -> Mapping[str, Any]:
    """Return the mapping, once it is clear that it says nothing but these fields."""
    unknown = set(mapping) - set(fields)
    if unknown:
        raise NotImplementedError(f"the test's translation does not know {', '.join(sorted(unknown))}: teach it")
    return mapping


def seconds(duration: str) -> str:
    """Write a duration as Envoy reads it: ``1.5s``."""
    found = DURATION.fullmatch(duration)
    assert found, duration
    days, hours, minutes, whole, milliseconds = (float(part or 0) for part in found.groups())
    assert not days, f"{duration} has days, which neither API knows"
    return f"{hours * 3600 + minutes * 60 + whole + milliseconds / 1000:g}s"


def type_url(name: str) -> str:
    """Return the URL of a type, by its name behind ``envoy.``."""
    return f"type.googleapis.com/envoy.{name}"


def fraction(percent: float) -> Config:
    """Return a share of requests; Istio keeps four digits behind the point of a percentage."""
    return {"numerator": round(percent * 10_000), "denominator": "MILLION"}
