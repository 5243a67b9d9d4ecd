"""A real OpenTelemetry Collector, built from its Go modules, and what it says of itself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import httpx2
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from launcher.gobuild import GoTool, built
from launcher.private_file import write_private
from tests.integration.servers.collector_document import Ports, local
from tests.integration.servers.processes import PATIENCE, Process, is_ok
from tests.tools.collector import COLLECTOR

T = TypeVar("T")

CONFIG: Final = "config.yaml"
OTLP: Final = 4317
OTLP_HTTP: Final = 4318
HEALTH: Final = 13133
METRICS: Final = 8888


@dataclass(kw_only=True)
class Collector:
    """A server that can be stopped, killed and started again, with what it holds."""

    folder: Path
    text: str
    """The configuration as the cluster gets it; it must have health checks on 13133 at /status."""
    replacements: Mapping[str, str] = field(default_factory=dict)
    """Addresses and folders of the cluster → those of this machine; each must be in the configuration."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What `${env:…}` in the configuration stands for."""
    arguments: Sequence[str] = ()
    """As the workload has them, beside the file's."""
    tool: GoTool = COLLECTOR
    ports: Ports = field(default_factory=Ports)
    _process: Process | None = None

    @property
    def otlp(self) -> str:
        """The address that takes OTLP over gRPC."""
        return self.ports.address(OTLP)

    @property
    def otlp_http(self) -> str:
        """The URL that takes OTLP over HTTP, as OTEL_EXPORTER_OTLP_ENDPOINT has it."""
        return f"http://{self.ports.address(OTLP_HTTP)}"

    def start(self) -> None:
        """Start it; fails, with its words, where it does not report health."""
        path = self.folder / CONFIG
        write_private(path, local(self.text, self.ports, self.replacements).encode())
        command = [built(self.tool), f"--config={path}", *self.arguments]
        self._process = Process(self.tool.name, command, folder=self.folder, environment=self.environment)
        self._process.until(self.is_healthy, f"{self.tool.name} is healthy")

    def is_healthy(self) -> bool:
        return is_ok(f"http://{self.ports.address(HEALTH)}/status")

    def stop(self) -> None:
        """Ask it to end, so that it may hand on what it holds."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash does: what it has not stored is gone."""
        assert self._process is not None, "it has not been started"
        self._process.kill()

    @property
    def process(self) -> Process:
        assert self._process is not None, "it has not been started"
        return self._process

    def metrics(self) -> dict[str, Metric]:
        """Its own metrics, by their families' names: those of counters without `_total`."""
        url = f"http://{self.ports.address(METRICS)}/metrics"
        text = httpx2.get(url, timeout=PATIENCE, trust_env=False).raise_for_status().text
        return {family.name: family for family in text_string_to_metric_families(text)}

    def total(self, metric: str, **labels: str) -> float:
        """The sum of a counter or gauge over all its series with these labels; 0 while there are none."""
        family = self.metrics().get(metric.removesuffix("_total"))
        found = () if family is None else family.samples
        return sum(one.value for one in found if one.name == metric and labels.items() <= one.labels.items())

    def until(self, probe: Callable[[], T], why: str, *, within: float = PATIENCE) -> T:
        """As `eventually`, and fails at once where the server ends meanwhile."""
        return self.process.until(probe, why, within=within)


@contextmanager
def running(
    folder: Path,
    text: str,
    replacements: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Generator[Collector]:
    """Run a Collector on the configuration `text` in `folder`; stop it at the end."""
    server = Collector(folder=folder, text=text, replacements=replacements or {}, environment=environment or {})
    try:
        server.start()
        yield server
    finally:
        server.stop()


def complaint(
    text: str, folder: Path, environment: Mapping[str, str] | None = None, *, tool: GoTool = COLLECTOR
) -> str:
    """What the program's own `validate` says against a configuration as the cluster gets it; empty where it's valid."""
    path = folder / CONFIG
    write_private(path, text.encode())
    command = [built(tool), "validate", f"--config={path}"]
    done = subprocess.run(command, env=dict(environment or {}), capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()
