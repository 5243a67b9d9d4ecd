"""Builds programs from Go modules, once, into the cache: `built(tool)` is all that a caller needs."""

import hashlib
import os
import re
import subprocess
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from launcher import cache
from launcher.failures import ToolUnavailable
from launcher.golang import go_binary, required_version, version_of
from launcher.progress import elapsed, say

REPORT_EVERY = 10.0
"""Seconds between two lines of progress."""
LINES_OF_FAILURE = 25
"""How many of the build's last lines a failure shows."""


@dataclass(frozen=True)
class GoTool:
    """A program that is built from a Go module of ours, whose go.mod and go.sum pin everything it is made of."""

    name: str
    """The binary's name."""
    module: Path
    """The folder with go.mod and go.sum."""
    package: str
    """The main package's import path."""
    ldflags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    takes: str = "about 6 minutes"
    """How long the first build takes on two cores, said before it starts."""


def pinned_version(module: Path, path: str) -> str:
    """Return the version, without its `v`, at which the go.mod in the folder `module` requires the module `path`."""
    file = module / "go.mod"
    found = re.search(rf"^\s*(?:require )?{re.escape(path)} v(\S+)", file.read_text(), re.MULTILINE)
    if found is None:
        raise ToolUnavailable(f"{file} does not require {path}, so it can't be built from there.")
    return found[1]


def built(tool: GoTool) -> Path:
    """Return the binary of `tool`, built first if the cache has none for exactly these sources, flags and Go.

    Raises ToolUnavailable, with the build's last lines, when it can't be built.
    """
    go = go_binary(required_version(tool.module))
    folder = cache.folder() / "tools" / f"{tool.name}-{_key(tool, version_of(go))}"
    binary = folder / "bin" / tool.name
    if binary.exists():
        return binary
    lock = cache.folder() / "locks" / folder.name
    with cache.locked(lock, lambda: say(f"Another process is building {tool.name}; waiting for it.")):
        if not binary.exists():
            _build(tool, go, binary)
    return binary


def _key(tool: GoTool, go_version: str) -> str:
    """Return a digest of everything that the binary depends on."""
    digest = hashlib.sha256()
    recipe = repr((tool.package, tool.ldflags, tool.tags, go_version, os.environ.get("GOFLAGS", "")))
    sources = [path.read_bytes() for path in sorted(tool.module.glob("**/*")) if path.suffix in {".go", ".mod", ".sum"}]
    for part in (recipe.encode(), *sources):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:16]


def _build(tool: GoTool, go: Path, binary: Path) -> None:
    say(f"Building {tool.name} from its Go module (once, {tool.takes}); it is kept in {binary.parent} ...")
    binary.parent.mkdir(parents=True, exist_ok=True)
    # The partial binary lies beside the final one, since only within one file system is a rename atomic.
    with tempfile.TemporaryDirectory(dir=binary.parent) as scratch:
        partial = Path(scratch) / tool.name
        # -trimpath: one and the same binary wherever the module cache lies. -buildvcs=false: no git needed.
        command = [str(go), "build", "-v", "-trimpath", "-buildvcs=false", "-o", str(partial)]
        command += ["-ldflags", " ".join(tool.ldflags)] if tool.ldflags else []
        command += ["-tags", ",".join(tool.tags)] if tool.tags else []
        started = time.monotonic()
        _run(tool, [*command, tool.package])
        partial.rename(binary)
    say(f"Built {tool.name} in {elapsed(time.monotonic() - started)}.")


@dataclass
class _Output:
    """What the build has printed so far; written by the thread that reads it, read by the one that reports."""

    last: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_OF_FAILURE))
    downloaded: int = 0
    compiled: int = 0

    def read(self, stream: IO[str]) -> None:
        for line in stream:
            self.last.append(line.rstrip())
            if line.startswith("go: downloading "):
                self.downloaded += 1
            elif not line.startswith(("go: ", "#", "\t")):
                self.compiled += 1

    def __str__(self) -> str:
        if self.compiled:
            return f"{self.compiled} packages compiled"
        return f"{self.downloaded} modules downloaded"


def _run(tool: GoTool, command: list[str]) -> None:
    # Programs without C link statically and need no compiler but Go's own. The user's word goes first.
    environment = {"CGO_ENABLED": "0", **os.environ}
    output = _Output()
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=tool.module, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        assert process.stdout is not None, "Popen with stdout=PIPE opens a pipe"
        reader = threading.Thread(target=output.read, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            while True:
                reader.join(REPORT_EVERY)
                if not reader.is_alive():
                    break
                say(f"  {tool.name}: {elapsed(time.monotonic() - started)}, {output}")
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise ToolUnavailable(
            f"{tool.name} could not be built from {tool.module / 'go.mod'}: 'go build' ended with exit code "
            f"{process.returncode}. Its last lines:\n" + "\n".join(f"  {line}" for line in output.last)
        )
