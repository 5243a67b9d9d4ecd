"""Customers of the shop: real requests at the edge, without a pause, some of them wrong."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import httpx2

from tests.integration.contracts import shopping
from tests.integration.contracts.services import Service
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.processes import LOOPBACK

_PAUSE: Final = 0.5
"""Seconds between two rounds of requests: the machine has other things to do."""
_ANSWER: Final = 5.0
"""Seconds that Redis may take."""
_CLIENTS: Final = 4
"""Of `send`, each with one connection."""


@dataclass(kw_only=True)
class Customers:
    """Customers who come and go while the tests look elsewhere."""

    users: Service
    gateway: Service
    broker: JetStream
    cache: tuple[int, str]
    """Port and password of the Redis, in which they look by themselves: the gateway here has none."""
    statuses: Counter[int] = field(default_factory=Counter)
    """What the edge has answered to whom; 0 where it didn't."""
    traces: list[str] = field(default_factory=list)
    """The sampled traces of orders, the oldest first."""
    _customer: str = ""

    def sign_up(self) -> None:
        """Become known, which takes a database that answers."""
        with self.users.client() as users:
            self._customer = shopping.sign_up(users).id

    def shop(self) -> None:
        """Order, look at the order and at oneself, and ask for what isn't there."""
        trace = secrets.token_hex(16)
        headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        with self.gateway.http() as client:
            order = {"userId": self._customer, "items": shopping.ITEMS}
            answer = self._asked(
                client, "POST", "/api/orders", json=order, headers=headers | {"Idempotency-Key": shopping.fresh_key()}
            )
            if answer is not None and answer.status_code == httpx2.codes.CREATED:
                self.traces.append(trace)
                self._asked(client, "GET", answer.headers["location"], headers=headers)
            for path in (f"/api/users/{self._customer}", "/api/orders/no-such-order", "/api/nowhere"):
                self._asked(client, "GET", path, headers=headers)
        self._look_up("known", "unknown")

    def send(self, requests: int) -> None:
        """Send so many requests that the shop answers well, as fast as it does."""

        def some(count: int) -> None:
            with self.gateway.http() as client:
                for _ in range(count):
                    self._asked(client, "GET", f"/api/users/{self._customer}")

        with ThreadPoolExecutor(_CLIENTS) as pool:
            for done in [pool.submit(some, requests // _CLIENTS) for _ in range(_CLIENTS)]:
                done.result()

    def publish_nonsense(self) -> None:
        """Publish what is no event: it becomes a dead letter."""
        self.broker.publish("order.created", b"\x01\x02\x03")

    def _look_up(self, known: str, unknown: str) -> None:
        """Find something in the cache, and something not."""
        port, password = self.cache
        commands = (("AUTH", password), ("SET", known, "1"), ("GET", known), ("GET", unknown), ("QUIT",))
        with socket.create_connection((LOOPBACK, port), timeout=_ANSWER) as connection:
            connection.sendall("".join(" ".join(command) + "\r\n" for command in commands).encode())
            # It closes the connection behind its last answer.
            answers = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answers.count(b"\r\n") == len(commands) + 1, f"Redis says {answers!r}"

    def _asked(self, client: httpx2.Client, method: str, path: str, **arguments: object) -> httpx2.Response | None:
        with suppress(httpx2.TransportError):
            answer = client.request(method, path, **arguments)  # ty: ignore[invalid-argument-type]
            self.statuses[answer.status_code] += 1
            return answer
        self.statuses[0] += 1
        return None


@contextmanager
def coming(customers: Customers) -> Generator[Customers]:
    """While the context lasts, customers come. What goes wrong with one of them is raised at the end."""
    over = threading.Event()

    def come() -> None:
        while not over.is_set():
            began = time.monotonic()
            customers.shop()
            over.wait(max(0.0, _PAUSE - (time.monotonic() - began)))

    customers.sign_up()
    customers.publish_nonsense()
    with ThreadPoolExecutor(1, thread_name_prefix="customers") as pool:
        ended = pool.submit(come)
        try:
            yield customers
        finally:
            over.set()
        ended.result()
