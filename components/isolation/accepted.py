"""The findings that the team accepts, each with its reason and date. Any other fails, unless its object excepts it."""

from __future__ import annotations

from .rules import Accepted

ACCEPTED: tuple[Accepted, ...] = ()
