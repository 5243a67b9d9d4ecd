"""A real Kafka broker, over TLS and with a login, as a platform's agents meet one that somebody else runs."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization

from launcher.private_file import write_private
from localcluster.certificates import Authority
from tests.integration.contracts.builds import java
from tests.integration.servers.processes import LOOPBACK, PATIENCE, Process, free_port
from tests.tools.kafka import class_path

HOST: Final = "localhost"
"""By which its certificate names it."""
MECHANISM: Final = "SCRAM-SHA-512"
_LOGIN: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
_JVM: Final = ("java", "-Xmx256m", "-cp")


@dataclass(kw_only=True)
class Kafka:
    """A broker that is its own controller, and makes a topic when somebody writes to it.

    https://kafka.apache.org/documentation/#kraft. It can be stopped and started again, with what it holds.
    """

    folder: Path
    username: str = "logs"
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    _authority: Authority = field(default_factory=lambda: Authority("kafka"))
    _process: Process | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def authority(self) -> Path:
        """The file of the CA that has signed its certificate: what SSL_CERT_FILE says to programs in Go."""
        return self.folder / "authority.pem"

    def prepare(self) -> None:
        """Write its certificate and settings, and make its storage with the login in it. Called once."""
        java()
        pair = self._authority.serving("kafka", hosts=[HOST], addresses=[LOOPBACK])
        self.authority.write_bytes(self._authority.certificate)
        write_private(self.folder / "server.pem", _pkcs8(pair.key) + pair.certificate)
        write_private(self.folder / "server.properties", _properties(self._server()))
        write_private(self.folder / "client.properties", _properties(self._client()))
        user = f"{MECHANISM}=[name={self.username},password={self.password}]"
        self._run(
            "kafka.tools.StorageTool",
            *("format", "--standalone", "--cluster-id", "tests", "--config", str(self.folder / "server.properties")),
            *("--add-scram", user),
        )

    def start(self) -> None:
        command = [*_JVM, class_path(), "kafka.Kafka", str(self.folder / "server.properties")]
        self._process = Process("kafka", command, folder=self.folder)
        self._process.until(self._is_up, "Kafka says that it has started")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def messages(self, topic: str, *, within: float = 5.0) -> list[str]:
        """All messages of a topic; it is told to stop once none has come for so many seconds."""
        found = self._run(
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            *("--bootstrap-server", self.address, "--topic", topic, "--from-beginning"),
            *("--timeout-ms", str(round(within * 1000)), "--command-config", str(self.folder / "client.properties")),
        )
        return found.splitlines()

    def _is_up(self) -> bool:
        assert self._process is not None, "it has not been started"
        return "Kafka Server started" in self._process.errors.read_text()

    def _run(self, program: str, *arguments: str) -> str:
        command = [*_JVM, class_path(), program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
        assert done.returncode == 0, f"{program} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def _server(self) -> Mapping[str, str]:
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{self.controller_port}",
            "listeners": f"CLIENTS://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller_port}",
            "advertised.listeners": f"CLIENTS://{self.address}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,CLIENTS:SASL_SSL",
            "inter.broker.listener.name": "CLIENTS",
            "controller.listener.names": "CONTROLLER",
            "sasl.enabled.mechanisms": MECHANISM,
            "sasl.mechanism.inter.broker.protocol": MECHANISM,
            "listener.name.clients.scram-sha-512.sasl.jaas.config": self._login(),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.folder / "server.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority),
            "log.dirs": str(self.folder / "data"),
            # There is one broker to hold it all.
            "offsets.topic.replication.factor": "1",
            "group.initial.rebalance.delay.ms": "0",
        }

    def _client(self) -> Mapping[str, str]:
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": MECHANISM,
            "sasl.jaas.config": self._login(),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority),
        }

    def _login(self) -> str:
        return f"{_LOGIN} required username={json.dumps(self.username)} password={json.dumps(self.password)};"


@contextmanager
def running(folder: Path) -> Generator[Kafka]:
    """Run a broker in `folder`; stop it at the end."""
    server = Kafka(folder=folder)
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _properties(settings: Mapping[str, str]) -> bytes:
    return "".join(f"{key}={value}\n" for key, value in settings.items()).encode()


def _pkcs8(key: bytes) -> bytes:
    """A key in the one form that Kafka reads."""
    loaded = serialization.load_pem_private_key(key, password=None)
    return loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
