"""What people read, as Alertmanager's own tool renders it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.observability.alertmanager.messages import DASHBOARD, HEADLINE, TEXT, TITLE
from components.observability.alertmanager.server import MESSAGES
from tests.observability.alerting import GRAFANA, PAGERDUTY, alerting, amtool, written

RUNBOOK = "https://runbooks.example.com/ErrorBudgetBurns.md"


def alert(summary: str, *, status: str = "firing") -> dict[str, Any]:
    return {"status": status, "labels": {"alertname": "ErrorBudgetBurns"}, "annotations": {"summary": summary}}


def message(*alerts: dict[str, Any], service: str | None = "orders", **annotations: str) -> dict[str, Any]:
    """A group of alerts, as Alertmanager gives it to the texts."""
    labels = {"alertname": "ErrorBudgetBurns", "team": "checkout", **({"service": service} if service else {})}
    return {
        "receiver": "page",
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "alerts": list(alerts),
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": {"runbook_url": RUNBOOK, **annotations},
    }


def rendered(text: str, data: dict[str, Any], folder: Path, *, grafana: str | None = GRAFANA) -> str:
    written(folder, alerting({"page": PAGERDUTY}, dashboards={"url": grafana} if grafana else None))
    (folder / "data.json").write_text(json.dumps(data))
    done = amtool(
        "template",
        "render",
        f"--template.glob={folder / MESSAGES}",
        f"--template.text={text}",
        f"--template.data={folder / 'data.json'}",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.removesuffix("\n")


def test_the_title_says_how_many_fire_what_and_of_whom(tmp_path: Path) -> None:
    two = message(alert("a"), alert("b"), alert("c", status="resolved"))
    assert rendered(TITLE, two, tmp_path) == "[FIRING 2] ErrorBudgetBurns: orders"
    assert rendered(TITLE, message(alert("a", status="resolved")), tmp_path) == "[RESOLVED] ErrorBudgetBurns: orders"
    assert rendered(TITLE, message(alert("a"), service=None), tmp_path) == "[FIRING 1] ErrorBudgetBurns"


def test_one_line_holds_the_first_summary_too(tmp_path: Path) -> None:
    text = rendered(HEADLINE, message(alert("2 % of requests fail")), tmp_path)
    assert text == "[FIRING 1] ErrorBudgetBurns: orders 2 % of requests fail"


def test_a_message_says_what_happens_and_links_runbook_and_dashboard(tmp_path: Path) -> None:
    data = message(alert("2 % of requests fail"), alert("3 % are slow", status="resolved"), dashboard="objectives")
    assert rendered(TEXT, data, tmp_path).splitlines() == [
        "2 % of requests fail",
        "Resolved: 3 % are slow",
        f"Runbook: {RUNBOOK}",
        f"Dashboard: {GRAFANA}/d/objectives?var-service=orders",
    ]


def test_an_alert_that_names_no_dashboard_links_the_home_dashboard(tmp_path: Path) -> None:
    assert rendered(DASHBOARD, message(alert("a"), service=None), tmp_path) == f"{GRAFANA}/d/platform-overview"


def test_without_an_address_of_grafana_nothing_links_to_it(tmp_path: Path) -> None:
    data = message(alert("2 % of requests fail"))
    assert rendered(TEXT, data, tmp_path, grafana=None).splitlines() == ["2 % of requests fail", f"Runbook: {RUNBOOK}"]
    assert rendered(DASHBOARD, data, tmp_path, grafana=None) == ""


def test_a_hundred_alerts_make_a_short_message(tmp_path: Path) -> None:
    text = rendered(TEXT, message(*(alert(f"Pod {index} " + "x" * 300) for index in range(100))), tmp_path)
    assert text.splitlines()[5] == "100 in all" and text.count("Pod ") == 5
    assert len(text.encode()) < 2048, "WeCom cuts off what is longer, and the links with it"


def test_what_an_address_of_grafana_holds_is_text_and_no_template(tmp_path: Path) -> None:
    odd = 'https://g.example.com/HOME"{{ .Status }}'
    assert rendered(DASHBOARD, message(alert("a")), tmp_path, grafana=odd).startswith(f"{odd}/d/platform-overview")
