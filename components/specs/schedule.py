"""When a CronJob starts.

The grammar is the one that Kubernetes reads
(https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax).
"""

import re
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from components.faults import fault

MACROS: Final = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 6, WEEKDAYS),
)
_PART: Final = re.compile(r"(?:[*?]|(\w+)(?:-(\w+))?)(?:/(\d+))?")


def _schedule(value: str) -> str:
    if value in MACROS:
        return value
    parts = value.split()
    if len(parts) != len(FIELDS):
        raise _no_schedule(f"has {len(parts)} field{'' if len(parts) == 1 else 's'}, where a cron expression has 5")
    for text, (name, low, high, names) in zip(parts, FIELDS, strict=True):
        if not all(_is_part(part, low, high, names) for part in text.split(",")):
            raise _no_schedule(f"has {text!r} as its {name}")
    return value


def _is_part(text: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(text)
    if match is None or match[3] == "0":
        return False
    bounds = [_number(bound, low, names) for bound in match.group(1, 2) if bound]
    return all(bound is not None and low <= bound <= high for bound in bounds) and bounds == sorted(
        bounds, key=lambda n: n or 0
    )


def _number(text: str, low: int, names: tuple[str, ...]) -> int | None:
    if text.isdigit():
        return int(text)
    return names.index(text.lower()) + low if text.lower() in names else None


def _no_schedule(message: str) -> Exception:
    return fault(
        message,
        consequence="Kubernetes refuses the CronJob",
        fix="write minute, hour, day of month, month, day of week, e.g. '0 3 * * *', or one of " + ", ".join(MACROS),
    )


def time_zone(consequence: str) -> AfterValidator:
    """Accept names of the IANA time zone database only; ``consequence`` is what becomes of others."""

    def check(value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            raise fault(
                "is no time zone of the IANA database",
                consequence=consequence,
                fix="write it as Continent/City, e.g. Europe/Berlin, or Etc/UTC",
            ) from None
        return value

    return AfterValidator(check)


CronSchedule = Annotated[str, AfterValidator(_schedule)]
"""A cron expression of five fields, or a macro such as ``@daily``."""
TimeZone = Annotated[str, time_zone("Kubernetes refuses the CronJob")]
"""A name of the IANA time zone database."""
