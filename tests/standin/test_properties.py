"""Property structs as plain data, and back: nothing is lost, and no secret comes out in the open."""

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from launcher.standin.kubernetes.secret_data import with_secret_data
from launcher.standin.properties import (
    UNKNOWN,
    Secret,
    as_secret_as,
    from_struct,
    has_secret,
    has_unknown,
    redacted,
    to_struct,
    without_secrets,
)

TEXTS = st.text(max_size=8)
PLAIN = st.recursive(
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x % 1)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
MARKED = st.recursive(
    TEXTS | st.integers(0, 9) | TEXTS.map(Secret) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, PLAIN | MARKED, max_size=4))
def test_properties_come_back_as_they_went(properties: dict[str, Any]) -> None:
    assert from_struct(to_struct(properties)) == properties


@pytest.mark.parametrize("number", [8080, 0, -1, 0.5, 2**53, 1e300])
def test_a_whole_number_is_an_int_and_any_other_a_float(number: float) -> None:
    """On the wire every number is a float, and the API server refuses a port of 8080.0."""
    back = from_struct(to_struct({"number": number}))["number"]
    assert back == number
    assert isinstance(back, int) == (number == int(number))


@given(st.dictionaries(TEXTS, MARKED, max_size=4), st.dictionaries(TEXTS, PLAIN, max_size=4))
def test_what_a_pattern_hides_is_hidden(pattern: dict[str, Any], value: dict[str, Any]) -> None:
    marked = as_secret_as(value, pattern)
    assert without_secrets(marked) == value, "marks must not change the value"
    for key in value:
        if isinstance(pattern.get(key), Secret):
            assert isinstance(marked[key], Secret), f"{key} is secret in the pattern"


@given(st.dictionaries(TEXTS, MARKED, max_size=4))
def test_a_value_hides_all_that_it_hid_before(properties: dict[str, Any]) -> None:
    assert as_secret_as(without_secrets(properties), properties) == properties


def test_a_list_of_another_length_is_hidden_as_a_whole() -> None:
    """Which of the new items is the secret one can't be told."""
    assert as_secret_as(["a", "b"], [Secret("a")]) == Secret(["a", "b"])


def test_a_null_is_left_out() -> None:
    struct = struct_pb2.Struct()
    struct.update({"spec": {"replicas": None, "paused": False}})
    assert from_struct(struct) == {"spec": {"paused": False}}, "server-side apply would take a null for a wish"


def test_a_secret_and_an_unknown_look_as_pulumi_writes_them() -> None:
    struct = to_struct({"a": Secret("x"), "b": UNKNOWN})
    assert rpc.is_rpc_secret(dict(struct.fields["a"].struct_value)), "the engine wouldn't know it for a secret"
    assert struct.fields["b"].string_value == rpc.UNKNOWN


def test_an_asset_is_refused() -> None:
    signature = next(iter(rpc.wrap_rpc_secret(None)))
    struct = to_struct({"data": {signature: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}})
    with pytest.raises(ValueError, match="asset"):
        from_struct(struct)


def test_a_kubernetes_secret_is_secret_whatever_the_program_says() -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": "YQ=="},
        "stringData": {"b": "c"},
    }
    marked = with_secret_data(manifest)
    assert (marked["data"], marked["stringData"]) == (Secret({"a": "YQ=="}), Secret({"b": "c"}))
    assert not has_secret(with_secret_data({**manifest, "kind": "ConfigMap"}))


def test_marks_are_found_at_any_depth() -> None:
    assert has_unknown({"a": [{"b": Secret(UNKNOWN)}]})
    assert has_secret({"a": [{"b": Secret(1)}]})
    assert not has_unknown({"a": [1]})


def test_a_message_loses_every_secret_that_it_quotes() -> None:
    inputs = {"spec": {"env": [{"name": "TOKEN", "value": Secret("hunter2")}]}, "other": "users"}
    assert redacted('env: Invalid value: "hunter2" in users', inputs) == 'env: Invalid value: "[secret]" in users'
