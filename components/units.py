"""Annotated types for quantities with a unit: CPU, memory, durations, percentages.

Each accepts what a person writes in YAML (``512Mi``, ``30s``, ``70%``) and refuses everything else with a message that
names the consequence and the fix. Quantities are held as the API server writes them: see quantities.py.
"""

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from components.faults import fault
from components.quantities import (
    DURATION,
    MEMORY,
    byte_count,
    byte_text,
    duration_text,
    millicores,
    percent_text,
    read_duration,
    thousandths_text,
)

_CPU: Final = re.compile(r"(\d+(?:\.\d{1,3})?|\.\d{1,3})(m?)")
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)%")


def _number_as_text(value: Any) -> Any:
    """Quantities without a suffix are numbers in YAML (``cpu: 1``, ``cpu: 0.5``)."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _cpu(value: str) -> str:
    match = _CPU.fullmatch(value)
    if not match or (match[2] and "." in match[1]) or millicores(value) == 0:
        raise fault(
            "is not a quantity of CPU",
            consequence="Kubernetes refuses the container",
            fix="write cores (1, 0.5) or millicores (250m)",
        )
    return thousandths_text(millicores(value))


def _memory(value: str) -> str:
    match = MEMORY.fullmatch(value)
    if not match:
        raise fault(
            "is not a quantity of memory or storage",
            consequence="Kubernetes refuses the object",
            fix="use a binary suffix: Ki, Mi, Gi, Ti, e.g. 512Mi",
        )
    if byte_count(value) < 1024:
        raise fault(
            "is less than one KiB",
            consequence="the container could not start (a bare number is counted in bytes)",
            fix="add a suffix: Ki, Mi, Gi, Ti, e.g. 512Mi",
        )
    return byte_text(byte_count(value), binary=not match[2] or match[2].endswith("i"))


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    found = read_duration(value) if isinstance(value, str) else None
    if found is None:
        raise fault(
            "is not a duration",
            consequence="a number without a unit would be read as seconds by one reader and milliseconds by another",
            fix="write it with its unit: 300ms, 30s, 5m, 72h, 30d",
        )
    return found


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise fault("is no time at all", consequence="it would be over before it began", fix="make it 1s or longer")
    return value


def _percent(value: Any) -> Any:
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise fault(
            "is not a percentage", consequence="70 and 0.7 could both be meant", fix="write it with its sign, e.g. 70%"
        )
    return float(match[1])


def _text_schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": list(examples)})


Cpu = Annotated[
    str,
    BeforeValidator(_number_as_text),
    AfterValidator(_cpu),
    WithJsonSchema({"type": ["string", "number"], "examples": ["250m", 1]}),
]
"""CPU time in cores (``1``, ``0.5``) or thousandths (``250m``)."""

Memory = Annotated[
    str, BeforeValidator(_number_as_text), AfterValidator(_memory), _text_schema(MEMORY.pattern, "512Mi", "2Gi")
]
"""Bytes of memory or storage with a suffix, binary (``Mi``) or decimal (``M``)."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(duration_text, return_type=str),
    _text_schema(DURATION.pattern, "300ms", "30s", "72h"),
]
"""A length of time with its unit."""

PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
"""A length of time that is not zero."""

Percent = Annotated[
    float,
    BeforeValidator(_percent),
    PlainSerializer(percent_text, return_type=str),
    _text_schema(_PERCENT.pattern, "70%", "99.9%"),
]
"""A percentage with its sign; 70% is held as 70.0."""
