"""Real processes beside the tests: started, watched, stopped by their ids, and what they print."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import Any, Final, TypeVar

import httpx2

T = TypeVar("T")

LOOPBACK: Final = "127.0.0.1"
PATIENCE: Final = 30.0
"""Seconds that anything here may take; the slowest, a JVM on a busy machine, needs about 5."""
_POLL: Final = 0.05
_ANSWER: Final = 5.0
"""Seconds that a probe waits for an answer."""
_LINES_SHOWN: Final = 20
_WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_WORKERS: Final = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_PORTS: Final = range(20_000 + _WORKER, 32_000, _WORKERS)
"""Below those that Linux gives to outgoing connections, so that none of these takes a port between two starts; and of
each of pytest's workers its own, so that none takes a port that another has chosen and not yet opened."""
_given: set[int] = set()


def free_port() -> int:
    """A port that nobody has, and that is given out once: a service may be started on it again and again."""
    while True:
        port = SystemRandom().choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", port))
            if port not in _given:
                _given.add(port)
                return port


def is_listening(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def is_ok(url: str) -> bool:
    """Whether a GET is answered with 200; nobody being there yet is a no."""
    with suppress(httpx2.TransportError):
        return httpx2.get(url, timeout=_ANSWER, trust_env=False).status_code == httpx2.codes.OK
    return False


def eventually(probe: Callable[[], T], why: str, *, within: float = PATIENCE) -> T:
    """The first answer of `probe` that is true; fails, with `why`, where there is none within so many seconds."""
    deadline = time.monotonic() + within
    while True:
        if answer := probe():
            return answer
        assert time.monotonic() < deadline, f"not within {within:g} s: {why} (last answer: {answer!r})"
        time.sleep(_POLL)


class Process:
    """A program in a process group of its own: Ctrl-C at a terminal reaches the tests alone, and they end it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        user: int | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start `command` in `folder`, with no variable of the tests' own beside PATH; as `user` where one is named."""
        self.name = name
        self.output = folder / f"{name}.out"
        self.errors = folder / f"{name}.err"
        self._stop_signal = stop_signal
        if user is not None:
            # Not by Popen, which would fork in place of vfork: the handlers that gRPC has for forks may wait for ever
            # (https://github.com/grpc/grpc/blob/master/doc/fork_support.md).
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
        with self.output.open("ab") as output, self.errors.open("ab") as errors:
            self._popen = subprocess.Popen(
                command,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                process_group=0,
            )

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def until(self, probe: Callable[[], T], why: str, *, within: float = PATIENCE) -> T:
        """As `eventually`, and fails at once where the process ends meanwhile."""

        def answer() -> T:
            found = probe()
            assert found or self.is_running, f"{self.name} ended with {self._popen.returncode}: {why}\n{self.tail()}"
            return found

        try:
            return eventually(answer, why, within=within)
        except AssertionError as failure:
            failure.add_note(self.tail())
            raise

    def lines(self) -> list[dict[str, Any]]:
        """What it has printed, one JSON object a line; a line still being written is left out."""
        text = self.output.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def ended(self, *, within: float) -> int:
        """Wait for its end, and give its exit code: below 0 where a signal killed it."""
        try:
            return self._popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {within:g} s\n{self.tail()}") from None

    def kill(self) -> None:
        """End it as a crash does, with no chance to tidy up."""
        self._popen.kill()
        self._popen.wait()

    def stop(self) -> None:
        """Ask it to end, and kill it where it doesn't listen."""
        if not self.is_running:
            return
        self._popen.send_signal(self._stop_signal)
        try:
            self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self) -> str:
        """The last lines that it has printed, for a failure's message."""
        lines = [*_last(self.output), *_last(self.errors)]
        return "\n".join([f"The last lines of {self.name}, all in {self.output.parent}:", *lines])


def _last(path: Path) -> list[str]:
    return [f"  {line}" for line in path.read_text(errors="replace").splitlines()[-_LINES_SHOWN:]]
