"""What rules, alerts and their unit tests consist of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from components.specs.observability.alerts import Severity


@dataclass(frozen=True, kw_only=True)
class RecordingRule:
    """A series that is computed once, at each evaluation, for whoever asks.

    Names follow level:metric:operations (https://prometheus.io/docs/practices/rules/#naming).
    """

    record: str
    expression: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Firing:
    """An alert that a unit test expects."""

    labels: Mapping[str, str]
    """Beside those that the alert itself sets."""
    summary: str
    """With values filled in."""


@dataclass(frozen=True, kw_only=True)
class AlertTest:
    """What an alert makes of some series, in promtool's notation.

    https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
    """

    name: str
    series: Mapping[str, str]
    """Series → its samples, one a minute."""
    at: timedelta
    """When it is looked at; the first sample is from 0."""
    fires: tuple[Firing, ...] = ()
    """None: it stays silent."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A condition that somebody is told of. Alerts of one name are one thing at several severities.

    They then share description and runbook, and the more severe one mutes the others.
    """

    name: str
    expression: str
    severity: Severity
    summary: str
    """One line with values, in Prometheus' templates."""
    description: str
    """What it means, without values."""
    hold: timedelta = timedelta()
    """How long it must be so before anybody is told."""
    keep_firing_for: timedelta = timedelta()
    """How long it stays after it is over: for what comes and goes."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Beside those of the series, and the severity."""
    dashboard: str | None = None
    """The uid of the dashboard that shows more."""
    runbook: str | None = None
    """The page that says what to do; docs/runbooks has one of the alert's name where absent."""
    tests: tuple[AlertTest, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleGroup:
    """Rules that are evaluated one after the other, at one time."""

    name: str
    rules: tuple[RecordingRule | Alert, ...]
    interval: timedelta | None = None
    """Prometheus' own evaluation interval where absent."""
