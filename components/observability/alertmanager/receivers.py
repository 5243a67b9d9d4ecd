"""How people are told: each way's message, and the files that hold what is secret in it. Pure.

Which field of which way has a file is Alertmanager's choice
(https://github.com/prometheus/alertmanager/blob/v0.31.1/config/notifiers.go); each of the five has one.
"""

from collections.abc import Iterable
from typing import Final

from components.observability.alertmanager.document import (
    EmailConfig,
    PagerDutyConfig,
    Receiver,
    SlackConfig,
    WebhookConfig,
    WeComConfig,
)
from components.observability.alertmanager.messages import DASHBOARD, HEADLINE, RUNBOOK, TEXT, TITLE
from components.observability.alertmanager.routes import NOBODY, WATCHDOG, receiver_name
from components.specs.observability.alerts import (
    Alerts,
    Email,
    PagerDuty,
    ReceiverModel,
    Severity,
    Slack,
    Webhook,
    WeCom,
    receiver_key,
)

SECRETS: Final = "/etc/alertmanager/secrets"

_PAGERDUTY_SEVERITY: Final[dict[Severity, str]] = {
    Severity.PAGE: "critical",
    Severity.TICKET: "warning",
    Severity.INFO: "info",
}


def receivers(alerts: Alerts) -> list[Receiver]:
    """Return every receiver that a route names: one for each tier, the platform's and the teams'."""
    tiers = {(severity, None): alerts.of(severity) for severity in Severity}
    for team, own in alerts.teams.items():
        tiers |= {(severity, team): own.of(severity) for severity in Severity if own.of(severity)}
    named = [_receiver(receiver_name(severity, team), severity, ways) for (severity, team), ways in tiers.items()]
    if alerts.watchdog is None:
        return [*named, {"name": NOBODY}]
    # That it no longer fires is for the other side to notice: a message of its end would be taken for a sign of life.
    return [*named, {"name": WATCHDOG, "webhook_configs": [_webhook(alerts.watchdog, send_resolved=False)]}]


def _receiver(name: str, severity: Severity, ways: Iterable[ReceiverModel]) -> Receiver:
    receiver: Receiver = {"name": name}
    for way in ways:
        match way:
            case PagerDuty():
                receiver.setdefault("pagerduty_configs", []).append(_pagerduty(way, severity))
            case Slack():
                receiver.setdefault("slack_configs", []).append(_slack(way))
            case WeCom():
                receiver.setdefault("wechat_configs", []).append(_wecom(way))
            case Email():
                receiver.setdefault("email_configs", []).append(_email(way))
            case Webhook():
                receiver.setdefault("webhook_configs", []).append(_webhook(way, send_resolved=True))
    return receiver


def _file(way: ReceiverModel) -> str:
    return f"{SECRETS}/{receiver_key(way)}"


def _pagerduty(way: PagerDuty, severity: Severity) -> PagerDutyConfig:
    return {
        "routing_key_file": _file(way),
        "send_resolved": True,
        "description": HEADLINE,
        "severity": _PAGERDUTY_SEVERITY[severity],
        "client": "Alertmanager",
        "client_url": DASHBOARD,
        "component": "{{ .GroupLabels.service }}",
        "group": "{{ .GroupLabels.team }}",
        "links": [{"href": RUNBOOK, "text": "Runbook"}],
    }


def _slack(way: Slack) -> SlackConfig:
    return {
        "api_url_file": _file(way),
        "send_resolved": True,
        "channel": way.channel,
        "title": TITLE,
        "title_link": RUNBOOK,
        "text": TEXT,
        "fallback": HEADLINE,
    }


def _wecom(way: WeCom) -> WeComConfig:
    config: WeComConfig = {
        "api_secret_file": _file(way),
        "send_resolved": True,
        "corp_id": way.corp,
        "agent_id": way.agent,
        "message": f"{TITLE}\n{TEXT}",
    }
    if way.user is not None:
        config["to_user"] = way.user
    if way.party is not None:
        config["to_party"] = way.party
    return config


def _email(way: Email) -> EmailConfig:
    return {
        "auth_password_file": _file(way),
        "auth_username": way.username or way.from_,
        "send_resolved": True,
        "to": way.to,
        "from": way.from_,
        "smarthost": f"{way.server}:{way.port}",
        "require_tls": True,
        "headers": {"Subject": TITLE},
        # Without it Alertmanager would add a page of its own beside the text.
        "html": "",
        "text": TEXT,
    }


def _webhook(way: Webhook, *, send_resolved: bool) -> WebhookConfig:
    return {"url_file": _file(way), "send_resolved": send_resolved}
