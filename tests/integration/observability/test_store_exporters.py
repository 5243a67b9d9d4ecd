"""The real exporters, with the very arguments and variables of their workloads, beside real stores."""

from __future__ import annotations

import re
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from components.observability.exporters.stores import broker_exporter_workload, store_exporter_workload
from components.specs.variables import SecretReference
from components.specs.workload import WorkloadSpec
from launcher.gobuild import GoTool, built
from tests.integration.servers import redis
from tests.integration.servers.exporters import Exporter
from tests.integration.servers.flags import with_flags
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres
from tests.integration.servers.processes import LOOPBACK, Process, free_port, is_ok
from tests.observability.foreign_metrics import SOURCES
from tests.tools.exporters import NATS_EXPORTER, POSTGRES_EXPORTER, REDIS_EXPORTER

LISTEN: Final = {POSTGRES_EXPORTER.name: "--web.listen-address", REDIS_EXPORTER.name: "--web.listen-address"}
"""The flag with the address at which a program listens; NATS' exporter has two."""


@contextmanager
def exporting(tool: GoTool, spec: WorkloadSpec, secret: Mapping[str, str], folder: Path) -> Generator[Exporter]:
    """Run an exporter as its workload says; only the address at which it listens is this machine's."""
    port = free_port()
    address = {LISTEN[tool.name]: f"{LOOPBACK}:{port}"} if tool.name in LISTEN else {"-port": str(port)}
    positional = [argument for argument in spec.args if not argument.startswith("-")]
    flags = with_flags([argument for argument in spec.args if argument.startswith("-")], address)
    environment = {
        name: secret[value.key] if isinstance(value, SecretReference) else str(value)
        for name, value in spec.env.items()
    }
    process = Process(tool.name, [built(tool), *flags, *positional], folder=folder, environment=environment)
    exporter = Exporter(port=port)
    try:
        process.until(lambda: is_ok(exporter.url), f"{tool.name} can be scraped")
        yield exporter
    finally:
        process.stop()


def missing(source: str, exporter: Exporter) -> set[str]:
    """What rules and dashboards ask of a program and do not get."""
    # From the text: the client library's parser adds _total to counters that lack it, as PostgreSQL's do.
    told = {re.split(r"[{ ]", line)[0] for line in exporter.text().splitlines() if not line.startswith("#")}
    return set(SOURCES[source].metrics) - told


def value(exporter: Exporter, name: str) -> float:
    (found,) = (one.value for family in exporter.metrics().values() for one in family.samples if one.name == name)
    return found


def test_postgres_tells_what_is_asked_of_it_and_little_else(database_server: Postgres, tmp_path: Path) -> None:
    database = database_server.database("exported")
    spec = store_exporter_workload("users-db", "postgres", LOOPBACK, database.port, database.name)
    login = {"username": database.user, "password": database.password}
    with exporting(POSTGRES_EXPORTER, spec, login, tmp_path) as exporter:
        assert missing("postgres", exporter) == set()
        assert value(exporter, "pg_up") == 1
        told = set(exporter.metrics())
        assert not [name for name in told if name.startswith(("pg_stat_user_tables", "pg_statio", "pg_locks"))]


def test_redis_tells_what_is_asked_of_it(tmp_path: Path) -> None:
    with redis.running(tmp_path) as (port, password):
        with socket.create_connection((LOOPBACK, port)) as client:
            client.sendall(f"AUTH {password}\r\nSET greeting hello\r\n".encode())
            assert client.recv(64).startswith(b"+OK")
        spec = store_exporter_workload("cache", "redis", LOOPBACK, port, "")
        with exporting(REDIS_EXPORTER, spec, {"password": password}, tmp_path) as exporter:
            assert missing("redis", exporter) == set()
            assert value(exporter, "redis_up") == 1
            assert "go_goroutines" in exporter.metrics(), "it is watched itself, as any program in Go is"


def test_nats_tells_what_is_asked_of_it_under_the_servers_own_name(broker: JetStream, tmp_path: Path) -> None:
    broker.make_stream("EXPORTED", subjects=["exported.>"], consumer="reader")
    spec = broker_exporter_workload((f"localhost:{broker.monitoring_port}",))
    with exporting(NATS_EXPORTER, spec, {}, tmp_path) as exporter:
        assert missing("nats", exporter) == set()
        families = exporter.metrics().items()
        servers = {
            one.labels["server_id"]
            for name, family in families
            if name[:4] in ("gnat", "jets")
            for one in family.samples
        }
        assert servers == {"localhost"}, "the host's first label: nats-0 of nats-0.nats"


@pytest.mark.parametrize(
    ("engine", "tool", "up"), [("postgres", POSTGRES_EXPORTER, "pg_up"), ("redis", REDIS_EXPORTER, "redis_up")]
)
def test_an_exporter_lives_without_its_store_and_tells_that_it_is_away(
    engine: str, tool: GoTool, up: str, tmp_path: Path
) -> None:
    spec = store_exporter_workload("gone", engine, LOOPBACK, free_port(), "gone")
    with exporting(tool, spec, {"username": "nobody", "password": "nothing"}, tmp_path) as exporter:
        assert value(exporter, up) == 0
