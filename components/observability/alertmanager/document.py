"""Alertmanager's configuration file, typed: the parts of it that this platform writes.

https://prometheus.io/docs/alerting/latest/configuration/. Credentials are named by files alone: no type here has a
field that could hold one.
"""

from typing import NotRequired, TypedDict


class TimeRange(TypedDict):
    """A part of a day, ``hh:mm``; the end is not in it."""

    start_time: str
    end_time: str


class TimeInterval(TypedDict):
    """Days, times of day, or both."""

    weekdays: NotRequired[list[str]]
    times: NotRequired[list[TimeRange]]
    location: str


class NamedTimeInterval(TypedDict):
    """Times under a name that routes mention."""

    name: str
    time_intervals: list[TimeInterval]


class Route(TypedDict):
    """Whom alerts go to: the first child whose matchers all fit takes an alert; what it leaves out is its parent's."""

    receiver: str
    matchers: NotRequired[list[str]]
    group_by: NotRequired[list[str]]
    group_wait: NotRequired[str]
    group_interval: NotRequired[str]
    repeat_interval: NotRequired[str]
    mute_time_intervals: NotRequired[list[str]]
    routes: NotRequired[list["Route"]]


class InhibitRule(TypedDict):
    """Alerts that fit the target are not told while one fits the source, and these labels have equal values."""

    source_matchers: list[str]
    target_matchers: list[str]
    equal: list[str]


class Link(TypedDict):
    """A link in a message of PagerDuty."""

    href: str
    text: str


class PagerDutyConfig(TypedDict):
    """A message to the Events API v2."""

    routing_key_file: str
    send_resolved: bool
    description: str
    severity: str
    client: str
    client_url: str
    component: str
    group: str
    links: list[Link]


class SlackConfig(TypedDict):
    """A message to an incoming webhook."""

    api_url_file: str
    send_resolved: bool
    channel: str
    title: str
    title_link: str
    text: str
    fallback: str


class WeComConfig(TypedDict):
    """A message of an application of WeCom, which Alertmanager calls by its older name, WeChat."""

    api_secret_file: str
    send_resolved: bool
    corp_id: str
    agent_id: str
    to_user: NotRequired[str]
    to_party: NotRequired[str]
    message: str


EmailConfig = TypedDict(
    "EmailConfig",
    {
        "auth_password_file": str,
        "auth_username": str,
        "send_resolved": bool,
        "to": str,
        "from": str,
        "smarthost": str,
        "require_tls": bool,
        "headers": dict[str, str],
        "html": str,
        "text": str,
    },
)


class WebhookConfig(TypedDict):
    """Alertmanager's own message, in JSON, to anybody."""

    url_file: str
    send_resolved: bool


class Receiver(TypedDict):
    """Who is told, in which ways; nobody where there is none."""

    name: str
    pagerduty_configs: NotRequired[list[PagerDutyConfig]]
    slack_configs: NotRequired[list[SlackConfig]]
    wechat_configs: NotRequired[list[WeComConfig]]
    email_configs: NotRequired[list[EmailConfig]]
    webhook_configs: NotRequired[list[WebhookConfig]]


class AlertmanagerDocument(TypedDict):
    """The whole file."""

    route: Route
    inhibit_rules: list[InhibitRule]
    receivers: list[Receiver]
    time_intervals: list[NamedTimeInterval]
    templates: list[str]
