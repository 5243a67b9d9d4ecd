"""Alerts of a service's own, beside those that every service gets."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import Field, WithJsonSchema

from components.scalars import matching
from components.specs.base import Spec
from components.specs.observability.alerts import Severity
from components.units import Duration

AlertName = Annotated[
    str,
    matching(
        re.compile(r"[A-Z][A-Za-z0-9]*"),
        "the name of an alert",
        "runbooks and silences could not be found by it",
        "write it as one word of capitalised words, e.g. OutboxGrows",
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z][A-Za-z0-9]*$", "examples": ["OutboxGrows"]}),
]


class OwnAlert(Spec):
    """A condition that a team knows of its service, in PromQL."""

    expression: str = Field(min_length=1, description="PromQL; the alert fires for each series that it returns.")
    hold: Duration = Field(timedelta(minutes=5), description="How long it must be so.")
    severity: Severity
    summary: str = Field(min_length=1, description="One line; {{ $value }} and {{ $labels.x }} are filled in.")
    runbook: str = Field(pattern="^https?://", description="The page that says what to do.")
