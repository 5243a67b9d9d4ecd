"""Pulumi's property structs as plain data, and back (pure).

Plain data is dict, list, str, int, float, bool and None, plus two marks: `Secret` around a secret value, and `UNKNOWN`
in the place of a value that a preview can't know.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in the state and never shows."""

    value: Any


class Unknown:
    """The type of `UNKNOWN`, of which there is one."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> "Unknown":
        return self

    def __deepcopy__(self, memo: object) -> "Unknown":
        return self


UNKNOWN = Unknown()

_SIGNATURE, _VALUE = rpc.wrap_rpc_secret(None)
_SECRET = rpc.wrap_rpc_secret(None)[_SIGNATURE]
"""A secret on the wire is an object: a signature that says so, and the value (taken from Pulumi's own wrapper)."""

_UNKNOWN_MARKS = frozenset(
    {
        rpc.UNKNOWN,  # a string, or a value of any type
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
"""What stands for an unknown on the wire: `Unknown*Value` in Pulumi's sdk/go/common/resource/plugin/rpc.go."""

_SHORTEST_HIDDEN = 3
"""Characters: shorter secrets would blot out half of any message; the engine's own filter draws the same line."""


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A property struct as plain data. Numbers travel as floats: whole ones become ints. Null entries are left out.

    Raises ValueError for an asset, an archive or a resource reference: no input of a stand-in is one.
    """
    return {key: _from_value(value) for key, value in struct.fields.items() if not _is_null(value)}


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain data as a property struct."""
    return struct_pb2.Struct(fields={key: _to_value(value) for key, value in properties.items()})


def _is_null(value: struct_pb2.Value) -> bool:
    return value.WhichOneof("kind") in ("null_value", None)


def _from_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWN_MARKS else value.string_value
        case "number_value":
            whole = int(value.number_value) if math.isfinite(value.number_value) else None
            return whole if whole == value.number_value else value.number_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "struct_value":
            return _from_struct_or_mark(value.struct_value)
    return None


def _from_struct_or_mark(struct: struct_pb2.Struct) -> Any:
    if _SIGNATURE not in struct.fields:
        return from_struct(struct)
    if struct.fields[_SIGNATURE].string_value == _SECRET:
        value = _from_value(struct.fields[_VALUE])
        return value if isinstance(value, Secret) else Secret(value)
    raise ValueError("an asset, an archive or a resource stands where plain data is expected")


def _to_value(value: Any) -> struct_pb2.Value:
    match value:
        case Secret(value=inner):
            return _to_value(rpc.wrap_rpc_secret(inner))
        case Unknown():
            return _to_value(rpc.UNKNOWN)
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_to_value(item) for item in value]))
        case Mapping():
            return struct_pb2.Value(struct_value=to_struct(value))
    return _to_scalar(value)


def _to_scalar(value: Any) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
    raise TypeError(f"no property holds a {type(value).__name__}")


def without_secrets(value: Any) -> Any:
    """The same data with every `Secret` mark taken off."""
    match value:
        case Secret(value=inner):
            return without_secrets(inner)
        case dict():
            return {key: without_secrets(item) for key, item in value.items()}
        case list():
            return [without_secrets(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether any part of the data is unknown."""
    match value:
        case Unknown():
            return True
        case Secret(value=inner):
            return has_unknown(inner)
        case dict():
            return any(has_unknown(item) for item in value.values())
        case list():
            return any(has_unknown(item) for item in value)
    return False


def has_secret(value: Any) -> bool:
    """Whether any part of the data is marked as secret."""
    match value:
        case Secret():
            return True
        case dict():
            return any(has_secret(item) for item in value.values())
        case list():
            return any(has_secret(item) for item in value)
    return False


def as_secret_as(value: Any, pattern: Any) -> Any:
    """`value` with the marks of `pattern` at the same places.

    A list whose length differs is secret as a whole if any part of its pattern is: better one mark too many than a
    secret in the open.
    """
    if isinstance(value, Secret):
        return value
    match pattern:
        case Secret():
            return Secret(value)
        case dict() if isinstance(value, dict):
            return {key: as_secret_as(item, pattern.get(key)) for key, item in value.items()}
        case list() if isinstance(value, list) and len(value) == len(pattern):
            return [as_secret_as(item, like) for item, like in zip(value, pattern, strict=True)]
    return Secret(value) if has_secret(pattern) else value


def secret_texts(value: Any, hidden: bool = False) -> Iterator[str]:
    """Every secret text in the data, for `redacted`."""
    match value:
        case Secret(value=inner):
            yield from secret_texts(inner, hidden=True)
        case dict():
            for item in value.values():
                yield from secret_texts(item, hidden)
        case list():
            for item in value:
                yield from secret_texts(item, hidden)
        case str() if hidden and len(value) >= _SHORTEST_HIDDEN:
            yield value


def redacted(message: str, value: Any) -> str:
    """The message with every secret of `value` (data with its marks) blotted out."""
    for text in sorted(set(secret_texts(value)), key=len, reverse=True):
        message = message.replace(text, "[secret]")
    return message
