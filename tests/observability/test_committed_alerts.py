"""The committed stacks' Alertmanager and Grafana, and the names that rules and routes have to agree on."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.observability.alertmanager.routes import DOWN, WATCHDOG
from components.observability.alertmanager.server import CONFIG, FILE
from components.observability.dashboards.index import config_map_name
from components.observability.names import ALERTMANAGER, GRAFANA
from components.observability.rules.groups import rule_groups
from components.observability.rules.model import Alert
from components.specs.observability.alerts import Severity
from components.specs.pod import ConfigVolume
from stacks.loader import validate
from tests.observability.alerting import amtool
from tests.observability.rules.platforms import EVERYTHING

ALERTING = ("dev", "prod")


@pytest.mark.parametrize("stack", ALERTING)
def test_alertmanager_takes_what_a_committed_stack_gives_it(stack: str, tmp_path: Path) -> None:
    for name, text in validate(stack).config_maps[ALERTMANAGER].items():
        (tmp_path / name).write_text(text.replace(CONFIG, str(tmp_path)))
    done = amtool("check-config", tmp_path / FILE)
    assert done.returncode == 0, done.stdout + done.stderr
    for severity in Severity:
        file = f"--config.file={tmp_path / FILE}"
        routed = amtool("config", "routes", "test", file, f"--verify.receivers={severity}", f"severity={severity}")
        assert routed.returncode == 0, f"{severity}: {routed.stdout}"


@pytest.mark.parametrize("stack", ["local", *ALERTING])
def test_grafana_mounts_every_dashboard_of_a_committed_stack_and_nothing_that_is_missing(stack: str) -> None:
    platform = validate(stack)
    mounted = {
        volume.config
        for volume in platform.workloads[GRAFANA].spec.volumes.values()
        if isinstance(volume, ConfigVolume)
    }
    dashboards = {name for name in platform.config_maps if name.startswith(config_map_name(""))}
    assert dashboards and mounted == {GRAFANA, *dashboards}


def test_routes_name_alerts_that_there_are() -> None:
    alerts = {rule.name for group in rule_groups(EVERYTHING) for rule in group.rules if isinstance(rule, Alert)}
    assert {WATCHDOG, *DOWN} <= alerts, "a renamed alert would be kept back, or not, without a word"


def test_what_keeps_others_back_is_about_a_service() -> None:
    down = [
        rule
        for group in rule_groups(EVERYTHING)
        for rule in group.rules
        if isinstance(rule, Alert) and rule.name in DOWN
    ]
    assert all("service" in rule.expression or "service" in rule.labels for rule in down), "else it keeps back nothing"
