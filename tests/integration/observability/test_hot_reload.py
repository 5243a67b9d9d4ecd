"""A changed ConfigMap reaches a running Prometheus, without a restart and without anybody asking it to read."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.observability.prometheus.config import CONFIG_FILE, RULES_FOLDER, prometheus_config
from components.observability.prometheus.workload import prometheus_workload
from tests.integration.servers.flags import with_flags
from tests.integration.servers.mounted_files import mount
from tests.integration.servers.prometheus import Prometheus
from tests.observability.scraped import scraped

ARGS = scraped(nodes=False)


@dataclass(frozen=True, kw_only=True)
class Mounted:
    """A running Prometheus, and the volumes that it reads."""

    server: Prometheus
    config: Path
    rules: Path

    @property
    def log(self) -> str:
        return (self.server.folder / "prometheus.err").read_text()


@pytest.fixture
def mounted(tmp_path: Path) -> Generator[Mounted]:
    config, rules = tmp_path, tmp_path / "rules"
    mount(config, configured(tmp_path))
    mount(rules, recording("before:up:sum"))
    arguments = with_flags(prometheus_workload(ARGS).args, {"--config.auto-reload-interval": "1s"})
    server = Prometheus(folder=tmp_path, arguments=arguments)
    server.start()
    try:
        yield Mounted(server=server, config=config, rules=rules)
    finally:
        server.stop()


def configured(folder: Path, **settings: Any) -> dict[str, str]:
    """The generated configuration; what it would discover is left out, as there is no cluster."""
    args = scraped(nodes=False, **settings)
    config = json.loads(prometheus_config(args)[CONFIG_FILE].replace(RULES_FOLDER, str(folder / "rules")))
    config["scrape_configs"] = []
    return {CONFIG_FILE: json.dumps(config)}


def recording(name: str, expression: str = "sum(up)") -> dict[str, str]:
    return {"own.yaml": json.dumps({"groups": [{"name": "own", "rules": [{"record": name, "expr": expression}]}]})}


def names(server: Prometheus) -> list[str]:
    return [rule.name for rule in server.rules()]


def test_a_changed_rule_is_evaluated_without_a_restart(mounted: Mounted) -> None:
    assert names(mounted.server) == ["before:up:sum"], "rules are read through the links that the kubelet makes"
    mount(mounted.rules, recording("after:up:sum"))
    mounted.server.until(lambda: names(mounted.server) == ["after:up:sum"], "the new rule is there")
    assert mounted.log.count("Starting Prometheus Server") == 1


def test_a_new_file_of_rules_is_read_too(mounted: Mounted) -> None:
    more = {"more.yaml": recording("more:up:sum")["own.yaml"].replace("own", "more")}
    mount(mounted.rules, recording("before:up:sum") | more)
    mounted.server.until(lambda: set(names(mounted.server)) == {"before:up:sum", "more:up:sum"}, "both are there")


def test_a_changed_retention_holds_without_a_restart(mounted: Mounted) -> None:
    mount(mounted.config, configured(mounted.config, retention="3d"))
    mounted.server.until(lambda: '"duration":"3d"' in mounted.log, "the new retention holds")


def test_a_rule_that_cannot_be_read_leaves_the_old_ones_at_work(mounted: Mounted) -> None:
    mount(mounted.rules, recording("broken:up:sum", "sum(up"))
    mounted.server.until(lambda: "Error reloading config" in mounted.log, "it tells what is wrong")
    assert names(mounted.server) == ["before:up:sum"], "a slip in one rule must not end all alerts"
