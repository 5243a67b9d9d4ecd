"""What a program sends to the engine, as plain data in which secrets and values not yet known remain visible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime import rpc


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in its state and hides in its output."""

    value: Any = field(repr=False)


def decoded(struct: Struct) -> dict[str, Any]:
    """The properties of a request: secrets as `Secret`, whole numbers as int.

    The SDK's own reader would move a secret from deep inside up to the property that holds it, and so hide whether the
    rest of that property was secret as well.
    """
    return {key: _decoded(value) for key, value in struct.fields.items()}


def _decoded(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            content = decoded(value.struct_value)
            if content.get(rpc._special_sig_key) == rpc._special_secret_sig:
                return Secret(content["value"])
            return content
        case "list_value":
            return [_decoded(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number == int(number) else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def revealed(value: Any) -> Any:
    """The same data with what the secrets hold in their place."""
    return _replaced(value, lambda secret: revealed(secret.value))


def hidden(value: Any) -> Any:
    """The same data with a fixed word in place of each secret: what anybody can see of it."""
    return _replaced(value, lambda _: "[secret]")


def _replaced(value: Any, instead_of: Any) -> Any:
    match value:
        case Secret():
            return instead_of(value)
        case Mapping():
            return {key: _replaced(item, instead_of) for key, item in value.items()}
        case list():
            return [_replaced(item, instead_of) for item in value]
        case _:
            return value
