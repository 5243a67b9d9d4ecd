"""What is taken out of logs, and what is left in. Go's and Python's regular expressions agree on these patterns."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from components.observability.log_agents.redaction import PATTERNS, SECRET_KEYS, patterns, redaction_processor
from components.specs.observability.logs import Redaction
from tests.observability.logs.logged import VARIANTS, logged
from tests.observability.rules import promtool

MASK = "****"


def redacted(text: str) -> str:
    """What the Collector makes of a text: each pattern in turn."""
    for pattern in PATTERNS.values():
        text = re.sub(pattern, MASK, text)
    return text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password=hunter2", MASK),
        ("login failed: db_password = hunter2, host=db", f"login failed: {MASK}, host=db"),
        ('{"user":"u","password":"with \\" quote","n":1}', f'{{"user":"u","{MASK},"n":1}}'),
        ("secret: 'my own', next", f"{MASK}, next"),
        ("GET /callback?access_token=abc.def&state=1", f"GET /callback?{MASK}&state=1"),
        ("dial postgres://shop:p4ss@db:5432/shop", f"dial {MASK}db:5432/shop"),
        ("redis://:p4ss@cache:6379", f"{MASK}cache:6379"),
        ("Authorization: Bearer abcdefgh12345678", MASK),
        ("Proxy-Authorization: Basic dTpw", MASK),
        ("sent bearer abcdefgh12345678 on", f"sent {MASK} on"),
        ("jwt eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.sig-_x end", f"jwt {MASK} end"),
        ("a\n-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\nb", f"a\n{MASK}\nb"),
        ("-----BEGIN PRIVATE KEY-----\nhalf of it", MASK),
        ("bGFzdA==\n-----END PRIVATE KEY-----", MASK),
        ("paid with 4111 1111 1111 1111", f"paid with {MASK}"),
        ("paid with 4111-1111-1111-1111.", f"paid with {MASK}."),
        ("5500005555555559", MASK),
        ("378282246310005 and 3782 822463 10005", f"{MASK} and {MASK}"),
        ("30569309025904", MASK),
        ("6212345678901234", MASK),
        ("from jane.doe+x@mail.example.com to", f"from {MASK} to"),
        ("email=jane%40example.com", f"email={MASK}"),
    ],
)
def test_what_is_secret_or_personal_is_gone(text: str, left: str) -> None:
    assert redacted(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "call answered in 0.25 s",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "1767322984123456789",
        "4111-1111-1111",
        "order 41111111-1111-4111-8111-111111111111 created",
        "at java.base@17.0.9/java.lang.Thread.run(Thread.java:840)",
        "\tat shop.users.Database.open(Database.java:41)",
        "https://shop.example.com/api/users?page=2",
        "sha256:4111111111111111411111111111111141111111111111114111111111111111",
        "secretary of state",
        "10.0.0.1:5432",
    ],
)
def test_what_is_neither_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("key", ["password", "DB_PASSWORD", "x-api-key", "accessToken", "clientSecret", "Set-Cookie"])
def test_fields_with_telling_names_are_replaced(key: str) -> None:
    assert any(re.search(pattern, key) for pattern in SECRET_KEYS)


@pytest.mark.parametrize("key", ["msg", "method", "trace_id", "service", "tokens_left", "k8s.pod.name", "passed"])
def test_other_fields_are_not(key: str) -> None:
    assert not any(re.search(pattern, key) for pattern in SECRET_KEYS)


def test_the_environment_adds_patterns_of_its_own() -> None:
    logs = VARIANTS["own redaction"].settings.logs
    assert logs is not None
    assert patterns(logs)[len(PATTERNS) :] == (r"\bDE\d{20}\b", "costs $${amount}$")
    assert redaction_processor(logs)["blocked_values"][-1] == "costs $$$${amount}$$", "the Collector reads $$ as $"


def is_taken_by_go(pattern: str, folder: Path) -> bool:
    """Whether Go's own parser reads a pattern; Prometheus' matchers have it."""
    rule = {"record": "a:b", "expr": f"count(up{{job=~{json.dumps(pattern)}}})"}
    files = promtool.write(folder, {"own.yaml": json.dumps({"groups": [{"name": "own", "rules": [rule]}]})})
    return promtool.run(folder, "check", "rules", *files).returncode == 0


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?P<x>a)(?P=x)", "(a)?(?(1)b|c)", "(?>a)b"),
        *("a++", "a*+", "a?+", "a{2}+", "a{1,}+", "a{1001}", "(?#x)a", "(?x) a", "(?i-s:a)(?a:b)"),
        *(r"a\Z", r"\u00e9", r"[\1]", r"[^]x\u00e9]", r"[\b]"),
    ],
)
def test_a_pattern_that_agents_could_not_read_is_refused(pattern: str, tmp_path: Path) -> None:
    assert not is_taken_by_go(pattern, tmp_path)
    with pytest.raises(ValidationError, match="is no regular expression of RE2"):
        Redaction(pattern=pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\\1", r"\++", r"\\+", "[*+]+", "[*+?=(]", "[(?=]", "[]?+]", r"[\]*+]", r"\(\?=", "a{2}", "}+", r"\{2}+"),
        *("(?is:a.)b", r"(?P<iban>DE\d{20})", "a+?", r"\bDE\d{20}\b", "costs $${amount}$", r"\pN", r"a\z", "(?U)a+"),
    ],
)
def test_a_pattern_that_agents_can_read_is_taken(pattern: str, tmp_path: Path) -> None:
    assert is_taken_by_go(pattern, tmp_path)
    assert Redaction(pattern=pattern).pattern == pattern


def test_numbers_and_what_is_nested_are_looked_at_too() -> None:
    logs = logged().settings.logs
    assert logs is not None
    settings = redaction_processor(logs)
    assert settings["redact_all_types"] and settings["allow_all_keys"]
    assert settings["summary"] == "silent", "a list of what was found where would help to find it"
