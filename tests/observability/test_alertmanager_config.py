"""Alertmanager's configuration, read by its own tool."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.observability.alertmanager.receivers import SECRETS
from components.observability.alertmanager.routes import DOWN, WATCHDOG, inhibit_rules, unrouted
from components.observability.alertmanager.server import FILE, alertmanager_config, alertmanager_secret_keys
from components.specs.observability.alerts import Alerts, Severity
from tests.observability.alerting import (
    EMAIL,
    EVERY_WAY,
    GRAFANA,
    PAGERDUTY,
    SLACK,
    VARIANTS,
    WEBHOOK,
    WECOM,
    alerting,
    amtool,
    written,
)

every_variant = pytest.mark.parametrize("variant", VARIANTS)

# What holds a credential in Alertmanager's configuration, each beside a field of the same name with _file at its end.
CREDENTIALS = {
    "routing_key",
    "service_key",
    "api_url",
    "app_token",
    "api_secret",
    "auth_password",
    "url",
    "auth_secret",
}


def document(alerts: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(alertmanager_config(alerting(alerts))[FILE])


def fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Every field at any depth, with its value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def plain_credentials(receivers: list[dict[str, Any]]) -> list[str]:
    """Fields of receivers that hold a credential themselves, or name a file elsewhere than in the Secret's folder."""
    return [
        key
        for key, value in fields(receivers)
        if key in CREDENTIALS or (key.endswith("_file") and not str(value).startswith(f"{SECRETS}/"))
    ]


@every_variant
def test_alertmanager_takes_every_configuration(variant: str, tmp_path: Path) -> None:
    done = amtool("check-config", written(tmp_path, alerting(VARIANTS[variant], dashboards={"url": GRAFANA})))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "- 1 templates" in done.stdout, f"the texts of messages were not read: {done.stdout}"


def test_alertmanager_refuses_a_route_to_a_receiver_that_nobody_has_defined(tmp_path: Path) -> None:
    """Else the test above would be none."""
    file = written(tmp_path, alerting(VARIANTS["teams"]))
    planted = json.loads(file.read_text())
    planted["receivers"] = planted["receivers"][1:]
    file.write_text(json.dumps(planted))
    done = amtool("check-config", file)
    assert done.returncode != 0 and "undefined receiver" in done.stdout + done.stderr


def test_alertmanager_refuses_a_text_of_messages_that_it_cannot_read(tmp_path: Path) -> None:
    file = written(tmp_path, alerting(VARIANTS["teams"]))
    (tmp_path / "messages.tmpl").write_text('{{ define "polyglot.title" }}{{ .Status | shout }}{{ end }}')
    assert amtool("check-config", file).returncode != 0


ROUTES = [
    ("teams", {"severity": "page", "team": "payment"}, "page"),
    ("teams", {"severity": "ticket", "team": "payment"}, "ticket"),
    ("teams", {"severity": "info", "team": "payment"}, "info"),
    ("teams", {"severity": "page", "team": "catalogue"}, "page of catalogue"),
    ("teams", {"severity": "ticket", "team": "catalogue"}, "ticket of catalogue"),
    ("teams", {"severity": "info", "team": "catalogue"}, "info of catalogue"),
    # This team names receivers for tickets alone.
    ("teams", {"severity": "page", "team": "checkout"}, "page"),
    ("teams", {"severity": "ticket", "team": "checkout"}, "ticket of checkout"),
    ("teams", {"severity": "info", "team": "checkout"}, "info"),
    ("teams", {"severity": "page"}, "page"),
    ("teams", {"alertname": WATCHDOG, "severity": "info", "team": "catalogue"}, "nobody"),
    ("three", {"alertname": WATCHDOG, "severity": "info"}, WATCHDOG),
    ("nobody", {"alertname": WATCHDOG, "severity": "page"}, "nobody"),
    # A slip of whoever wrote the alert, which somebody has to see.
    ("teams", {"alertname": "Unheard"}, "ticket"),
    ("teams", {"severity": "critical", "team": "catalogue"}, "ticket"),
    ("working-hours", {"severity": "ticket", "team": "checkout"}, "ticket"),
]


@pytest.mark.parametrize(("variant", "labels", "receiver"), ROUTES)
def test_an_alert_reaches_those_whom_its_severity_and_team_name(
    variant: str, labels: Mapping[str, str], receiver: str, tmp_path: Path
) -> None:
    done = routed(written(tmp_path, alerting(VARIANTS[variant])), labels, receiver)
    assert done.returncode == 0, f"{labels} reach {done.stdout.strip()}, not {receiver}"


def test_the_tool_says_where_an_alert_goes_somewhere_else(tmp_path: Path) -> None:
    done = routed(written(tmp_path, alerting(VARIANTS["teams"])), {"severity": "page"}, "ticket")
    assert done.returncode != 0, "a wrong expectation has to fail, or the routes above prove nothing"


def routed(file: Path, labels: Mapping[str, str], receiver: str) -> Any:
    words = (f"{name}={value}" for name, value in labels.items())
    return amtool("config", "routes", "test", f"--config.file={file}", f"--verify.receivers={receiver}", *words)


@every_variant
def test_credentials_are_named_by_files_alone(variant: str) -> None:
    assert plain_credentials(document(VARIANTS[variant])["receivers"]) == []


def test_a_credential_in_plain_text_would_be_found() -> None:
    receivers = document({"page": SLACK})["receivers"]
    receivers[0]["slack_configs"][0]["api_url"] = "https://hooks.slack.com/services/T0/B0/x"
    assert plain_credentials(receivers) == ["api_url"]
    assert plain_credentials([{"name": "page", "webhook_configs": [{"url_file": "/tmp/url"}]}]) == ["url_file"]


@pytest.mark.parametrize(
    ("way", "section", "field"),
    [
        (PAGERDUTY, "pagerduty_configs", "routing_key_file"),
        (SLACK, "slack_configs", "api_url_file"),
        (WECOM, "wechat_configs", "api_secret_file"),
        (EMAIL, "email_configs", "auth_password_file"),
        (WEBHOOK, "webhook_configs", "url_file"),
    ],
)
def test_each_way_reads_its_credential_from_the_key_that_it_names(
    way: dict[str, str], section: str, field: str
) -> None:
    (config,) = document({"page": way})["receivers"][0][section]
    assert config[field] == f"{SECRETS}/{next(iter(way.values()))}"
    assert config["send_resolved"] is True, "who was called wants to know that it is over"


def test_the_secret_has_a_key_for_every_receiver_of_every_tier_team_and_switch() -> None:
    alerts = Alerts.model_validate({**VARIANTS["teams"], "watchdog": VARIANTS["three"]["watchdog"]})
    assert alertmanager_secret_keys(alerts) == (
        "catalogue-key",
        "hook-url",
        "pagerduty-key",
        "slack-url",
        "smtp-password",
        "watchdog-url",
        "wecom-secret",
    )


def test_a_severity_without_receivers_is_unrouted() -> None:
    alerts = Alerts.model_validate({"page": EVERY_WAY, "teams": {"shop": {"ticket": EMAIL}}})
    assert unrouted(alerts) == (Severity.TICKET, Severity.INFO), "one team's receivers don't serve the others"
    assert unrouted(Alerts.model_validate(VARIANTS["three"])) == ()


def test_a_page_is_never_kept_back() -> None:
    """By the words of the rules; that they keep back what they should is shown on a real server."""
    for rule in inhibit_rules():
        severities = [matcher for matcher in rule["target_matchers"] if matcher.startswith("severity")]
        assert severities and all(Severity.PAGE not in matcher for matcher in severities), rule


def test_what_lacks_a_service_keeps_back_only_its_own_kind() -> None:
    """Alertmanager takes two missing labels for equal ones."""
    for rule in inhibit_rules():
        assert "alertname" in rule["equal"] or 'service!=""' in rule["source_matchers"], rule
        assert not any(name in str(rule["target_matchers"]) for name in DOWN) or "alertname" not in rule["equal"]


def test_mute_times_hold_for_the_severities_that_they_name_and_for_teams_too() -> None:
    alerts = {**VARIANTS["working-hours"], "teams": {"shop": {"page": PAGERDUTY, "ticket": EMAIL}}}
    muted = {route["receiver"]: route.get("mute_time_intervals", []) for route in document(alerts)["route"]["routes"]}
    assert muted == {
        "nobody": [],
        "page": [],
        "page of shop": [],
        "ticket": ["mute-0", "mute-1"],
        "ticket of shop": ["mute-0", "mute-1"],
        "info": ["mute-0"],
    }


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("saturday:sunday", ["saturday", "sunday"]),
        ("monday", ["monday"]),
        ("tuesday:thursday", ["tuesday", "wednesday", "thursday"]),
        ("friday:monday", ["monday", "friday", "saturday", "sunday"]),
        ("monday:sunday", ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]),
    ],
)
def test_a_range_of_days_may_go_over_the_end_of_the_week(weekdays: str, days: list[str]) -> None:
    mute = [{"severities": ["ticket"], "weekdays": [weekdays]}]
    (named,) = document({"page": PAGERDUTY, "mute": mute})["time_intervals"]
    assert named["time_intervals"] == [{"location": "UTC", "weekdays": days}]


def test_the_dead_man_s_switch_is_heard_often_and_told_of_no_end() -> None:
    found = document(VARIANTS["three"])
    (watchdog,) = (route for route in found["route"]["routes"] if route["receiver"] == WATCHDOG)
    (receiver,) = (one for one in found["receivers"] if one["name"] == WATCHDOG)
    assert watchdog["repeat_interval"] == "5m" and watchdog["group_interval"] == "1m", (
        "a group that is looked at as seldom as it is told misses every second time"
    )
    assert receiver["webhook_configs"] == [{"url_file": f"{SECRETS}/watchdog-url", "send_resolved": False}]


def test_without_alerts_there_is_no_configuration() -> None:
    assert alertmanager_config(alerting()) == {}
