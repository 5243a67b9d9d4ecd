"""Grafana's schema of dashboards, as its library states it: the types of the models that are made from Grafana's own.

A dashboard conforms if it survives being read and written, as the library drops what it doesn't know, and if each value
is of its field's type.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()


def problems(dashboard: dict[str, Any]) -> list[str]:
    """What is wrong with a dashboard as Grafana would read it."""
    read = Dashboard.from_json(dashboard)
    written = json.loads(json.dumps(read, cls=JSONEncoder))
    return [*_differences(dashboard, written, "dashboard"), *_mistyped(read, Dashboard, "dashboard")]


def _differences(given: Any, kept: Any, path: str) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(kept, dict):
        for key in given.keys() | kept.keys():
            if key not in kept:
                yield f"{path}.{key} is unknown to Grafana"
            elif key in given:
                yield from _differences(given[key], kept[key], f"{path}.{key}")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for place, (one, other) in enumerate(zip(given, kept, strict=True)):
            yield from _differences(one, other, f"{path}[{place}]")
    elif given != kept:
        yield f"{path} is {given!r}, and Grafana keeps {kept!r}"


def _mistyped(value: Any, hint: Any, path: str) -> Iterator[str]:
    if hasattr(value, "to_json"):
        for name, expected in get_type_hints(type(value)).items():
            yield from _mistyped(getattr(value, name), expected, f"{path}.{name}")
    elif hasattr(hint, "from_json") and isinstance(value, dict):
        yield from _mistyped(hint.from_json(value), hint, path)
    elif get_origin(hint) in {Union, types.UnionType}:
        found = [list(_mistyped(value, branch, path)) for branch in get_args(hint)]
        yield from min(found, key=len)
    elif get_origin(hint) is list and isinstance(value, list):
        for place, one in enumerate(value):
            yield from _mistyped(one, get_args(hint)[0], f"{path}[{place}]")
    elif not _fits(value, hint):
        yield f"{path} is {value!r}, which is no {hint}"


def _fits(value: Any, hint: Any) -> bool:
    if hint in {Any, object}:
        return True
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is dict:
        return isinstance(value, dict)
    if not isinstance(hint, type):
        return False
    if issubclass(hint, Enum):
        return value in {member.value for member in hint}
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))
