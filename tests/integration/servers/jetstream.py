"""A real nats-server with JetStream, built from its Go module, and what the tests ask of its streams."""

from __future__ import annotations

import asyncio
import http.client
import json
import secrets
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import nats
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, ConsumerInfo, KeyValueConfig
from nats.js.errors import NoKeysError, NotFoundError

from launcher.gobuild import GoTool, built
from launcher.private_file import write_private
from tests.integration.servers.processes import LOOPBACK, Process, free_port

T = TypeVar("T")

NATS_SERVER: Final = GoTool(
    name="nats-server",
    module=Path(__file__).parent / "nats_server",
    package="github.com/nats-io/nats-server/v2",
    ldflags=("-s", "-w"),
    takes="about half a minute",
)
_USERNAME: Final = "shop"


@dataclass(frozen=True, kw_only=True)
class StreamMessage:
    """A message as a stream holds it."""

    subject: str
    headers: Mapping[str, str]
    data: bytes


@dataclass(kw_only=True)
class JetStream:
    """A server that can be stopped and started again, with what it holds. All that it does goes through its login."""

    folder: Path
    port: int = field(default_factory=free_port)
    monitoring_port: int = field(default_factory=free_port)
    username: str = _USERNAME
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    _process: Process | None = None

    @property
    def url(self) -> str:
        """The address, without the login."""
        return f"nats://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        # JSON is a part of the configuration's format.
        configuration = {
            "listen": f"{LOOPBACK}:{self.port}",
            "http": f"{LOOPBACK}:{self.monitoring_port}",
            "jetstream": {"store_dir": str(self.folder / "jetstream")},
            "authorization": {"user": self.username, "password": self.password},
        }
        path = self.folder / "nats.conf"
        write_private(path, json.dumps(configuration).encode())
        self._process = Process("nats-server", [built(NATS_SERVER), "--config", path], folder=self.folder)
        self._process.until(self._is_healthy, "JetStream is ready")

    def stop(self) -> None:
        """Break every connection off and end the server."""
        if self._process is not None:
            self._process.stop()

    def publish(self, subject: str, *messages: bytes, headers: dict[str, str] | None = None) -> None:
        """Publish messages, and wait until a stream has stored them."""

        async def publish(client: Client) -> None:
            stream = client.jetstream()
            for message in messages:
                await stream.publish(subject, message, headers=headers)

        self._ask(publish)

    def messages(self, stream: str) -> list[StreamMessage]:
        """All messages of a stream, the oldest first; none where there is no such stream yet."""

        async def messages(client: Client) -> list[StreamMessage]:
            found: list[StreamMessage] = []
            with suppress(NotFoundError):
                state = (await client.jetstream().stream_info(stream)).state
                for sequence in range(state.first_seq, state.last_seq + 1 if state.messages else 0):
                    one = await client.jetstream().get_msg(stream, sequence)
                    found.append(
                        StreamMessage(subject=one.subject or "", headers=one.headers or {}, data=one.data or b"")
                    )
            return found

        return self._ask(messages)

    def count(self, stream: str) -> int:
        """How many messages a stream holds; 0 where there is no such stream yet."""

        async def messages(client: Client) -> int:
            with suppress(NotFoundError):
                return (await client.jetstream().stream_info(stream)).state.messages
            return 0

        return self._ask(messages)

    def consumer(self, stream: str, name: str) -> ConsumerInfo:
        """How far a consumer has come."""

        async def consumer(client: Client) -> ConsumerInfo:
            return await client.jetstream().consumer_info(stream, name)

        return self._ask(consumer)

    def deliveries(self, stream: str, name: str) -> int:
        """How many deliveries a consumer has had, repeated ones included."""
        delivered = self.consumer(stream, name).delivered
        return 0 if delivered is None else delivered.consumer_seq

    def make_stream(self, name: str, *, subjects: list[str], consumer: str) -> None:
        """Make a stream, and a durable consumer that nobody pulls from."""

        async def make(client: Client) -> None:
            await client.jetstream().add_stream(name=name, subjects=subjects)
            await client.jetstream().add_consumer(name, ConsumerConfig(durable_name=consumer))

        self._ask(make)

    def make_bucket(self, name: str, *, max_value_size: int) -> None:
        """Make a key-value bucket whose values may have so many bytes at most."""

        async def make(client: Client) -> None:
            await client.jetstream().create_key_value(KeyValueConfig(bucket=name, max_value_size=max_value_size))

        self._ask(make)

    def keys(self, bucket: str) -> set[str]:
        """The keys of a key-value bucket."""

        async def keys(client: Client) -> set[str]:
            store = await client.jetstream().key_value(bucket)
            with suppress(NoKeysError):
                return set(await store.keys())
            return set()

        return self._ask(keys)

    def _ask(self, question: Callable[[Client], Awaitable[T]]) -> T:
        async def ask() -> T:
            client = await nats.connect(self.url, user=self.username, password=self.password, allow_reconnect=False)
            try:
                return await question(client)
            finally:
                await client.close()

        return asyncio.run(ask())

    def _is_healthy(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.monitoring_port, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz?js-enabled-only=true")
            return connection.getresponse().status == http.HTTPStatus.OK
        return False


@contextmanager
def running(folder: Path) -> Generator[JetStream]:
    """Run a server whose streams lie in `folder`, and stop it at the end."""
    server = JetStream(folder=folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
