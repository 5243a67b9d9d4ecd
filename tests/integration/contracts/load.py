"""Several clients that send requests one after the other, and what became of each request."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

import httpx2

from tests.integration.contracts.clients import CallFailed
from tests.integration.servers.processes import eventually

OK: Final = "OK"


class Load:
    """Sends so many requests in all; what it sends is repeated by nobody."""

    def __init__(self, request: Callable[[], object], *, requests: int = 240, clients: int = 8) -> None:
        """`request` sends one, and raises what it fails with."""
        self.outcomes: Counter[str] = Counter()
        self._request = request
        self._left = iter(range(requests))
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(clients)
        self._clients = clients
        self._running: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._running = [self._pool.submit(self._send) for _ in range(self._clients)]
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Wait for the last answer; where the test has failed, for those under way alone."""
        if kind is not None:
            with self._lock:
                self._left = iter(())
        self._pool.shutdown()

    def until_answered(self, count: int) -> None:
        eventually(lambda: self.outcomes.total() >= count, f"{count} requests are answered: {self.outcomes}")

    def _send(self) -> None:
        while True:
            with self._lock:
                if next(self._left, None) is None:
                    return
            outcome = OK
            try:
                self._request()
            except CallFailed as failed:
                outcome = str(failed)
            except httpx2.HTTPError as error:
                outcome = f"{type(error).__name__}: {error}"
            with self._lock:
                self.outcomes[outcome] += 1
