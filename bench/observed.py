"""A generated platform that is watched, and the Prometheus that watches it, fed by one process that plays all its Pods.

Names and labels are those of `tests/observability/foreign_metrics.py`. Services say as much besides, for which nobody
asks, as the sample shop's do (`SERIES`). Discovery is replaced by targets with the labels that it would give them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.catalogue import catalogue, environment
from bench.measure import BenchFailed
from bench.projects import REPOSITORY
from components.observability.arguments import MonitoredWorkload, ObservabilityArgs
from components.observability.names import PROMETHEUS, RULES
from components.specs.container import Language
from launcher.gobuild import built
from stacks.document import Document
from stacks.loader import resolve_documents
from stacks.schema.environment import ROOT
from stacks.schema.platform import Platform
from tests.integration.servers.processes import LOOPBACK, eventually, free_port, is_ok
from tests.integration.servers.prometheus import CONFIG, Prometheus
from tests.tools.prometheus import PROMTOOL

REPLICAS: Final = 2
SERIES: Final = {Language.GO: 324, Language.JAVA: 113, Language.PYTHON: 33}
"""Of one Pod of the gateway, of users and of recommendations, after a few requests."""
HISTORY_DAYS: Final = 3
"""Of the longest burn rate; of the 30 days of a budget it is a tenth."""
_STEPS: Final = {"rate5m": (6 * 3600, 30), "mean5m": (HISTORY_DAYS * 86400, 300)}
"""Recorded series → how far back windows look at it, and how often it is recorded, in seconds."""


def platform(services: int) -> Platform:
    """Return the generated catalogue's platform, each service but the jobs with metrics and objectives."""
    document = catalogue(services)
    objective = {"availability": "99.9%", "latency": {"p99": "500ms"}}
    document["team-defaults"]["slo"] = objective
    for service in document["services"].values():
        if service.get("kind") == "cronjob":
            continue
        if not service.setdefault("ports", {}):
            service["probes"] = {"readiness": {"tcp": True, "port": "metrics"}}
        service["ports"].setdefault("metrics", 9090)
    told = {tier: {"webhook": tier, "host": "hooks.example.com"} for tier in ("page", "ticket", "info", "watchdog")}
    here = environment(document) | {
        "observability": {
            "metrics": {"retention": "30d", "storage": "200Gi"},
            "runbooks": "https://docs.example.com/runbooks",
            "alerts": told,
            "dashboards": {},
        }
    }
    root = {ROOT[0]: {ROOT[1]: here}}
    where = REPOSITORY / "stacks"
    return resolve_documents(
        Document(where / "catalogue.yaml", "catalogue.yaml", document), Document(where, "Pulumi.bench.yaml", root)
    )


def watched(found: Platform) -> ObservabilityArgs:
    """Return what the rules and dashboards of a platform are made of."""
    args = found.observability
    if args is None:
        raise BenchFailed("the generated platform is not watched, so nothing can be measured")
    return args


def scraped(args: ObservabilityArgs) -> list[MonitoredWorkload]:
    """Return the services whose Pods are played."""
    return [one for one in args.services if one.endpoint is not None]


@contextmanager
def running(folder: Path, services: int) -> Generator[Prometheus]:
    """Run the player and a Prometheus on the generated configuration and rules, with a history of the budgets."""
    found = platform(services)
    port = free_port()
    with played(services, port):
        server = Prometheus(folder=folder, arguments=found.workloads[PROMETHEUS].spec.args)
        server.write(_files(found, folder, port))
        _backfill(found, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def played(services: int, port: int) -> Generator[None]:
    """Play the Pods of a platform in a process of its own, so that it takes nothing from whoever measures."""
    command = [sys.executable, "-m", "bench.played_services", str(services), str(port)]
    with subprocess.Popen(command, cwd=REPOSITORY, process_group=0) as process:
        try:
            eventually(lambda: is_ok(f"http://{LOOPBACK}:{port}/kubelet"), "the services are played")
            yield
        finally:
            process.terminate()


def _files(found: Platform, folder: Path, port: int) -> dict[str, str]:
    """Return the generated configuration with targets in place of discovery, and the generated rules as they are."""
    args, config = watched(found), json.loads(found.config_maps[PROMETHEUS][CONFIG])
    targets = {
        "pods": list(_pods(args, port)),
        "kube-state-metrics": [_target(port, "/objects", service="kube-state-metrics", team=args.part_of)],
        "kubelet": [_target(port, "/kubelet", node="played")],
        "cadvisor": [_target(port, "/cadvisor", node="played")],
    }
    for job in config["scrape_configs"]:
        for key in (
            "kubernetes_sd_configs",
            "relabel_configs",
            "scheme",
            "tls_config",
            "authorization",
            "metrics_path",
        ):
            job.pop(key, None)
        job["static_configs"] = targets[job["job_name"]]
    config["rule_files"] = [str(folder / "rules" / "*.yaml")]
    config["alerting"]["alertmanagers"] = []  # nobody is told
    return {CONFIG: json.dumps(config)} | {f"rules/{name}": text for name, text in found.config_maps[RULES].items()}


def _pods(args: ObservabilityArgs, port: int) -> Iterator[dict[str, Any]]:
    for service in scraped(args):
        for index in range(REPLICAS):
            yield _target(
                port,
                f"/pod/{service.name}",
                namespace=args.namespace,
                pod=f"{service.name}-{index}",
                node="played",
                service=service.name,
                team=service.team,
                language=service.language.value,
                track="stable",
            )


def _target(port: int, path: str, **labels: str) -> dict[str, Any]:
    return {"targets": [f"{LOOPBACK}:{port}"], "labels": {"__metrics_path__": path, **labels}}


def _backfill(found: Platform, folder: Path) -> None:
    """Write what the rules would have recorded of the budgets until now: windows of days have days to sum up."""
    history, now = folder / "history.txt", int(time.time())
    promised = [one for one in watched(found).services if one.objective]
    with history.open("w") as file:
        for series, (back, step) in _STEPS.items():
            for what, value in (("requests", 5.0), ("errors", 0.002)):
                file.write(f"# TYPE slo:{what}:{series} gauge\n")
                window = ',window="30d"' if series == "mean5m" else ""
                for service in promised:
                    for slo in ("availability", "latency-p99"):
                        labels = f'service="{service.name}",slo="{slo}"{window}'
                        file.writelines(
                            f"slo:{what}:{series}{{{labels}}} {value} {at}\n" for at in range(now - back, now, step)
                        )
        file.write("# EOF\n")
    command = [str(built(PROMTOOL)), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=96h"]
    done = subprocess.run([*command, str(history), str(folder / "data")], capture_output=True, text=True, check=False)
    history.unlink()
    if done.returncode != 0 or not any((folder / "data").iterdir()):
        raise BenchFailed(f"promtool wrote no history:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
