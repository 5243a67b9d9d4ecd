"""A changed ConfigMap reaches a running Prometheus, without a restart and without anybody asking it to read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components.observability.prometheus.config import CONFIG_FILE, RULES_FOLDER, prometheus_config
from components.observability.prometheus.workload import prometheus_workload
from tests.integration.servers.flags import with_flags
from tests.integration.servers.prometheus import Prometheus
from tests.observability.scraped import scraped

ARGS = scraped(nodes=False)


@dataclass
class ConfigMapVolume:
    """A ConfigMap as the kubelet mounts it: files are links through `..data`, which is swapped for a new folder.

    https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
    """

    folder: Path
    _versions: Any = field(default_factory=itertools.count)

    def write(self, data: Mapping[str, str]) -> None:
        self.folder.mkdir(exist_ok=True)
        version = self.folder / f"..2026_11_21.{next(self._versions)}"
        version.mkdir()
        for name, text in data.items():
            (version / name).write_text(text)
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        fresh = self.folder / "..data_tmp"
        fresh.symlink_to(version.name)
        fresh.replace(self.folder / "..data")


@dataclass(frozen=True, kw_only=True)
class Mounted:
    """A running Prometheus, and the volumes that it reads."""

    server: Prometheus
    config: ConfigMapVolume
    rules: ConfigMapVolume

    @property
    def log(self) -> str:
        return (self.server.folder / "prometheus.err").read_text()


@pytest.fixture
def mounted(tmp_path: Path) -> Generator[Mounted]:
    config, rules = ConfigMapVolume(tmp_path), ConfigMapVolume(tmp_path / "rules")
    config.write(configured(tmp_path))
    rules.write(recording("before:up:sum"))
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
    mounted.rules.write(recording("after:up:sum"))
    mounted.server.until(lambda: names(mounted.server) == ["after:up:sum"], "the new rule is there")
    assert mounted.log.count("Starting Prometheus Server") == 1


def test_a_new_file_of_rules_is_read_too(mounted: Mounted) -> None:
    mounted.rules.write(
        recording("before:up:sum") | {"more.yaml": recording("more:up:sum")["own.yaml"].replace("own", "more")}
    )
    mounted.server.until(lambda: set(names(mounted.server)) == {"before:up:sum", "more:up:sum"}, "both are there")


def test_a_changed_retention_holds_without_a_restart(mounted: Mounted) -> None:
    mounted.config.write(configured(mounted.config.folder, retention="3d"))
    mounted.server.until(lambda: '"duration":"3d"' in mounted.log, "the new retention holds")


def test_a_rule_that_cannot_be_read_leaves_the_old_ones_at_work(mounted: Mounted) -> None:
    mounted.rules.write(recording("broken:up:sum", "sum(up"))
    mounted.server.until(lambda: "Error reloading config" in mounted.log, "it tells what is wrong")
    assert names(mounted.server) == ["before:up:sum"], "a slip in one rule must not end all alerts"
