"""Alerts: how urgent they are, and who is told, and how."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from components.faults import fault
from components.scalars import ConfigKey, DnsSubdomain, LabelValue, matching
from components.specs.base import Finding, Spec
from components.specs.probes import PortNumber
from components.specs.resources import Resources
from components.specs.schedule import time_zone
from components.specs.tags import tag, tag_by_key
from components.units import Memory, PositiveDuration


class Severity(StrEnum):
    """How soon somebody has to act."""

    PAGE = "page"
    """Now, at any hour: users notice, or will within the hour."""
    TICKET = "ticket"
    """Within days, in working hours."""
    INFO = "info"
    """Nobody has to; it explains others."""


class PagerDuty(Spec):
    """An Events API v2 integration: ``{pagerduty: KEY}``; the key of the Secret holds the routing key."""

    pagerduty: ConfigKey


class Slack(Spec):
    """An incoming webhook: ``{slack: KEY, channel: '#shop'}``; the key of the Secret holds its URL."""

    slack: ConfigKey
    channel: str = Field(min_length=1)


class WeCom(Spec):
    """An application of WeCom: ``{wecom: KEY, corp: …, agent: …, party: …}``; the key holds the API secret."""

    wecom: ConfigKey
    corp: str = Field(min_length=1, description="The corporation's id.")
    agent: str = Field(min_length=1, description="The application's id.")
    user: str | None = Field(None, description="Users' ids, joined by '|'.")
    party: str | None = Field(None, description="Departments' ids, joined by '|'.")

    def findings(self) -> Iterator[Finding]:
        """Yield a message to nobody."""
        if self.user is None and self.party is None:
            yield (
                (),
                fault(
                    "names neither user nor party",
                    consequence="WeCom would deliver its messages to nobody",
                    fix="name one of them",
                ),
            )


class Email(Spec):
    """Mail: ``{email: KEY, to: …, from: …, server: smtp.example.com}``; the key holds the server's password."""

    email: ConfigKey
    to: str = Field(pattern="^[^@ ]+@[^@ ]+$")
    from_: str = Field(alias="from", pattern="^[^@ ]+@[^@ ]+$")
    server: DnsSubdomain
    port: PortNumber = 587
    username: str | None = Field(None, description="The sender's address where absent.")


class Webhook(Spec):
    """Any other receiver: ``{webhook: KEY, host: hooks.example.com}``; the key holds the whole URL."""

    webhook: ConfigKey
    host: DnsSubdomain = Field(description="The URL's host: a NetworkPolicy and the mesh open the way to it.")
    port: PortNumber = 443


Receiver = Annotated[
    Annotated[PagerDuty, tag("pagerduty")]
    | Annotated[Slack, tag("slack")]
    | Annotated[WeCom, tag("wecom")]
    | Annotated[Email, tag("email")]
    | Annotated[Webhook, tag("webhook")],
    tag_by_key("pagerduty", "slack", "wecom", "email", "webhook"),
]
"""One way to tell somebody. What is secret in it stands in the Secret ``alertmanager``, under the key it names."""

ReceiverModel = PagerDuty | Slack | WeCom | Email | Webhook


def receiver_key(receiver: ReceiverModel) -> str:
    """Return the key of the Secret ``alertmanager`` that holds what is secret in a receiver."""
    match receiver:
        case PagerDuty():
            return receiver.pagerduty
        case Slack():
            return receiver.slack
        case WeCom():
            return receiver.wecom
        case Email():
            return receiver.email
        case Webhook():
            return receiver.webhook


def receiver_address(receiver: ReceiverModel) -> tuple[str, int]:
    """Return the host and port that Alertmanager connects to for a receiver."""
    match receiver:
        case PagerDuty():
            return "events.pagerduty.com", 443
        case Slack():
            return "hooks.slack.com", 443
        case WeCom():
            return "qyapi.weixin.qq.com", 443
        case Email():
            return receiver.server, receiver.port
        case Webhook():
            return receiver.host, receiver.port


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, dict | Spec) else value


Receivers = Annotated[
    tuple[Receiver, ...], BeforeValidator(_one_or_more, json_schema_input_type=Receiver | tuple[Receiver, ...])
]


class Tiers(Spec):
    """Whom alerts of each severity reach; a single receiver will do in place of a list."""

    page: Receivers = ()
    ticket: Receivers = ()
    info: Receivers = ()

    def of(self, severity: Severity) -> tuple[ReceiverModel, ...]:
        """Return the receivers of one severity."""
        return {Severity.PAGE: self.page, Severity.TICKET: self.ticket, Severity.INFO: self.info}[severity]


DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""A range of them may go over the end: friday:monday is four days."""
_DAY: Final = f"({'|'.join(DAYS)})"
_Weekdays = Annotated[
    str,
    matching(
        re.compile(f"{_DAY}(:{_DAY})?"),
        "a day or a range of days",
        "Alertmanager refuses its configuration",
        "write e.g. saturday:sunday",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_DAY}(:{_DAY})?$", "examples": ["saturday:sunday"]}),
]
_TIME: Final = "([01][0-9]|2[0-3]):[0-5][0-9]|24:00"
_TimeOfDay = Annotated[
    str,
    matching(
        re.compile(_TIME), "a time of day", "Alertmanager refuses its configuration", "write e.g. '18:00', quoted"
    ),
    WithJsonSchema({"type": "string", "pattern": f"^({_TIME})$", "examples": ["18:00"]}),
]


class MuteTime(Spec):
    """When alerts of some severities wait: ``{severities: [ticket], weekdays: [saturday:sunday]}``."""

    severities: tuple[Severity, ...] = Field(min_length=1)
    weekdays: tuple[_Weekdays, ...] = ()
    start: _TimeOfDay | None = None
    end: _TimeOfDay | None = None
    location: Annotated[str, time_zone("Alertmanager refuses its configuration")] = Field(
        "UTC", description="Of the IANA time zone database, e.g. Asia/Shanghai."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield pages that would wait, and a time that is none."""
        if Severity.PAGE in self.severities:
            yield (
                ("severities",),
                fault(
                    "mutes pages",
                    consequence="an outage in that time would be nobody's",
                    fix="mute ticket and info only; silence a single page in Alertmanager",
                ),
            )
        if (self.start is None) != (self.end is None):
            yield (
                (),
                fault(
                    "names only one of start and end",
                    consequence="Alertmanager refuses its configuration",
                    fix="name both, or neither for whole days",
                ),
            )
        elif self.start is not None and self.end is not None and self.start >= self.end:
            yield (
                ("end",),
                fault(
                    "is not after start",
                    consequence="Alertmanager refuses its configuration",
                    fix="end at '24:00', and begin a second entry at '00:00'",
                ),
            )
        if not self.weekdays and self.start is None:
            yield (
                (),
                fault(
                    "names no time",
                    consequence="these alerts would be muted for ever",
                    fix="add weekdays, or start and end",
                ),
            )


class Alerts(Tiers):
    """Alertmanager in this environment, and whom it tells."""

    teams: dict[LabelValue, Tiers] = Field({}, description="Team → receivers in place of those above.")
    watchdog: Webhook | None = Field(
        None, description="Who notices when the alert that always fires stops coming: a dead man's switch."
    )
    mute: tuple[MuteTime, ...] = ()
    repeat: PositiveDuration = Field(timedelta(hours=4), description="After which a firing alert is told again.")
    replicas: int = Field(1, ge=1, le=5, description="More than one gossip, so that each alert is told once.")
    storage: Memory = Field("1Gi", description="For silences, and for what has been told.")
    resources: Resources = Resources(cpu="50m", memory="128Mi")
