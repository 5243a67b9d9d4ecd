"""Platforms that tell people of alerts, and Alertmanager's own tool, which reads what they are configured with."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from components.observability.alertmanager.server import CONFIG, FILE, alertmanager_config
from components.observability.arguments import Interface, MonitoredWorkload, ObservabilityArgs, Role
from components.specs.container import Language
from components.specs.observability.settings import Observability
from launcher.gobuild import built
from tests.tools.alertmanager import AMTOOL

PAGERDUTY: Final = {"pagerduty": "pagerduty-key"}
SLACK: Final = {"slack": "slack-url", "channel": "#shop"}
WECOM: Final = {"wecom": "wecom-secret", "corp": "ww0123456789", "agent": "1000002", "party": "7"}
EMAIL: Final = {
    "email": "smtp-password",
    "to": "shop@example.com",
    "from": "alerts@example.com",
    "server": "smtp.example.com",
}
WEBHOOK: Final = {"webhook": "hook-url", "host": "hooks.example.com"}
WATCHDOG: Final = {"webhook": "watchdog-url", "host": "deadman.example.com"}
GRAFANA: Final = "https://grafana.example.com"

EVERY_WAY: Final = (PAGERDUTY, SLACK, WECOM, EMAIL, WEBHOOK)
VARIANTS: Final[dict[str, dict[str, Any]]] = {
    "nobody": {},
    "one-way": {"page": WEBHOOK},
    "every-way-at-every-hour": {"page": EVERY_WAY, "ticket": EVERY_WAY, "info": EVERY_WAY, "watchdog": WATCHDOG},
    "teams": {
        "page": PAGERDUTY,
        "ticket": SLACK,
        "info": SLACK,
        "teams": {
            "catalogue": {"page": {"pagerduty": "catalogue-key"}, "ticket": WECOM, "info": WEBHOOK},
            "checkout": {"ticket": EMAIL},
        },
    },
    "working-hours": {
        "page": PAGERDUTY,
        "ticket": SLACK,
        "info": SLACK,
        "mute": (
            {"severities": ("ticket", "info"), "weekdays": ("saturday:sunday",), "location": "Asia/Shanghai"},
            {"severities": ("ticket",), "start": "18:00", "end": "24:00"},
        ),
    },
    "three": {"page": PAGERDUTY, "ticket": SLACK, "info": SLACK, "watchdog": WATCHDOG, "replicas": 3, "repeat": "7d"},
}


def alerting(
    alerts: Mapping[str, Any] | None = None, *, dashboards: Mapping[str, Any] | None = None
) -> ObservabilityArgs:
    """A platform of one service whose alerts go where `alerts` says; without it there is no Alertmanager."""
    orders = MonitoredWorkload(
        name="orders", team="checkout", role=Role.SERVICE, language=Language.GO, interfaces=(Interface.RPC,)
    )
    words = {
        "metrics": {"retention": "15d", "storage": "10Gi"},
        "runbooks": "https://runbooks.example.com",
        **({} if alerts is None else {"alerts": alerts}),
        **({} if dashboards is None else {"dashboards": dashboards}),
    }
    return ObservabilityArgs(
        settings=Observability.model_validate(words),
        namespace="shop",
        edge_namespace="istio-ingress",
        part_of="shop",
        workloads={orders.name: orders},
    )


def written(folder: Path, args: ObservabilityArgs) -> Path:
    """Write the configuration into a folder, with the paths in it those of the folder; return Alertmanager's file."""
    for name, text in alertmanager_config(args).items():
        (folder / name).write_text(text.replace(CONFIG, str(folder)), encoding="utf-8")
    return folder / FILE


def amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Ask Alertmanager's own tool; it reads files alone."""
    return subprocess.run([built(AMTOOL), *arguments], capture_output=True, text=True, check=False, timeout=60)
