"""What a live object says today about the fields that the program set (pure).

The API server adds defaults, status and other managers' fields to an object; none of them is drift. Which lists are
merged item by item, and by which keys, stands in the object's own `metadata.managedFields`:
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from launcher.standin.kubernetes.secret_data import with_string_data

Fields = Sequence[Mapping[str, Any]]
"""What each manager owns at one place of the object, in the `FieldsV1` notation."""

_OWN_AND_INTERNAL = ("apiVersion", "kind")


def live_inputs(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The program's inputs with the values that the live object has now.

    A field that somebody removed is left out; an entry that somebody added is shown only in a list that is one value to
    the API server.
    """
    managed = (live.get("metadata") or {}).get("managedFields") or []
    fields = [entry["fieldsV1"] for entry in managed if entry.get("fieldsV1")]
    seen = _seen(inputs, with_string_data(live, inputs), fields)
    return {**seen, **{key: inputs[key] for key in _OWN_AND_INTERNAL if key in inputs}}


def _seen(wanted: Any, live: Any, fields: Fields) -> Any:
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return {
            key: _seen(value, live[key], _below(fields, f"f:{key}")) for key, value in wanted.items() if key in live
        }
    if isinstance(wanted, list) and isinstance(live, list):
        return _seen_list(wanted, live, fields)
    return live


def _below(fields: Fields, key: str) -> Fields:
    return [entry[key] for entry in fields if entry.get(key)]


def _seen_list(wanted: list[Any], live: list[Any], fields: Fields) -> list[Any]:
    marks = {key for entry in fields for key in entry}
    keys = next((tuple(json.loads(mark[2:])) for mark in sorted(marks) if mark.startswith("k:")), ())
    if keys:
        pairs = [(item, _same_item(item, live, keys)) for item in wanted]
        return [_seen(item, found, _of_item(fields, found, keys)) for item, found in pairs if found is not None]
    if any(mark.startswith("v:") for mark in marks):
        return [item for item in wanted if item in live]
    shared = [_seen(item, found, ()) for item, found in zip(wanted, live, strict=False)]
    return shared + live[len(shared) :]


def _same_item(wanted: Any, live: list[Any], keys: tuple[str, ...]) -> Any:
    """The live item with the wanted one's keys. A key that the program leaves to its default isn't compared."""
    if not isinstance(wanted, Mapping):
        return None
    given = [key for key in keys if key in wanted]
    return next((item for item in live if all(item.get(key) == wanted[key] for key in given)), None)


def _of_item(fields: Fields, item: Mapping[str, Any], keys: tuple[str, ...]) -> Fields:
    identity = {key: item.get(key) for key in keys}
    return [
        below
        for entry in fields
        for mark, below in entry.items()
        if mark.startswith("k:") and json.loads(mark[2:]) == identity
    ]
