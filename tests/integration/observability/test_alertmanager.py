"""Who is told by a real Alertmanager, in which way, and how often.

Slack, WeCom and PagerDuty are played by a server that takes what they would; their own clouds are not asked.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from components.observability.alertmanager.routes import WATCHDOG
from components.observability.alertmanager.server import alertmanager_workload
from tests.integration.observability.delivery import (
    SILENCE,
    TIERS,
    alert,
    at,
    local_files,
    running,
    secret_keys,
    told,
)
from tests.integration.servers import alertmanager, mail
from tests.integration.servers.flags import with_flags
from tests.integration.servers.mail import MailServer
from tests.integration.servers.processes import LOOPBACK, eventually
from tests.integration.servers.webhook import Webhook
from tests.observability.alerting import EVERY_WAY, GRAFANA, VARIANTS, alerting

RUNBOOK = "https://runbooks.example.com/ErrorBudgetBurns.md"
ANNOTATIONS = {"summary": "2 % of requests fail: 昆明", "runbook_url": RUNBOOK, "dashboard": "objectives"}


@pytest.fixture
def mail_server(tmp_path: Path) -> Generator[MailServer]:
    (tmp_path / "mail").mkdir()
    with mail.running(tmp_path / "mail") as server:
        yield server


def test_each_way_reaches_its_receiver_with_the_credential_of_its_file(
    tmp_path: Path, notified: Webhook, mail_server: MailServer
) -> None:
    args = alerting({"page": EVERY_WAY}, dashboards={"url": GRAFANA})
    password, routing_key, api_secret = (secrets.token_hex(16) for _ in range(3))
    hook, slack = f"/hook/{secrets.token_hex(8)}", f"/services/{secrets.token_hex(8)}"

    def change(receiver: Any) -> None:
        for config in receiver.get("pagerduty_configs", ()):
            config["url"] = f"{notified.url}/v2/enqueue"
        for config in receiver.get("wechat_configs", ()):
            config["api_url"] = f"{notified.url}/cgi-bin/"
        for config in receiver.get("email_configs", ()):
            config["smarthost"] = f"{LOOPBACK}:{mail_server.port}"
            config["tls_config"] = {"ca_file": str(mail_server.authority)}

    secret = {
        "pagerduty-key": routing_key,
        "slack-url": notified.url + slack,
        "wecom-secret": api_secret,
        "smtp-password": password,
        "hook-url": notified.url + hook,
    }
    files = local_files(args, tmp_path, secret, change)
    with alertmanager.running(tmp_path, files, alertmanager_workload(args).args) as server:
        server.send(alert("ErrorBudgetBurns", "page"), annotations=ANNOTATIONS)
        paged = notified.until(lambda one: one.path == "/v2/enqueue", "PagerDuty is told").body
        written = notified.until(lambda one: one.path == slack, "Slack is told").body
        asked = notified.until(lambda one: one.path.startswith("/cgi-bin/gettoken"), "WeCom is asked for a token")
        sent = notified.until(lambda one: one.path.startswith("/cgi-bin/message/send"), "WeCom is told").body
        hooked = notified.until(lambda one: one.path == hook, "the webhook is told").body
        mailed = mail_server.until(lambda _: True, "the mail arrives")

    title, dashboard = "[FIRING 1] ErrorBudgetBurns: orders", f"{GRAFANA}/d/objectives?var-service=orders"
    lines = [ANNOTATIONS["summary"], f"Runbook: {RUNBOOK}", f"Dashboard: {dashboard}"]

    assert paged["routing_key"] == routing_key and paged["event_action"] == "trigger"
    assert paged["payload"]["severity"] == "critical" and paged["payload"]["component"] == "orders"
    assert paged["payload"]["summary"] == f"{title} {ANNOTATIONS['summary']}"
    assert paged["links"] == [{"href": RUNBOOK, "text": "Runbook"}] and paged["client_url"] == dashboard

    (attachment,) = written["attachments"]
    assert written["channel"] == "#shop" and attachment["title"] == title and attachment["title_link"] == RUNBOOK
    assert attachment["text"].splitlines() == lines

    query = parse_qs(urlsplit(asked.path).query)
    assert query == {"corpid": ["ww0123456789"], "corpsecret": [api_secret]}
    assert (sent["agentid"], sent["toparty"]) == ("1000002", "7")
    assert sent["text"]["content"].splitlines() == [title, *lines]

    assert hooked["commonAnnotations"]["runbook_url"] == RUNBOOK and hooked["receiver"] == "page"

    assert (mailed.username, mailed.password) == ("alerts@example.com", password)
    assert mailed.message["Subject"] == title and mailed.message["To"] == "shop@example.com"
    assert mailed.text.splitlines() == lines and not mailed.has_html


def test_a_changed_credential_is_used_without_a_restart(tmp_path: Path, notified: Webhook) -> None:
    with running(alerting(TIERS), tmp_path, notified) as server:
        server.send(alert("Before", "page"))
        notified.until(at("page-url"), "the first address is told")
        server.write({"secrets/page-url": f"{notified.url}/another"})
        server.send(alert("After", "page"))
        notified.until(lambda one: one.path == "/another" and one.alert_names == {"After"}, "the new address is told")


def test_each_severity_goes_to_its_tier_and_pods_of_one_service_make_one_message(
    tmp_path: Path, notified: Webhook
) -> None:
    with running(alerting(TIERS), tmp_path, notified) as server:
        server.send(
            *(alert("PodRestarts", "ticket", pod=f"orders-{index}") for index in range(5)),
            alert("PodRestarts", "ticket", service="users"),
            alert("QueueGrows", "info"),
            {"alertname": WATCHDOG, "severity": "info"},
        )
        for key in ("ticket-url", "info-url", "watchdog-url"):
            notified.until(at(key), f"{key} is told")
        eventually(lambda: len(told(notified, "ticket-url")) == 2, "both services are told of")
    sizes = sorted(len(one.body["alerts"]) for one in notified.received if at("ticket-url")(one))
    assert sizes == [1, 5], "five Pods with one trouble are one message, and another service has its own"
    assert told(notified, "watchdog-url")[0] == {WATCHDOG}
    assert told(notified, "info-url") == [{"QueueGrows"}], "the dead man's switch is nobody else's"
    assert told(notified, "page-url") == []


def test_two_replicas_told_of_the_same_tell_once(tmp_path: Path, notified: Webhook) -> None:
    args = alerting({**TIERS, "replicas": 2})
    spec = alertmanager_workload(args)
    # The second one waits for its turn; 15 s by default.
    arguments = (*spec.args, "--cluster.peer-timeout=3s")
    secret = {key: f"{notified.url}/{key}" for key in secret_keys(args)}
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    first_files, second_files = (local_files(args, folder, secret) for folder in folders)
    with (
        alertmanager.running(folders[0], first_files, arguments) as first,
        alertmanager.running(folders[1], second_files, arguments, peers=[first]) as second,
    ):
        eventually(
            lambda: first.peer_count() == second.peer_count() == 2, "they gossip under the label of the platform"
        )
        for server in (first, second):
            server.send(alert("ErrorBudgetBurns", "page"))
        notified.until(at("page-url"), "it arrives")
        time.sleep(SILENCE + 3)
        assert len(told(notified, "page-url")) == 1, "a second call would wake somebody twice"
        first.stop()
        second.send(alert("PodRestarts", "ticket"))
        notified.until(at("ticket-url"), "the one that is left goes on telling")


def test_another_platform_s_replicas_are_not_let_in(tmp_path: Path, notified: Webhook) -> None:
    args = alerting(VARIANTS["three"])
    secret = dict.fromkeys(secret_keys(args), notified.url)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    arguments = alertmanager_workload(args).args
    foreign = with_flags(arguments, {"--cluster.label": "other/alertmanager"})
    with (
        alertmanager.running(ours, local_files(args, ours, secret), arguments) as first,
        alertmanager.running(theirs, local_files(args, theirs, secret), foreign, peers=[first]) as second,
    ):
        time.sleep(SILENCE)
        assert first.peer_count() == 1 and second.peer_count() == 1
