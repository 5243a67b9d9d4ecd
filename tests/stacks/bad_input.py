"""The form of a planted mistake: what is changed in the committed documents, and what a person is told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stacks.problems import ABSENT


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake, and the one problem that must come of it."""

    what: str
    stack: str = "dev"
    catalogue: Mapping[str, Any] = field(default_factory=dict)
    """Changes to the catalogue, by path."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    """Changes to what stands under ``polyglot:environment``, by path."""
    place: str
    """File and path."""
    line: str
    """The text of the line that the problem points at."""
    value: Any = ABSENT
    message: str
    consequence: str
    fix: str
