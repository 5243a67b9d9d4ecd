"""The generated configuration in a real Alertmanager, for the tests that look at who is told.

What differs from a cluster: folders, the addresses of those who are told, and how long is waited.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.observability.alertmanager.receivers import SECRETS
from components.observability.alertmanager.server import (
    CONFIG,
    FILE,
    alertmanager_config,
    alertmanager_secret_keys,
    alertmanager_workload,
)
from components.observability.arguments import ObservabilityArgs
from tests.integration.servers import alertmanager
from tests.integration.servers.alertmanager import Alertmanager
from tests.integration.servers.webhook import Notification, Webhook
from tests.observability.alerting import WEBHOOK

TIERS = {
    "page": {**WEBHOOK, "webhook": "page-url"},
    "ticket": {**WEBHOOK, "webhook": "ticket-url"},
    "info": {**WEBHOOK, "webhook": "info-url"},
    "watchdog": {**WEBHOOK, "webhook": "watchdog-url"},
}
"""One webhook a severity: the path of a notification says where it went."""
SILENCE = 6.0
"""Seconds after which what has not been told is not told: twice the longest wait below."""


def secret_keys(args: ObservabilityArgs) -> tuple[str, ...]:
    assert args.settings.alerts is not None
    return alertmanager_secret_keys(args.settings.alerts)


def alert(name: str, severity: str, service: str = "orders", **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, "service": service, "team": "checkout", **labels}


def local_files(
    args: ObservabilityArgs, folder: Path, secret: Mapping[str, str], change: Callable[[Any], None] = lambda _: None
) -> dict[str, str]:
    """The files of a server in `folder` whose waits are seconds; `change` may put other addresses into receivers."""
    assert {*secret} == {*secret_keys(args)}
    files = {
        name: text.replace(CONFIG, str(folder)).replace(SECRETS, str(folder / "secrets"))
        for name, text in alertmanager_config(args).items()
    }
    document = json.loads(files[FILE])
    for route in (document["route"], *document["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "3s"}
    for receiver in document["receivers"]:
        change(receiver)
    files[FILE] = json.dumps(document)
    return files | {f"secrets/{key}": f"{value}\n" for key, value in secret.items()}


@contextmanager
def running(args: ObservabilityArgs, folder: Path, receiver: Webhook) -> Generator[Alertmanager]:
    """The workload as it stands, whose webhooks end at `receiver`, each at the path of its key."""
    secret = {key: f"{receiver.url}/{key}" for key in secret_keys(args)}
    arguments = alertmanager_workload(args).args
    with alertmanager.running(folder, local_files(args, folder, secret), arguments) as server:
        yield server


def at(key: str) -> Callable[[Notification], bool]:
    return lambda one: one.path == f"/{key}"


def told(receiver: Webhook, key: str) -> list[set[str]]:
    """The alerts of each notification that has come to one path, the oldest first."""
    return [one.alert_names for one in list(receiver.received) if at(key)(one)]
