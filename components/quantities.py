"""Quantities as plain numbers, and plain numbers as the texts that Kubernetes and people read. Pure.

The API server rewrites what it is given (``1024Mi`` becomes ``1Gi``, ``1000`` becomes ``1k``). The texts made here are
those that it would make, so that an object read back from a cluster equals the one that was sent
(https://pkg.go.dev/k8s.io/apimachinery/pkg/api/resource#Quantity).
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
DECIMAL: Final = ("", "k", "M", "G", "T", "P", "E")
MEMORY: Final = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?")
DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_FACTORS: Final[dict[str, int]] = {
    **{suffix: 1024**power for power, suffix in enumerate(BINARY)},
    **{suffix: 1000**power for power, suffix in enumerate(DECIMAL)},
}


def millicores(cpu: str) -> int:
    """Return a CPU quantity in thousandths of a core: ``250m`` is 250, ``1.5`` is 1500, ``1k`` is 1,000,000."""
    if cpu.endswith("m"):
        return int(cpu[:-1])
    suffix = cpu[-1] if cpu[-1] in DECIMAL else ""
    return int(Decimal(cpu.removesuffix(suffix)) * 1000) * _FACTORS[suffix]


def byte_count(memory: str) -> int:
    """Return memory or storage in bytes: ``1Ki`` is 1024, ``1k`` is 1000. Raises ValueError for no quantity."""
    match = MEMORY.fullmatch(memory)
    if match is None:
        raise ValueError(f"{memory!r} is not a quantity of memory")
    return int(Decimal(match[1]) * _FACTORS[match[2] or ""])


def thousandths_text(thousandths: int) -> str:
    """Write thousandths: ``250m``, ``1``, ``2k``."""
    if thousandths % 1000:
        return f"{thousandths}m"
    return _reduced(thousandths // 1000, 1000, DECIMAL)


def count_text(count: int) -> str:
    """Write a plain count: ``150``, ``2k``."""
    return thousandths_text(count * 1000)


def byte_text(size: int, *, binary: bool) -> str:
    """Write bytes with the largest suffix that leaves a whole number, binary where the size allows it."""
    if binary and size % 1024 == 0:
        return _reduced(size, 1024, BINARY)
    return _reduced(size, 1000, DECIMAL)


def _reduced(number: int, base: int, suffixes: tuple[str, ...]) -> str:
    power = 0
    while number and power < len(suffixes) - 1 and number % base == 0:
        number, power = number // base, power + 1
    return f"{number}{suffixes[power]}"


def read_duration(text: str) -> timedelta | None:
    """Return the duration that a text such as ``1h30m``, ``1.5s`` or ``300ms`` means; None where it means none."""
    match = DURATION.fullmatch(text)
    if match is None or not text:
        return None
    days, hours, minutes, seconds, milliseconds = match.groups()
    return timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=float(seconds or 0),
        milliseconds=int(milliseconds or 0),
    )


def duration_text(duration: timedelta) -> str:
    """Write a duration in its largest whole unit: ``72h``, ``90s``, ``300ms``."""
    milliseconds = round(duration.total_seconds() * 1000)
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def whole_seconds(duration: timedelta) -> int:
    """Return a duration in whole seconds, rounded up: Kubernetes' timings know nothing finer."""
    return -int(-duration.total_seconds() // 1)


def percent_text(percent: float) -> str:
    """Write a percentage with its sign: ``70%``, ``99.9%``."""
    return f"{percent:g}%"
