"""Prometheus' configuration. Pure.

https://prometheus.io/docs/prometheus/latest/configuration/configuration/
"""

from datetime import timedelta
from typing import Any, Final

from components.observability.arguments import ObservabilityArgs
from components.observability.names import ALERTMANAGER_PORT, alertmanager_hosts
from components.observability.prometheus.scrape_jobs import scrape_jobs
from components.quantities import byte_count, duration_text
from components.specs.observability.metrics import Metrics, RemoteWrite
from components.yaml_text import yaml_file

CONFIG_FILE: Final = "prometheus.yml"
RULES_FOLDER: Final = "/etc/prometheus/rules"
SECRETS_FOLDER: Final = "/etc/prometheus/secrets"
FULL: Final = 0.85
"""How much of its storage the blocks may fill: the rest is for the write-ahead log, and for a compaction's new block
(https://prometheus.io/docs/prometheus/latest/storage/#right-sizing-retention-size)."""
LONGEST_SCRAPE: Final = timedelta(seconds=10)
LATE_SAMPLES: Final = timedelta(minutes=10)
"""How late samples may come that somebody pushes: collectors send in batches, and send again."""
EXEMPLARS: Final = 100_000
"""Kept in memory, about 100 bytes each."""


def prometheus_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data. Prometheus itself notices a changed file, so no Pod is rolled.

    Raises ValueError where the platform runs no Prometheus of its own.
    """
    settings = args.settings.metrics
    config: dict[str, Any] = {
        "global": {
            "scrape_interval": duration_text(settings.scrape_interval),
            "scrape_timeout": duration_text(min(settings.scrape_interval, LONGEST_SCRAPE)),
            "evaluation_interval": duration_text(settings.scrape_interval),
            # Whose samples they are, where those of several meet; replicas of one pair are told apart by the last.
            "external_labels": {"platform": args.part_of, "replica": "${POD_NAME}"},
        },
        "storage": {
            "tsdb": {"retention": _retention(settings), "out_of_order_time_window": duration_text(LATE_SAMPLES)},
            "exemplars": {"max_exemplars": EXEMPLARS},
        },
        "rule_files": [f"{RULES_FOLDER}/*.yaml"],
        **_alerting(args),
        "scrape_configs": scrape_jobs(args),
        "remote_write": [_remote_write(one) for one in settings.remote_write],
    }
    return {CONFIG_FILE: yaml_file(config)}


def secret_keys(settings: Metrics) -> tuple[str, ...]:
    """Return the keys of the Secret ``prometheus``; without any there is no such Secret."""
    return tuple(dict.fromkeys(one.password for one in settings.remote_write if one.password))


def _retention(settings: Metrics) -> dict[str, str]:
    if settings.retention is None or settings.storage is None:
        raise ValueError("without retention and storage Prometheus is the operator's: it is configured there")
    # The smallest unit that people read; Prometheus' MB are MiB.
    size = max(1, int(byte_count(settings.storage) * FULL) // 2**20)
    return {"time": duration_text(settings.retention), "size": f"{size}MB"}


def _alerting(args: ObservabilityArgs) -> dict[str, Any]:
    targets = [f"{host}:{ALERTMANAGER_PORT}" for host in alertmanager_hosts(args)]
    if not targets:
        return {}
    return {
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": targets}]}],
            # Both replicas of a pair see the same alert, and Alertmanager must see that it is the same.
            "alert_relabel_configs": [{"regex": "replica", "action": "labeldrop"}],
        }
    }


def _remote_write(remote: RemoteWrite) -> dict[str, Any]:
    write: dict[str, Any] = {"url": f"https://{remote.host}:{remote.port}{remote.path}", "send_exemplars": True}
    if remote.password is None:
        return write
    file = f"{SECRETS_FOLDER}/{remote.password}"
    if remote.username is None:
        return write | {"authorization": {"credentials_file": file}}
    return write | {"basic_auth": {"username": remote.username, "password_file": file}}
