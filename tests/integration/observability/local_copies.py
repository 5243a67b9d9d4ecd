"""What differs on this machine from what a cluster gets; all of it stands here, and nothing else is changed.

- Files and folders are this machine's, as are the addresses of kube-state-metrics and Alertmanager.
- Discovery asks localcluster's API server by a kubeconfig, where a Pod has a token and a certificate of its own.
- The kubelet is played, and speaks HTTP without a token.
- Rules are evaluated every two seconds, alerts are held for a twentieth of their time, and Alertmanager waits seconds
  where it waits minutes. Expressions are as they are: rates look back over five minutes. Rule unit tests check times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import promql_parser
import yaml

from components.observability.names import ALERTMANAGER, PROMETHEUS, RULES
from components.observability.prometheus.config import RULES_FOLDER
from components.specs.pod import ConfigVolume
from components.specs.workload import WorkloadSpec
from stacks.schema.platform import Platform
from tests.integration.servers import alertmanager, prometheus

EVALUATION: Final = "2s"
_QUICKER: Final = 20
_HOLDS: Final = frozenset({"for", "keep_firing_for"})
_WAITS: Final = {"group_wait": "1s", "group_interval": "3s"}


def prometheus_files(
    platform: Platform, folder: Path, kubeconfig: Path, addresses: Mapping[str, str]
) -> dict[str, str]:
    """Prometheus' configuration and rules, for a server in `folder`. `addresses`: Service's address → the one here."""
    config = json.loads(platform.config_maps[PROMETHEUS][prometheus.CONFIG])
    config["rule_files"] = [path.replace(RULES_FOLDER, str(folder / "rules")) for path in config["rule_files"]]
    for job in config["scrape_configs"]:
        for discovery in job.get("kubernetes_sd_configs", ()):
            discovery["kubeconfig_file"] = str(kubeconfig)
        if job.get("scheme") == "https":
            del job["scheme"], job["tls_config"], job["authorization"]
    for section in (*config["scrape_configs"], *config.get("alerting", {}).get("alertmanagers", ())):
        for static in section.get("static_configs", ()):
            static["targets"] = [addresses[target] for target in static["targets"]]
    files = {prometheus.CONFIG: json.dumps(config)}
    return files | {f"rules/{name}": _faster(text) for name, text in platform.config_maps[RULES].items()}


def alertmanager_files(platform: Platform, folder: Path, receivers: Mapping[str, str]) -> dict[str, str]:
    """Alertmanager's configuration, for a server in `folder`, and its Secret: key → what it holds."""
    spec = platform.workloads[ALERTMANAGER].spec
    (secrets,) = (path for path, mount in spec.mounts.items() if mount.volume == "secrets")
    (configs,) = (path for path, mount in spec.mounts.items() if mount.volume == "config")
    found = {}
    for name, text in platform.config_maps[ALERTMANAGER].items():
        local = text.replace(secrets, str(folder / "secrets")).replace(configs, str(folder))
        found[name] = json.dumps(_quicker(json.loads(local))) if name == alertmanager.CONFIG else local
    return found | {f"secrets/{key}": value for key, value in receivers.items()}


def mounted(spec: WorkloadSpec, config_maps: Mapping[str, Mapping[str, str]], folder: Path) -> tuple[str, ...]:
    """A workload's arguments, whose files are where its ConfigMaps have been written to, below `folder`."""
    arguments = spec.args
    for path, mount in spec.mounts.items():
        volume = spec.volumes[mount.volume]
        if isinstance(volume, ConfigVolume):
            here = folder / path.lstrip("/")
            here.mkdir(parents=True)
            for name, text in config_maps[volume.config].items():
                (here / name).write_text(text)
            arguments = tuple(argument.replace(path, str(here)) for argument in arguments)
    return arguments


def _faster(text: str) -> str:
    rules = yaml.safe_load(text)
    for group in rules["groups"]:
        group["interval"] = EVALUATION
        for rule in group["rules"]:
            for hold in _HOLDS & rule.keys():
                held = promql_parser.parse_duration(rule[hold]) / _QUICKER
                rule[hold] = f"{held // timedelta(milliseconds=1)}ms"
    return json.dumps(rules)


def _quicker(config: Any) -> Any:
    """The configuration with short waits, wherever it waits."""
    match config:
        case dict():
            return {key: _WAITS.get(key) or _quicker(value) for key, value in config.items()}
        case list():
            return [_quicker(value) for value in config]
        case _:
            return config
