"""The platform's rules as pure functions over plain manifests: `check` names every violation."""

from .accepted import ACCEPTED
from .checklist import RULES, check, unused
from .objects import Objects
from .pods import Manifest
from .rules import Accepted, Finding, Relaxation, Rule, Violation

__all__ = [
    "ACCEPTED",
    "RULES",
    "Accepted",
    "Finding",
    "Manifest",
    "Objects",
    "Relaxation",
    "Rule",
    "Violation",
    "check",
    "unused",
]
