"""Runs buildx: it builds, and says whether an engine answers."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from launcher.standin.docker.build import Build, command
from launcher.standin.docker.failures import UNCHANGED, BuildFailed, Interrupted, explained, no_engine
from launcher.standin.docker.log import BuildLog
from launcher.standin.docker.settings_folder import settings

POLL_SECONDS = 0.1
"""How soon an interruption is noticed."""
SECONDS_TO_END = 10.0
"""How long buildx may take to end a build that was interrupted. Then it is killed."""
SECONDS_TO_ANSWER = 60.0
"""How long an engine may take to say what it can."""


@dataclass(frozen=True)
class Watch:
    """Who follows a build, and who may end it."""

    show: Callable[[str], None]
    """Takes each line of the log as it comes."""
    keep: Callable[[str], None]
    """Takes the last lines of a build that failed."""
    cancelled: threading.Event
    timeout: float = 0
    """Seconds after which the build is ended; 0: never."""


@dataclass(frozen=True)
class Buildx:
    """A buildx program, and the engine that the program wants it to use (None: the user's own)."""

    program: Path
    host: str | None = None

    def built(self, build: Build, watch: Watch) -> str:
        """Builds an image, and gives its digest: in the registry if it is pushed, else in the engine's store.

        Raises BuildFailed.
        """
        with settings(self.host, build.logins, build.secrets) as given:
            metadata = given.scratch / "metadata.json"
            log = BuildLog()
            line = command(self.program, build, metadata=metadata, secrets=given.secrets)
            # A session of its own: Ctrl-C reaches the engine, which says whether the build ends.
            process = subprocess.Popen(
                line,
                env=given.variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            with process:
                ended_early = _follow(process, log, watch)
            if ended_early:
                raise Interrupted(f"{build.tags[0]} was not built: {ended_early}. {UNCHANGED}.")
            if process.returncode != 0:
                if log.last:
                    watch.keep("\n".join(log.last))
                raise BuildFailed(explained(build, log, process.returncode))
            digest = json.loads(metadata.read_text()).get("containerimage.digest")
            if not digest:
                raise BuildFailed(f"buildx built {build.tags[0]}, but names no digest. Try another builder or release.")
            return digest

    def unusable(self, builder: str | None) -> str | None:
        """Why a builder of buildx can't build now (None: the one that the user has chosen), or None where it can."""
        with settings(self.host, (), {}) as given:
            line = [str(self.program), "inspect", *([builder] if builder else [])]
            try:
                ended = subprocess.run(
                    line, env=given.variables, capture_output=True, text=True, check=False, timeout=SECONDS_TO_ANSWER
                )
            except subprocess.TimeoutExpired:
                return (
                    f"The Docker engine at {given.variables.get('DOCKER_HOST', 'its usual address')} has not answered "
                    f"for {SECONDS_TO_ANSWER:.0f} s. {UNCHANGED}. Restart it, or name another one in DOCKER_HOST."
                )
        said = [line.partition(":")[2].strip() for line in ended.stdout.splitlines() if line.startswith("Error:")]
        error = " ".join(said) or ("" if ended.returncode == 0 else ended.stderr.strip())
        if not error:
            return None
        return no_engine(error, builder) or f"buildx can't use its builder: {error}. {UNCHANGED}. Repair it, and go on."


def _follow(process: subprocess.Popen[str], log: BuildLog, watch: Watch) -> str | None:
    """Reads a build's output to its end; returns why the build was ended before, if it was."""
    assert process.stderr is not None, "Popen with stderr=PIPE opens a pipe"
    reader = threading.Thread(target=_read, args=(process.stderr, log, watch.show), daemon=True)
    reader.start()
    started, reason = time.monotonic(), None
    while reader.is_alive() and reason is None:
        reader.join(POLL_SECONDS)
        if watch.cancelled.is_set():
            reason = "the run was interrupted"
        elif watch.timeout and time.monotonic() - started > watch.timeout:
            reason = f"it took longer than the {watch.timeout:.0f} s that it may take"
    if reason is None:
        return None
    _end(process)
    reader.join(SECONDS_TO_END)
    return reason


def _end(process: subprocess.Popen[str]) -> None:
    """Ends buildx and what it has started, such as a credential helper: they are a session of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _read(stream: IO[str], log: BuildLog, show: Callable[[str], None]) -> None:
    for line in stream:
        for text in log.read(line):
            show(text)
