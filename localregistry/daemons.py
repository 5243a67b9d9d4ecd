"""Processes that go on after the command that started them, and are ended by a later one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from localcluster.processes import STOP_TIMEOUT, until_serving

START_TIMEOUT: Final = 60.0
"""Seconds that a server may take until it serves."""


@dataclass(frozen=True)
class Daemon:
    """A server whose record and log lie in `folder`. The record names the process that was started."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What the server prints, of all its runs."""
        return self.folder / f"{self.name}.log"

    def process(self) -> psutil.Process | None:
        """Return the process, if it runs. Its start time is part of the record, as its number may be used again."""
        try:
            record = json.loads(self._record.read_text())
            process = psutil.Process(record["pid"])
            same = process.create_time() == record["created"] and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return process if same else None

    def start(self, command: Sequence[str], *, ready: Callable[[], bool], timeout: float = START_TIMEOUT) -> None:
        """Start `command` in the folder and return once `ready()` holds.

        Raises ServerFailed where it ends early or isn't ready in `timeout` seconds; it runs no longer then.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            # A session of its own: neither Ctrl-C nor the end of the terminal reaches it.
            started = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        record = {"pid": started.pid, "created": psutil.Process(started.pid).create_time()}
        self._record.write_text(json.dumps(record))
        try:
            until_serving(self.name, started, ready, log=self.log, timeout=timeout)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> bool:
        """End the process, and say whether one ran."""
        process = self.process()
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(STOP_TIMEOUT)
        self._record.unlink(missing_ok=True)
        return process is not None

    @property
    def _record(self) -> Path:
        return self.folder / f"{self.name}.process"
