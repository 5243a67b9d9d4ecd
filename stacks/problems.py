"""What is wrong with the configuration: one problem, and the exception that carries all of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

Location = tuple[str | int, ...]
"""The way from the root of a YAML file to a value: mapping keys and (from 0) list indices."""

_PLAIN_KEY: Final = re.compile(r"[\w:/-]+")
_CAMEL_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRET_WORDS: Final = frozenset(
    {"secret", "secrets", "secure", "password", "passwords", "passwd", "pwd", "passphrase", "token", "tokens"}
    | {"credential", "credentials", "apikey", "encryptionsalt", "encryptedkey"}  # the last two: Pulumi's own keys
)
_SECRET_WORD_PAIRS: Final = frozenset({("api", "key"), ("access", "key"), ("private", "key"), ("signing", "key")})
_LONGEST_VALUE: Final = 80


class Redaction(Enum):
    """What stands in a problem instead of a value."""

    ABSENT = ""
    HIDDEN = "[hidden]"


ABSENT: Final = Redaction.ABSENT
HIDDEN: Final = Redaction.HIDDEN


def is_secret(location: Location) -> bool:
    """Tell whether a segment of the location names something that must not be printed, such as ``db-password``."""
    return any(_names_a_secret(segment) for segment in location if isinstance(segment, str))


def _names_a_secret(segment: str) -> bool:
    words = [word.lower() for word in re.split(r"[^A-Za-z0-9]+", _CAMEL_HUMP.sub("-", segment))]
    return not _SECRET_WORDS.isdisjoint(words) or not _SECRET_WORD_PAIRS.isdisjoint(pairwise(words))


def written(location: Location) -> str:
    """Return a location as people write it: ``services.gateway.ports[0].name``."""
    text = ""
    for segment in location:
        if isinstance(segment, int):
            text += f"[{segment}]"
        elif _PLAIN_KEY.fullmatch(segment):
            text += f".{segment}" if text else segment
        else:
            text += f"[{segment!r}]"
    return text


def shown(value: object) -> str:
    """Return a value as YAML would write it, on one line, cut where it is long."""
    if isinstance(value, Redaction):
        return value.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return repr(value[:_LONGEST_VALUE]) + "…"
    return repr(value)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one file.

    Only a scalar value is kept, and none that stands under a name like ``password``: a problem is printed, logged and
    pasted into tickets. Lines and columns count from 1. Problems sort by file, line and column.
    """

    file: str
    location: Location
    message: str
    consequence: str
    fix: str
    value: object = ABSENT
    line: int | None = None
    column: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.value, Redaction | bool | None):
            return
        if not isinstance(self.value, str | int | float):
            object.__setattr__(self, "value", ABSENT)
        elif is_secret(self.location):
            object.__setattr__(self, "value", HIDDEN)

    def __lt__(self, other: "Problem") -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[str, int, int, str, str]:
        return self.file, self.line or 0, self.column or 0, written(self.location), self.message

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f":{self.line}:{self.column}" if self.column is not None else f":{self.line}"
        if self.location:
            place += f"  {written(self.location)}"
        if self.value is not ABSENT:
            place += f" = {shown(self.value)}"
        lines = [place, *_labelled("", self.message)]
        lines += _labelled("consequence: ", self.consequence)
        lines += _labelled("fix:         ", self.fix)
        return "\n".join(lines)


def _labelled(label: str, text: str) -> list[str]:
    """Return the text below its label, its further lines indented to stand under the first."""
    first, *others = text.splitlines() or [""]
    return [f"  {label}{first}", *(f"  {' ' * len(label)}{line}" for line in others)]


class InvalidConfiguration(Exception):
    """The configuration can't be used. ``problems`` holds everything that is wrong with it, sorted, each thing once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        files = sorted({problem.file for problem in self.problems})
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        where = files[0] if len(files) == 1 else f"{len(files)} files"
        return "\n\n".join([*(str(problem) for problem in self.problems), f"{count} in {where}; nothing was changed"])
