"""Running one server process: start it, wait until it serves, stop it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from launcher.failures import Failure

START_TIMEOUT = 120.0
"""Seconds that a server may take until it serves; the API server needs about 10 on two idle cores."""
STOP_TIMEOUT = 30.0
"""Seconds between asking a server to end and ending it by force."""
POLL_INTERVAL = 0.1
LOG_LINES_SHOWN = 15


class ServerFailed(Failure):
    """A server ended before it served, or did not serve in time. The message holds the last lines of its log."""


@contextmanager
def serving(
    name: str, command: Sequence[str], *, folder: Path, ready: Callable[[], bool], timeout: float = START_TIMEOUT
) -> Generator[int]:
    """Run `command` in `folder`, give its process id once `ready()` holds, and stop it at the end.

    What it prints goes to `<folder>/<name>.log`. Raises `ServerFailed` where it ends early or is not ready in
    `timeout` seconds; it runs no longer then.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        # A process group of its own: Ctrl-C at a terminal reaches us alone, and we stop the servers in order.
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, process_group=0
        )
    try:
        until_serving(name, process, ready, log=log, timeout=timeout)
        yield process.pid
    finally:
        _stop(process)


def until_serving(
    name: str, process: subprocess.Popen[bytes], ready: Callable[[], bool], *, log: Path, timeout: float
) -> None:
    """Wait until `ready()` holds. Raises `ServerFailed`, with the last lines of `log`, as `serving` does."""
    deadline = time.monotonic() + timeout
    while not ready():
        if process.poll() is not None:
            raise ServerFailed(f"{name} ended with exit code {process.returncode} before it served.\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise ServerFailed(f"{name} did not serve within {timeout:g} s, so it was stopped.\n{_tail(log)}")
        time.sleep(POLL_INTERVAL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask first, so that etcd closes its files; a server that does not listen is killed."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    return "\n".join([f"The last lines of {log}:", *(f"  {line}" for line in lines)])
