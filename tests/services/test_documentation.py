"""docs/services.md says what the tests of every language compare with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs/services.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def telemetry() -> dict[str, Any]:
    return json.loads((ROOT / "services/testdata/telemetry.json").read_text(encoding="utf-8"))


def listed(page: str, before: str) -> list[str]:
    """Return the items of the list that follows the words."""
    found = re.search(re.escape(before) + r"\s*((?:[\w.]+,\s+)+\w+)", page)
    assert found, f"the page has no list after {before!r}"
    return re.split(r",\s+", found[1])


def test_the_buckets_are_those_of_the_tests(page: str, telemetry: dict[str, Any]) -> None:
    assert [float(bound) for bound in listed(page, "with the same buckets:")] == telemetry["buckets"]


def test_the_codes_are_those_of_the_tests(page: str, telemetry: dict[str, Any]) -> None:
    assert listed(page, "whose own library says `NotFound`:") == telemetry["codes"]
    assert listed(page, "status 500 and above, or") == telemetry["faults"]


def test_the_metrics_and_their_labels_are_those_of_the_tests(page: str, telemetry: dict[str, Any]) -> None:
    rows = re.findall(r"^\| `(\w+_seconds)` \| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)
    found = {name: re.findall(r"\w+", labels) for name, labels in rows}
    assert found == {name: metric["labels"] for name, metric in telemetry["metrics"].items()}


def test_the_lines_of_the_log_are_those_of_the_tests(page: str, telemetry: dict[str, Any]) -> None:
    log = telemetry["log"]
    fields = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[a-z_`, ]+) \| ", page, re.MULTILINE)))
    assert {*log["fields"], *log["trace"]} <= set(fields)
    example = re.search(r"milliseconds: `([^`]+)`", page)
    assert example and re.fullmatch(log["time"], example[1])
    for line in (log["call"], log["request"]):
        found = re.search(rf"`{line['msg']}` with\s((?:`\w+`,?\s?)+)", page)
        assert found and re.findall(r"\w+", found[1]) == line["fields"]
    assert all(f"`{word}`" in page for word in log["life"])
    assert ", ".join(f"`{level}`" for level in log["levels"]) in page
