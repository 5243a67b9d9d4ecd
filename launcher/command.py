"""Runs the Pulumi CLI for the Automation API as a terminal wants it: live output, and a Ctrl-C that ends cleanly."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from launcher.progress import say


class EngineCommand(PulumiCommand):
    """The CLI as the Automation API calls it; remembers how the last call ended, and whether it was interrupted.

    The CLI runs in a session of its own. Otherwise a Ctrl-C in the terminal reached the CLI and the launcher at once,
    and the launcher, which holds program and provider, would be gone before the engine had finished what it had begun.
    """

    def __init__(self, binary: Path, version: str) -> None:
        # Not super().__init__, which runs `pulumi version` once more and finds the CLI in a folder of another layout.
        self.command = str(binary)
        self.version = VersionInfo.parse(version)
        self.interrupted = False
        self.exit_code = 0
        self.unseen_errors = ""
        """What the last call wrote to standard error, unless it was passed on while it ran."""
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run the CLI with `args`; raises CommandError, or one of its kinds, when its exit code is not 0."""
        binaries = str(Path(self.command).parent)
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        environment["PATH"] = os.pathsep.join((binaries, environment.get("PATH", "")))
        process = subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._process = process
        with process:
            output, errors = _Lines(process.stdout, on_output), _Lines(process.stderr, on_error)
            output.join()
            errors.join()
        self._process = None
        self.exit_code = process.returncode
        self.unseen_errors = "" if on_error else errors.text
        result = CommandResult(stdout=output.text, stderr=errors.text, code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """While the context lasts, pass Ctrl-C (and SIGTERM) on to the engine, which then stops cleanly."""

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if self._process is None:
                raise KeyboardInterrupt
            if not self.interrupted:
                say("Stopping: the engine finishes what it has begun. Press Ctrl-C again to stop at once.")
            self.interrupted = True
            self._process.send_signal(signal.SIGINT)

        earlier = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


class _Lines(threading.Thread):
    """Reads a stream to its end, and hands on each line as it comes."""

    def __init__(self, stream: IO[str] | None, on_line: OnOutput | None) -> None:
        super().__init__(daemon=True)
        assert stream is not None, "Popen with a PIPE opens a stream"
        self._stream = stream
        self._on_line = on_line
        self._lines: list[str] = []
        self.start()

    def run(self) -> None:
        for line in self._stream:
            stripped = line.rstrip()
            self._lines.append(stripped)
            if self._on_line:
                self._on_line(stripped)

    @property
    def text(self) -> str:
        return "\n".join(self._lines)
