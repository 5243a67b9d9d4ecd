"""What containers print comes out of Loki: whole, in one entry each, found by its trace, without its secrets."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Final

import pytest

from tests.integration.logs import agents
from tests.integration.logs.agents import NODE, READ, Node
from tests.integration.logs.entries import found, line
from tests.integration.logs.played_node import PIECE, cut, now
from tests.integration.logs.traces_of_programs import GO_PANIC, JAVA_EXCEPTION, PYTHON_TRACEBACK
from tests.integration.servers.loki import Loki
from tests.observability.logs.logged import logged


def test_a_line_is_found_by_its_trace_with_where_it_came_from(node: Node, loki: Loki, name: str) -> None:
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    container = node.container(name)
    container.write(line(level="warn", trace_id=trace, span_id=span, seconds=0.25))
    (entry,) = found(loki, f'{{service_name="{name}"}} | trace_id="{trace}"')
    assert json.loads(entry.line)["seconds"] == 0.25, "the line is as the service has written it"
    expected = {
        "span_id": span,
        "severity_text": "warn",
        "k8s_namespace_name": "shop",
        "k8s_pod_name": container.pod,
        "k8s_pod_uid": container.uid,
        "k8s_container_name": name,
        "k8s_node_name": NODE,
        "log_iostream": "stdout",
    }
    assert expected.items() <= entry.labels.items()
    assert {"service_name", "k8s_namespace_name"} <= loki.labels()
    assert not {"trace_id", "k8s_pod_name"} & loki.labels(), "each value would be a stream of its own"


def test_the_time_is_the_one_that_the_service_says(node: Node, loki: Loki, name: str) -> None:
    node.container(name).write(json.dumps({"time": now()[:19] + ".125Z", "level": "info", "msg": "early"}))
    (entry,) = found(loki, f'{{service_name="{name}"}}')
    assert entry.at % 1 == pytest.approx(0.125, abs=1e-6)


def test_a_line_that_is_no_json_is_kept_as_it_is(node: Node, loki: Loki, name: str) -> None:
    node.container(name).write('{"half": \nplain text, with  blanks  ')
    assert [entry.line for entry in found(loki, f'{{service_name="{name}"}}', 2)] == [
        '{"half": ',
        "plain text, with  blanks  ",
    ]


@pytest.mark.parametrize("text", [JAVA_EXCEPTION, GO_PANIC, PYTHON_TRACEBACK], ids=["Java", "Go", "Python"])
def test_a_stack_trace_is_one_entry(node: Node, loki: Loki, name: str, text: str) -> None:
    node.container(name).write(text, stream="stderr")
    (entry,) = found(loki, f'{{service_name="{name}"}}')
    assert entry.line == text.rstrip("\n")
    assert entry.labels["severity_text"] == "error", "it is found among the errors"


def test_streams_are_not_mixed(node: Node, loki: Loki, name: str) -> None:
    """A trace on one stream, long lines on the other: the file has them line by line."""
    container, long = node.container(name), line(text="x" * 3 * PIECE)
    pieces, trace = cut(long, "stdout"), [cut(one, "stderr")[0] for one in JAVA_EXCEPTION.splitlines()]
    assert len(pieces) > 2, "the line is cut"
    mixed = [one for pair in zip(trace, pieces, strict=False) for one in pair]
    container.append([*mixed, *trace[len(pieces) :]])
    whole = json.dumps(json.loads(long), sort_keys=True, separators=(",", ":"))
    entries = found(loki, f'{{service_name="{name}"}}', 2)
    assert {entry.line for entry in entries} == {JAVA_EXCEPTION.rstrip("\n"), whole}


def test_two_events_are_two_entries(node: Node, loki: Loki, name: str) -> None:
    """The test of stack traces can fail."""
    node.container(name).write("first\nsecond\nthird", stream="stderr")
    assert len(found(loki, f'{{service_name="{name}"}}', 3)) == 3


def test_another_namespace_is_not_read(node: Node, loki: Loki, name: str) -> None:
    for namespace in ("kube-system", "shop-agents", "shopping"):
        node.container(f"{name}-foreign", namespace=namespace).write(line())
    node.container(name).write(line())
    found(loki, f'{{service_name="{name}"}}')
    assert not loki.entries(f'{{service_name="{name}-foreign"}}')


SECRETS: Final = {
    "a password in a field": {"password": "hunter2-planted"},
    "a password of a nested field": {"request": {"headers": [{"x-api-key": "key-planted"}]}},
    "a password in text": {"error": "connect failed: password=hunter2-planted host=db"},
    "a password with blanks in JSON in text": {"error": '{"user": "u", "password": "my hunter2-planted"}'},
    "a URL": {"error": "dial postgres://shop:hunter2-planted@db:5432/shop"},
    "a bearer token": {"headers": "Authorization: Bearer planted.token-1234567890"},
    "a JSON Web Token": {"value": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.planted"},
    "a card number": {"note": "paid with 4111 1111 1111 1111"},
    "a card number without blanks, as a number": {"card": 5500005555555559},
    "what the environment names itself": {"iban": "DE89370400440532013000"},
    "an address": {"msg": "mail sent to planted@example.com"},
}
_PLANTED: Final = ("planted", "4111 1111", "5500005555555559", "eyJzdWIi", "DE8937")


def test_secrets_are_taken_out_before_they_leave_or_touch_the_disk(tmp_path: Path, own_loki: Loki, name: str) -> None:
    with agents.running(tmp_path, logged(redact=[{"pattern": r"\bDE\d{20}\b"}]), own_loki.url) as node:
        container = node.container(name)
        for fields in SECRETS.values():
            container.write(line(**fields))
        container.write("retrying with token: planted-in-plain-text\nplanted@example.com has no account")
        key = ["-----BEGIN RSA PRIVATE KEY-----", *["planted/" * 8] * 3, "planted==", "-----END RSA PRIVATE KEY-----"]
        container.write("\n".join(key), stream="stderr")
        count = len(SECRETS) + 4
        node.agent.until(lambda: node.agent.total(READ) == count, "all is read")
        node.until_noted()
        written = b"".join(path.read_bytes() for path in node.state.rglob("*") if path.is_file())
        assert b"connect failed" in written, "what is to be sent waits there"
        assert not [one for one in _PLANTED if one.encode() in written]
        own_loki.start()
        shown = json.dumps(
            [[one.line, dict(one.labels)] for one in found(own_loki, f'{{service_name="{name}"}}', count)]
        )
    assert not [one for one in _PLANTED if one in shown], shown
    assert shown.count("****") >= count
    assert "connect failed" in shown and "host=db" in shown, "what is around a secret stays"
