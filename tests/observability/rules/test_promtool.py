"""All rules before the real promtool: it takes them, and each alert fires and is silent when it should."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.observability.arguments import Interface
from components.observability.rules.groups import alerts, rule_files
from components.observability.rules.model import Alert
from components.observability.rules.unit_tests import unit_test_files
from components.specs.container import Language
from tests.observability.rules import promtool
from tests.observability.rules.platforms import EVERYTHING, OWN, PLATFORMS, platform, service


@pytest.mark.parametrize("name", PLATFORMS)
def test_promtool_takes_all_rules_and_finds_no_fault_with_their_style(name: str, tmp_path: Path) -> None:
    files = promtool.write(tmp_path, rule_files(PLATFORMS[name]))
    done = promtool.run(tmp_path, "check", "rules", "--lint=all", "--lint-fatal", *files)
    assert done.returncode == 0, done.stdout


def test_promtool_takes_whatever_characters_a_team_writes(tmp_path: Path) -> None:
    """One text that it can't read would cost the whole file its rules, those of all other services with them."""
    own = OWN.model_copy(update={"summary": "\U0001f525 the outbox grows\u2028{{ $value }}"})
    args = platform(service("orders", Language.GO, Interface.RPC, alerts={"OutboxFails": own}))
    files = promtool.write(tmp_path, rule_files(args))
    done = promtool.run(tmp_path, "check", "rules", *files)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", PLATFORMS)
def test_each_alert_does_what_its_unit_tests_say(name: str, tmp_path: Path) -> None:
    promtool.write(tmp_path, rule_files(PLATFORMS[name]))
    tests = promtool.write(tmp_path, unit_test_files(PLATFORMS[name]))
    done = promtool.run(tmp_path, "test", "rules", *tests)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("SUCCESS") == len(tests), "each file of tests was run"


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_is_silent() -> None:
    def seen(alert: Alert) -> set[bool]:
        own = alert.severity.value
        return {any(one.labels.get("severity", own) == own for one in test.fires) for test in alert.tests}

    tested = [alert for alert in alerts(EVERYTHING) if alert.runbook is None]  # a team's own are the team's to test
    lacking = [alert.name for alert in tested if seen(alert) != {True, False}]
    assert lacking == ["Watchdog"], "an alert that was never seen to fire, or never to be silent, may do neither"


def test_a_wrong_expectation_is_noticed(tmp_path: Path) -> None:
    promtool.write(tmp_path, rule_files(EVERYTHING))
    text = unit_test_files(EVERYTHING)["requests.test.yaml"]
    for right, wrong in (("6% of the requests", "7% of the requests"), ('"exp_alerts": []', '"exp_alerts": [{}]')):
        assert right in text
        (tmp_path / "wrong.test.yaml").write_text(text.replace(right, wrong, 1))
        done = promtool.run(tmp_path, "test", "rules", "wrong.test.yaml")
        assert done.returncode != 0, f"{wrong}: a test that says so passes"


def test_a_rule_that_stands_twice_is_noticed(tmp_path: Path) -> None:
    document = json.loads(rule_files(EVERYTHING)["targets.yaml"])
    document["groups"][0]["rules"] *= 2
    (tmp_path / "twice.yaml").write_text(json.dumps(document))
    done = promtool.run(tmp_path, "check", "rules", "--lint=all", "--lint-fatal", "twice.yaml")
    assert done.returncode != 0 and "duplicate" in done.stdout
