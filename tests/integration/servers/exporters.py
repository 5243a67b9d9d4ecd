"""The real exporters beside NATS, PostgreSQL and Redis, and kube-state-metrics, built from their Go modules."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from launcher.gobuild import GoTool, built
from launcher.private_file import write_private
from tests.integration.servers.flags import with_flags
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Database
from tests.integration.servers.processes import LOOPBACK, Process, free_port, is_ok
from tests.tools.exporters import KUBE_STATE_METRICS, NATS_EXPORTER, POSTGRES_EXPORTER, REDIS_EXPORTER

ALL_OF_NATS: Final = ("-varz", "-connz", "-healthz", "-jsz=all")
"""What shows most of a server with JetStream."""
_TIMEOUT: Final = 30.0


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """A running exporter."""

    port: int

    @property
    def address(self) -> str:
        """What a scrape job's target says."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}/metrics"

    def text(self) -> str:
        """A scrape."""
        return httpx2.get(self.url, timeout=_TIMEOUT, trust_env=False).raise_for_status().text

    def metrics(self) -> dict[str, Metric]:
        """Metric → its family."""
        return {family.name: family for family in text_string_to_metric_families(self.text())}


@contextmanager
def nats(folder: Path, server: JetStream, arguments: Iterable[str] = ALL_OF_NATS) -> Generator[Exporter]:
    """Export what the server's monitoring port says; the arguments may end in the address of another one."""
    port = free_port()
    flags = with_flags([one for one in arguments if one.startswith("-")], {"-addr": LOOPBACK, "-port": str(port)})
    monitored = f"http://{LOOPBACK}:{server.monitoring_port}"
    with _running(NATS_EXPORTER, [*flags, monitored], port, folder) as exporter:
        yield exporter


@contextmanager
def postgres(folder: Path, database: Database, arguments: Iterable[str] = ()) -> Generator[Exporter]:
    """Export what the database's owner may see of its server."""
    port = free_port()
    flags = with_flags(arguments, {"--web.listen-address": f"{LOOPBACK}:{port}"})
    # As in the Pods: the password in a file, the rest of the address in a variable.
    password = folder / "postgres-password"
    write_private(password, database.password.encode())
    environment = {
        "DATA_SOURCE_URI": f"{database.host}:{database.port}/{database.name}?sslmode=disable",
        "DATA_SOURCE_USER": database.user,
        "DATA_SOURCE_PASS_FILE": str(password),
    }
    with _running(POSTGRES_EXPORTER, flags, port, folder, environment) as exporter:
        yield exporter


@contextmanager
def redis(folder: Path, redis_port: int, password: str, arguments: Iterable[str] = ()) -> Generator[Exporter]:
    """Export what a Redis says of itself."""
    port = free_port()
    flags = with_flags(arguments, {"-web.listen-address": f"{LOOPBACK}:{port}"})
    environment = {"REDIS_ADDR": f"redis://{LOOPBACK}:{redis_port}", "REDIS_PASSWORD": password}
    with _running(REDIS_EXPORTER, flags, port, folder, environment) as exporter:
        yield exporter


@contextmanager
def kube_state_metrics(
    folder: Path, kubeconfig: Path, arguments: Iterable[str] = (), *, own_port: int | None = None
) -> Generator[Exporter]:
    """Export the objects of an API server; what it says of itself is at `own_port`, or somewhere."""
    port = free_port()
    own = {
        "--kubeconfig": str(kubeconfig),
        "--host": LOOPBACK,
        "--port": str(port),
        "--telemetry-host": LOOPBACK,
        "--telemetry-port": str(own_port or free_port()),
    }
    with _running(KUBE_STATE_METRICS, with_flags(arguments, own), port, folder) as exporter:
        yield exporter


@contextmanager
def _running(
    tool: GoTool, arguments: Iterable[str], port: int, folder: Path, environment: Mapping[str, str] | None = None
) -> Generator[Exporter]:
    process = Process(tool.name, [built(tool), *arguments], folder=folder, environment=environment)
    try:
        exporter = Exporter(port=port)
        process.until(lambda: is_ok(exporter.url), f"{tool.name} can be scraped")
        yield exporter
    finally:
        process.stop()
