"""The sample shop's services as processes on loopback, wired to each other, to PostgreSQL and to NATS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from tests.integration.contracts.builds import JAVA, Builds
from tests.integration.contracts.clients import Client, Contracts
from tests.integration.contracts.platform import containers
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Database
from tests.integration.servers.processes import LOOPBACK, Process, free_port

PORT_VARIABLES: Final = {"http": "HTTP_PORT", "grpc": "GRPC_PORT", "metrics": "METRICS_PORT"}
LISTENS: Final = {
    "gateway": ("http", "metrics"),
    "users": ("grpc", "metrics"),
    "orders": ("grpc", "metrics"),
    "recommendations": ("grpc", "metrics"),
    "fulfilment": ("metrics",),
}
"""Service → what it has ports for."""
CALLS: Final = {"gateway": ("users", "orders", "recommendations"), "orders": ("users",)}
HTTP_TIMEOUT: Final = 20.0
"""Seconds; longer than the gateway's own limits."""


@dataclass(kw_only=True)
class Service:
    """One running replica of a service."""

    name: str
    process: Process
    ports: Mapping[str, int]
    contracts: Contracts

    def client(self) -> Client:
        """A gRPC client of this replica alone."""
        return self.contracts.client(self.ports["grpc"])

    def http(self, port: str = "http") -> httpx2.Client:
        """An HTTP client of one of its ports, past all proxies."""
        return httpx2.Client(base_url=f"http://{LOOPBACK}:{self.ports[port]}", timeout=HTTP_TIMEOUT, trust_env=False)

    def answers(self, path: str, port: str) -> int:
        """The status of a GET, 0 where nobody answers."""
        with self.http(port) as client, suppress(httpx2.TransportError):
            return client.get(path).status_code
        return 0

    def is_ready(self) -> bool:
        """What the platform's readiness probe would find; of a worker without probes, that it consumes."""
        if "grpc" in self.ports:
            with self.client() as client:
                return client.health() == "SERVING"
        return self.answers("/health/ready", "http" if "http" in self.ports else "metrics") == httpx2.codes.OK

    @property
    def metrics_path(self) -> str:
        return "/actuator/prometheus" if self.name in JAVA else "/metrics"

    def metrics(self) -> dict[str, Metric]:
        """Metric → its family, as Prometheus reads them from a plain scrape."""
        return {family.name: family for family in plain_text(self._scrape("text/plain"))}

    def open_metrics(self, name: str) -> Metric:
        """One family with its exemplars, in the format that alone carries them, and by all its rules.

        Not all families: client_golang gives go_memstats_alloc_bytes and go_memstats_alloc_bytes_total one name in this
        format, which Prometheus suffers and a strict reader doesn't.
        """
        text = self._scrape("application/openmetrics-text; version=1.0.0")
        assert text.endswith("# EOF\n"), "a scrape that was cut off shows"
        own = re.compile(rf"(# (HELP|TYPE|UNIT) {name} |{name}(_bucket|_count|_sum|_created)[ {{])")
        (family,) = open_metrics("".join(f"{line}\n" for line in [*filter(own.match, text.splitlines()), "# EOF"]))
        return family

    def _scrape(self, accept: str) -> str:
        with self.http("metrics") as client:
            answer = client.get(self.metrics_path, headers={"Accept": accept}).raise_for_status()
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind == accept.partition(";")[0], f"{self.name} was asked for {accept} and answered in {kind}"
        return answer.text

    def lines(self, **fields: Any) -> list[dict[str, Any]]:
        """Its log lines that have these values."""
        return [line for line in self.process.lines() if fields.items() <= line.items()]

    def until_logged(self, count: int = 1, **fields: Any) -> list[dict[str, Any]]:
        """Wait for so many log lines with these values, and give them."""

        def enough() -> list[dict[str, Any]]:
            found = self.lines(**fields)
            return found if len(found) >= count else []

        return self.process.until(enough, f"{self.name} logs {count} times {fields}")


@dataclass(kw_only=True)
class Shop:
    """What the services of one shop share, and those that have been started; each can be started several times."""

    folder: Path
    builds: Builds
    contracts: Contracts
    databases: Mapping[str, Database] = field(default_factory=dict)
    """Service → the database that it keeps its things in."""
    broker: JetStream | None = None
    addresses: dict[str, int] = field(default_factory=dict)
    """Service → the gRPC port at which others here call it."""
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    """The same of services of another shop, for those that aren't here."""
    started: list[Service] = field(default_factory=list)

    def start(
        self,
        name: str,
        variables: Mapping[str, str] | None = None,
        *,
        ports: Mapping[str, int] | None = None,
        wait: bool = True,
    ) -> Service:
        """Start a replica, with some variables of its own, and wait until it is ready.

        The first one of a service is the one that the others call.
        """
        ports = ports or self.fresh_ports(name)
        environment = containers()[name].environment(self._environment(name)) | dict(variables or {})
        if name == "gateway":
            # No Redis here: a cache would hide users, and the gateway's own tests have one.
            environment = {key: value for key, value in environment.items() if not key.startswith("CACHE_")}
        environment |= {PORT_VARIABLES[port]: str(number) for port, number in ports.items()}
        label = f"{name}-{sum(one.name == name for one in self.started) + 1}"
        process = Process(label, self.builds.commands[name], folder=self.folder, environment=environment)
        service = Service(name=name, process=process, ports=ports, contracts=self.contracts)
        self.started.append(service)
        if wait:
            process.until(service.is_ready, f"{name} is ready")
        return service

    def fresh_ports(self, name: str) -> dict[str, int]:
        """Ports for a new replica; the first one's are at the address that the others know."""
        ports = {port: free_port() for port in LISTENS[name]}
        if "grpc" in ports:
            is_first = not any(one.name == name for one in self.started)
            ports["grpc"] = self.addresses.setdefault(name, ports["grpc"]) if is_first else ports["grpc"]
        return ports

    def stop(self) -> None:
        """End every service, the callers before those whom they call."""
        for service in reversed(self.started):
            service.process.stop()

    def _address(self, name: str) -> int:
        return self.addresses.get(name) or self.elsewhere.get(name) or self.addresses.setdefault(name, free_port())

    def _environment(self, name: str) -> dict[str, str]:
        """What this machine has in place of what the cluster would have."""
        here = {_variable(one, "ADDR"): f"{LOOPBACK}:{self._address(one)}" for one in CALLS.get(name, ())}
        if (database := self.databases.get(name)) is not None:
            parts = {
                "HOST": database.host,
                "PORT": str(database.port),
                "ADDR": f"{database.host}:{database.port}",
                "DATABASE": database.name,
                "USERNAME": database.user,
                "PASSWORD": database.password,
            }
            here |= {_variable(name, f"DB_{part}"): value for part, value in parts.items()}
        if name in {"orders", "fulfilment"}:
            assert self.broker is not None, f"{name} needs a broker"
            here |= {
                "NATS_URL": self.broker.url,
                "NATS_USERNAME": self.broker.username,
                "NATS_PASSWORD": self.broker.password,
            }
        if name == "gateway":
            here |= {"CACHE_PASSWORD": ""}
        return here


def _variable(service: str, part: str) -> str:
    return f"{service.upper()}_{part}"


def samples(metric: Metric, suffix: str) -> Iterable[Any]:
    """The samples of a metric whose names end so: `_count`, `_bucket`."""
    return [one for one in metric.samples if one.name == metric.name + suffix]
