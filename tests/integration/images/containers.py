"""A service's container, run as its Pod would be, and asked as Kubernetes and Prometheus ask."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import docker
import grpc
import httpx2

from components.quantities import byte_count
from stacks.assembly import render
from stacks.loader import validate
from tests.integration.contracts.platform import STACK, containers
from tests.integration.contracts.platform import Container as Rendered
from tests.integration.images.layers import Image
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres
from tests.integration.servers.processes import LOOPBACK, eventually, free_port

SERVING: Final = b"\x08\x01"
"""A HealthCheckResponse with status SERVING: https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto."""
PORT_VARIABLES: Final = {"http": "HTTP_PORT", "grpc": "GRPC_PORT", "metrics": "METRICS_PORT"}


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What the services keep their things in."""

    database: Postgres
    broker: JetStream


@dataclass(frozen=True, kw_only=True)
class Container:
    """A running container. It shares this machine's loopback, so its ports are free ones instead of the image's."""

    service: str
    rendered: Rendered
    ports: Mapping[str, int]
    """Name of a port of the platform → its number here."""
    container: Any

    @classmethod
    def start(cls, client: docker.DockerClient, image: Image, service: str, servers: Servers) -> Container:
        """Start it with the platform's variables and restrictions: no privilege, nothing writable but /tmp."""
        rendered = containers()[service]
        ports = {name: free_port() for name in rendered.ports}
        environment = rendered.environment(_here(service, rendered, servers))
        environment |= {PORT_VARIABLES[name]: str(port) for name, port in ports.items()}
        container = client.containers.create(
            image.identity,
            environment=environment,
            network_mode="host",
            read_only=True,
            tmpfs={"/tmp": "size=64m,mode=1777"},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit=_memory(service),
        )
        container.start()
        return cls(service=service, rendered=rendered, ports=ports, container=container)

    def is_ready(self) -> bool:
        """Whether it passes the readiness probe that the platform sends."""
        probe = self.rendered.probes["readinessProbe"]
        if "grpc" in probe:
            return self._serves(self._here(probe["grpc"]["port"]))
        asked = probe["httpGet"]
        with suppress(httpx2.TransportError):
            return self._get(self._here(asked["port"]), asked["path"]).status_code == httpx2.codes.OK
        return False

    def until_ready(self) -> None:
        """Wait until it is."""

        def ready() -> bool:
            assert self.is_running(), f"{self.service} has ended:\n{self.log()}"
            return self.is_ready()

        try:
            eventually(ready, f"the container of {self.service} is ready")
        except AssertionError as failure:
            failure.add_note(self.log())
            raise

    def is_running(self) -> bool:
        self.container.reload()
        return self.container.status == "running"

    def metrics(self, path: str) -> str:
        """What Prometheus reads."""
        return self._get(self.ports["metrics"], path).raise_for_status().text

    def terminate(self) -> tuple[int, float]:
        """Send SIGTERM and wait for the end: the exit code, and the seconds that it took."""
        began = time.monotonic()
        self.container.kill(signal="SIGTERM")
        code = self.container.wait(timeout=self.rendered.grace)["StatusCode"]
        return code, time.monotonic() - began

    def log(self) -> str:
        """What it has printed."""
        return self.container.logs().decode(errors="replace")

    def remove(self) -> None:
        self.container.remove(force=True)

    def _here(self, port: str | int) -> int:
        """The number here of a port that the platform calls by name, or by its number there."""
        return next(self.ports[name] for name, number in self.rendered.ports.items() if port in {name, number})

    def _get(self, port: int, path: str) -> httpx2.Response:
        with httpx2.Client(trust_env=False, timeout=5) as client:
            return client.get(f"http://{LOOPBACK}:{port}{path}")

    @staticmethod
    def _serves(port: int) -> bool:
        with grpc.insecure_channel(f"{LOOPBACK}:{port}", options=(("grpc.enable_http_proxy", 0),)) as channel:
            # An empty request asks for the whole server; messages stay bytes, as there is one to send and one to read.
            check = channel.unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
            with suppress(grpc.RpcError):
                return check(b"", timeout=5) == SERVING
        return False


@cache
def _memory(service: str) -> int:
    """Bytes that the platform allows it: a JVM takes its heap from this."""
    pods: list[Any] = [body for body in render(validate(STACK)) if body["kind"] == "Deployment"]
    (found,) = [body["spec"]["template"]["spec"] for body in pods if body["metadata"]["name"] == service]
    (own,) = [one for one in found["containers"] if one["name"] == service]
    return byte_count(own["resources"]["limits"]["memory"])


def _here(service: str, rendered: Rendered, servers: Servers) -> dict[str, str]:
    """What this machine has in place of what the cluster would have. Other services are nowhere: a start needs none."""
    names = rendered.values.keys() | rendered.secrets
    values: dict[str, str] = {}
    prefix = f"{service.upper()}_DB_"
    if f"{prefix}HOST" in names:
        database = servers.database.database(service)
        values |= {
            f"{prefix}HOST": database.host,
            f"{prefix}PORT": str(database.port),
            f"{prefix}DATABASE": database.name,
            f"{prefix}USERNAME": database.user,
            f"{prefix}PASSWORD": database.password,
        }
    if "NATS_URL" in names:
        broker = servers.broker
        values |= {"NATS_URL": broker.url, "NATS_USERNAME": broker.username, "NATS_PASSWORD": broker.password}
    if "CACHE_PASSWORD" in names:
        values |= {"CACHE_PASSWORD": "none"}
    return values
