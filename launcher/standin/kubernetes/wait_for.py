"""The `pulumi.com/waitFor` annotation: what a program itself calls ready, for custom resources above all (pure).

https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumicomwaitfor
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANNOTATION = "pulumi.com/waitFor"

_CONDITION = re.compile(r"condition=(?P<type>[^=]+)(=(?P<status>.+))?")
_JSON_PATH = re.compile(r"jsonpath=\{(?P<path>(\.[A-Za-z0-9_-]+)+)\}(=(?P<value>.+))?")
"""Plain fields only, the greater part of what people write: filters and wildcards are the official provider's."""


class MalformedWait(Exception):
    """The annotation says something that the stand-in can't wait for."""


@dataclass(frozen=True)
class Condition:
    """One thing to wait for."""

    path: tuple[str, ...]
    """A field; for a status condition, `status.conditions` and its type."""
    value: str | None
    """What the field must be; None: anything, as long as it is there."""
    text: str
    """As the annotation has it, for messages."""

    def holds(self, live: Mapping[str, Any]) -> bool:
        """Whether the live object has it."""
        found: Any = live
        for key in self.path:
            if isinstance(found, list):
                found = next((item.get("status") for item in found if item.get("type") == key), None)
            else:
                found = found.get(key) if isinstance(found, Mapping) else None
        return found is not None and self.value in (None, _as_text(found))


def conditions(manifest: Mapping[str, Any]) -> tuple[Condition, ...]:
    """What a manifest's annotation asks for; empty if it has none. Raises MalformedWait."""
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    text = annotations.get(ANNOTATION) if isinstance(annotations, Mapping) else None
    if not isinstance(text, str):
        return ()
    try:
        listed = json.loads(text)
    except ValueError:
        listed = [text]
    if not isinstance(listed, list) or not listed or not all(isinstance(item, str) for item in listed):
        raise MalformedWait(f"{text!r} is neither an expression nor a JSON list of expressions")
    return tuple(_parsed(item) for item in listed)


def _parsed(text: str) -> Condition:
    if found := _CONDITION.fullmatch(text):
        return Condition(("status", "conditions", found["type"]), found["status"] or "True", text)
    if found := _JSON_PATH.fullmatch(text):
        return Condition(tuple(found["path"].strip(".").split(".")), found["value"], text)
    raise MalformedWait(
        f"{text!r} can't be waited for: the stand-in knows `condition=TYPE[=STATUS]` and `jsonpath={{.a.b}}[=VALUE]`. "
        "Rewrite it, or install the official plugin."
    )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
