"""What changed between two trees of plain data (pure)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Path = tuple[str | int, ...]
"""Where in the data: keys and list positions."""

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_ABSENT = object()


class Kind(Enum):
    """What happened to a field."""

    ADD = auto()
    DELETE = auto()
    UPDATE = auto()


@dataclass(frozen=True)
class Change:
    """One field that changed."""

    path: Path
    kind: Kind
    replaces: bool = False
    """Whether this change forces a replacement of the whole resource."""


@dataclass(frozen=True)
class Difference:
    """All that changed between a resource's old inputs and its new ones."""

    changes: tuple[Change, ...]
    delete_before_replace: bool = False
    """Whether the old resource must go before the new one can be."""

    @property
    def replaces(self) -> bool:
        """Whether any change forces a replacement."""
        return any(change.replaces for change in self.changes)


def at(value: Any, path: Path) -> Any:
    """What stands at a path of keys; a mark that equals nothing else where there is nothing."""
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def changes(old: Any, new: Any, path: Path = ()) -> Iterator[Change]:
    """Every leaf that differs between two trees without secret marks."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from changes(old.get(key, _ABSENT), new.get(key, _ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else _ABSENT
            after = new[index] if index < len(new) else _ABSENT
            yield from changes(before, after, (*path, index))
    elif old is _ABSENT:
        yield Change(path, Kind.ADD)
    elif new is _ABSENT:
        yield Change(path, Kind.DELETE)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield Change(path, Kind.UPDATE)


def written(path: Path) -> str:
    """A path in Pulumi's notation: `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN_KEY.fullmatch(key):
            text += f".{key}" if text else key
        else:
            escaped = key.replace('"', '\\"')
            text += f'["{escaped}"]'
    return text
