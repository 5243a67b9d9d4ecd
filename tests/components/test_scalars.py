"""Scalars: what people write, what the API server writes back, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from components import quantities, scalars, units
from components.faults import FAULT

MEMORY_SUFFIXES = ("", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti")
DIGEST = "sha256:" + "a" * 64
NUMBERS = st.builds(int.__mul__, st.integers(1, 999), st.sampled_from((1, 2, 16, 1000, 1024, 1536, 1_000_000)))
"""Whole numbers, among which round ones of both kinds are frequent: it is they that are written differently."""


def read(scalar: Any, value: Any) -> Any:
    return TypeAdapter(scalar).validate_python(value)


def refusal(scalar: Any, value: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        read(scalar, value)
    (detail,) = caught.value.errors()
    return dict(detail)


def api_server_text(size: int, *, binary: bool) -> str:
    """Write a whole quantity as k8s.io/apimachinery's Quantity.String does.

    A number without a suffix is decimal there, and a binary one below 1024 is written as decimal
    (https://pkg.go.dev/k8s.io/apimachinery/pkg/api/resource#Quantity).
    """
    base, suffixes = (1024, ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]) if binary else (1000, ["", *"kMGTPE"])
    power = 0
    while size and size % base == 0 and power < len(suffixes) - 1:
        size, power = size // base, power + 1
    return f"{size}{suffixes[power]}"


def parsed(text: str) -> tuple[int, bool]:
    """Read a quantity as the API server does: its size, and whether it was written in binary."""
    number = text.rstrip("kKMGTPEi")
    suffix = text[len(number) :]
    base = 1024 if suffix.endswith("i") else 1000
    power = ["", "k", "m", "g", "t", "p", "e"].index(suffix[:1].lower()) if suffix else 0
    return int(Decimal(number) * base**power), suffix.endswith("i")


@given(NUMBERS.filter(lambda number: number >= 1024), st.sampled_from(MEMORY_SUFFIXES))
def test_memory_is_held_as_the_api_server_writes_it(number: int, suffix: str) -> None:
    """An object that is read back must equal the one that was sent, or each refresh would show a change."""
    held = read(units.Memory, f"{number}{suffix}")
    size, binary = parsed(held)
    assert held == api_server_text(size, binary=binary), "the API server would answer with another text"
    assert size == parsed(f"{number}{suffix}")[0], "the quantity changed its size"


@given(
    st.builds(Decimal.__truediv__, NUMBERS.map(Decimal), st.sampled_from((Decimal(2), Decimal(8), Decimal(1000)))),
    st.sampled_from(("Ki", "Mi", "Gi", "k", "M", "G")),
)
def test_fractions_of_memory_keep_their_size(number: Decimal, suffix: str) -> None:
    text = f"{number:f}{suffix}"
    size = parsed(text)[0]
    if size < 1024:
        assert refusal(units.Memory, text)["type"] == FAULT
        return
    held = read(units.Memory, text)
    assert quantities.byte_count(held) == size
    assert held == api_server_text(*parsed(held)[:1], binary=parsed(held)[1])


@given(NUMBERS)
def test_cpu_is_held_as_the_api_server_writes_it(thousandths: int) -> None:
    held = read(units.Cpu, f"{thousandths}m")
    whole = api_server_text(thousandths // 1000, binary=False) if thousandths % 1000 == 0 else f"{thousandths}m"
    assert held == whole


@pytest.mark.parametrize(
    ("written", "held"),
    [(1, "1"), (0.5, "500m"), ("1.5", "1500m"), ("250m", "250m"), ("1000m", "1"), (".25", "250m"), ("2.000", "2")],
)
def test_cores_may_be_written_as_numbers(written: Any, held: str) -> None:
    assert read(units.Cpu, written) == held


@pytest.mark.parametrize(
    ("written", "held"),
    [("1024Mi", "1Gi"), ("0.5Gi", "512Mi"), ("1000M", "1G"), (1048576, "1Mi"), ("1536Mi", "1536Mi")],
)
def test_memory_in_examples(written: Any, held: str) -> None:
    assert read(units.Memory, written) == held


@given(st.integers(1, 10_000), st.sampled_from(("ms", "s", "m", "h", "d")))
def test_a_duration_is_read_and_written(number: int, unit: str) -> None:
    held = read(units.Duration, f"{number}{unit}")
    size = {
        "ms": timedelta(milliseconds=1),
        "s": timedelta(seconds=1),
        "m": timedelta(minutes=1),
        "d": timedelta(days=1),
    }
    assert held == number * size.get(unit, timedelta(hours=1))
    assert read(units.Duration, quantities.duration_text(held)) == held, "what is written is read again"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("1h30m", 5400), ("1m30s", 90), ("1.5s", 1.5), ("2s500ms", 2.5), ("0s", 0), ("72h", 259200), ("1d12h", 129600)],
)
def test_durations_in_examples(written: str, seconds: float) -> None:
    assert read(units.Duration, written).total_seconds() == seconds


@given(st.integers(0, 10_000_000))
def test_whole_seconds_round_up(milliseconds: int) -> None:
    """Kubernetes knows whole seconds only; a wait that is cut short is worse than one that is a little longer."""
    seconds = quantities.whole_seconds(timedelta(milliseconds=milliseconds))
    assert 0 <= seconds * 1000 - milliseconds < 1000


@given(st.integers(0, 1000))
def test_a_percentage_is_read_and_written(tenths: int) -> None:
    text = f"{tenths / 10:g}%"
    assert quantities.percent_text(read(units.Percent, text)) == text


@pytest.mark.parametrize(
    ("reference", "tag", "digest"),
    [
        ("nginx:1.29", "1.29", None),
        ("localhost:5000/shop/users:1.4.2", "1.4.2", None),
        (f"localhost:5000/users@{DIGEST}", None, DIGEST),
        (f"registry.example.com/shop/users:1.4.2@{DIGEST}", "1.4.2", DIGEST),
        ("ghcr.io/some-org/some_name/part.two:v2.0.0-rc.1", "v2.0.0-rc.1", None),
        ("10.0.0.7:5000/a/b__c:A_1", "A_1", None),
    ],
)
def test_image_references_are_taken_apart(reference: str, tag: str | None, digest: str | None) -> None:
    assert read(scalars.ImageReference, reference) == reference
    assert scalars.image_tag(reference) == tag
    assert scalars.image_digest(reference) == digest


REFUSED = [
    *[(scalars.DnsLabel, value) for value in ("", "a" * 64, "Users", "1st", "a_b", "a-", "-a", "a.b", "users\n")],
    *[(scalars.DnsSubdomain, value) for value in ("", "a..b", "A.b", "a" * 254, ".a", "a.", "a_b")],
    *[(scalars.PortName, value) for value in ("", "80", "a" * 16, "a--b", "HTTP", "a_b", "-a")],
    *[(scalars.EnvironmentVariableName, value) for value in ("", "1A", "a.b", "a-b", "A B")],
    *[(scalars.ConfigKey, value) for value in ("", "a/b", "a b", "x" * 254)],
    *[(scalars.LabelKey, value) for value in ("", "a b", "-a", "x" * 64, "/name", "example.com/")],
    *[(scalars.LabelValue, value) for value in ("a b", "x" * 64, "-a", "a/b")],
    *[(scalars.AbsolutePath, value) for value in ("", "tmp", "./a", "/a:b")],
    *[(scalars.RelativePath, value) for value in ("", "/etc", "..", "a/../b", "../a")],
    *[(units.Cpu, value) for value in ("", "lots", "0", "0m", "1.5m", "-1", "1 core", "1e3", "0.0001", True)],
    *[(units.Memory, value) for value in ("", "512MB", "512mb", "512m", "12", 12, "1Kib", "-1Gi", "1 Gi", "0Mi", True)],
    *[(units.Duration, value) for value in ("", 5, "5", "5 s", "1w", "-1s", "s", True, 1.5)],
    *[(units.Percent, value) for value in (70, "70", "0.7", "-1%", "%", "70 %", True, 0.7)],
    *[(scalars.Cidr, value) for value in ("", "10.0.0.0", "10.0.0/8", "all", "10.0.0.256/8", "10.0.0.0/33", "::/129")],
    *[
        (scalars.ImageReference, value)
        for value in (
            *("", "users", "localhost:5000/users", "users:latest", "users:", "Users:1", "users@sha256:abc", "a b:1"),
            *(f"users:latest@{DIGEST}", "https://example.com/users:1", "users:1:2", "/users:1", "a//b:1", "a:1/b"),
        )
    ],
]


@pytest.mark.parametrize(("scalar", "value"), REFUSED, ids=lambda part: repr(part) if isinstance(part, str) else None)
def test_a_refusal_says_what_follows_and_what_to_do(scalar: Any, value: Any) -> None:
    detail = refusal(scalar, value)
    assert detail["type"] in {FAULT, "string_type"}, "a refusal in pydantic's own words says no consequence"
    if detail["type"] == FAULT:
        assert detail["ctx"]["message"]
        assert detail["ctx"]["consequence"]
        assert detail["ctx"]["fix"]


def test_a_name_of_63_characters_is_accepted() -> None:
    assert read(scalars.DnsLabel, "a" * 63)
