"""What keeps an alert back in a real Alertmanager: a more urgent one, the reason behind it, a time, a silence."""

from __future__ import annotations

import time
from pathlib import Path

from components.observability.alertmanager.routes import DOWN
from tests.integration.observability.delivery import SILENCE, TIERS, alert, at, running, told
from tests.integration.servers.processes import eventually
from tests.integration.servers.webhook import Webhook
from tests.observability.alerting import alerting, amtool


def test_a_page_keeps_back_what_is_less_urgent_of_its_kind_and_no_other(tmp_path: Path, notified: Webhook) -> None:
    burns = "ErrorBudgetBurns"
    with running(alerting(TIERS), tmp_path, notified) as server:
        server.send(
            alert(burns, "page", slo="availability"),
            alert(burns, "ticket", slo="availability"),
            alert(burns, "ticket", slo="latency-p99"),
            alert(burns, "ticket", service="users", slo="availability"),
            alert("PodRestarts", "ticket"),
            alert("PodRestarts", "info"),
        )
        notified.until(at("page-url"), "the page comes")
        eventually(lambda: len(told(notified, "ticket-url")) == 3, "what is kept back by nothing comes")
        time.sleep(SILENCE)
        kept = {
            (one["labels"]["alertname"], one["labels"]["severity"], one["labels"].get("slo"))
            for one in server.alerts()
            if one["status"]["inhibitedBy"]
        }
    assert kept == {(burns, "ticket", "availability"), ("PodRestarts", "info", None)}
    told_of = {
        (found["labels"]["alertname"], found["labels"]["service"], found["labels"].get("slo"))
        for one in notified.received
        if at("ticket-url")(one)
        for found in one.body["alerts"]
    }
    assert told_of == {
        (burns, "orders", "latency-p99"),
        (burns, "users", "availability"),
        ("PodRestarts", "orders", None),
    }
    assert told(notified, "info-url") == []


def test_what_can_t_be_reached_keeps_back_its_consequences_but_no_page(tmp_path: Path, notified: Webhook) -> None:
    with running(alerting(TIERS), tmp_path, notified) as server:
        server.send(
            alert(DOWN[0], "ticket"),
            alert("PodRestarts", "ticket"),
            alert("QueueGrows", "info"),
            alert("ErrorBudgetBurns", "page"),
            alert("PodRestarts", "ticket", service="users"),
            # Of what belongs to no service it is no reason.
            {"alertname": "VolumeFills", "severity": "ticket"},
        )
        notified.until(at("page-url"), "the page comes")
        eventually(lambda: len(told(notified, "ticket-url")) == 3, "the others come")
        time.sleep(SILENCE)
    assert sorted(map(sorted, told(notified, "ticket-url"))) == [["PodRestarts"], [DOWN[0]], ["VolumeFills"]]
    assert told(notified, "info-url") == []


def test_what_is_down_without_a_service_keeps_nothing_back(tmp_path: Path, notified: Webhook) -> None:
    with running(alerting(TIERS), tmp_path, notified) as server:
        server.send({"alertname": DOWN[0], "severity": "ticket"}, {"alertname": "VolumeFills", "severity": "ticket"})
        eventually(lambda: len(told(notified, "ticket-url")) == 2, "both come")


def test_at_a_muted_time_tickets_wait_and_pages_come(tmp_path: Path, notified: Webhook) -> None:
    always = [{"severities": ["ticket"], "weekdays": ["monday:sunday"], "location": "Asia/Shanghai"}]
    with running(alerting({**TIERS, "mute": always}), tmp_path, notified) as server:
        server.send(alert("ErrorBudgetBurns", "page"), alert("PodRestarts", "ticket"), alert("QueueGrows", "info"))
        notified.until(at("page-url"), "the page comes")
        notified.until(at("info-url"), "what is not named is not muted")
        time.sleep(SILENCE)
        (waiting,) = server.alerts('severity="ticket"')
    assert told(notified, "ticket-url") == []
    assert waiting["status"]["state"] == "active", "it is held, and told once the time is over"


def test_a_silence_as_docs_operations_md_makes_it_keeps_one_alert_of_one_service_back(
    tmp_path: Path, notified: Webhook
) -> None:
    with running(alerting(TIERS), tmp_path, notified) as server:
        done = amtool(
            f"--alertmanager.url={server.url}",
            "silence",
            "add",
            "alertname=SloBudgetBurns",
            "service=orders",
            "--duration=2h",
            "--author=mei",
            "--comment=rolled back, the budget recovers",
        )
        assert done.returncode == 0, done.stderr
        server.send(
            alert("SloBudgetBurns", "page"),
            alert("SloBudgetBurns", "page", service="users"),
            alert("WorkloadDown", "page"),
        )
        eventually(lambda: len(told(notified, "page-url")) == 2, "what is not silenced comes")
        time.sleep(SILENCE)
        (silenced,) = (one for one in server.alerts() if one["status"]["silencedBy"])
    assert (silenced["labels"]["alertname"], silenced["labels"]["service"]) == ("SloBudgetBurns", "orders")
    assert len(told(notified, "page-url")) == 2
