"""Programs from Debian's packages, installed where they are missing and may be."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher import cache
from launcher.failures import ToolUnavailable
from launcher.progress import say


def program(name: str, *, package: str, purpose: str) -> Path:
    """Return the path of a program, whose package is installed first where PATH lacks it and the user is root.

    Raises ToolUnavailable; `purpose` continues "NAME is needed".
    """
    if (found := _found(name)) is not None:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ToolUnavailable(
            f"{name} is needed {purpose}, but is not installed. Install it (on Debian: apt-get install {package}), "
            "or run this again as root on a Debian machine, which does it."
        )
    with installing():
        if _found(name) is None:
            say(f"Installing Debian's {package} (once): {name} is needed {purpose} ...")
            install(package)
    if (found := _found(name)) is None:
        raise ToolUnavailable(f"{name} is needed {purpose}, but Debian's {package} has not brought it.")
    return found


@contextmanager
def installing() -> Iterator[None]:
    """Hold the lock of whoever installs packages: apt-get does not wait for another one, it fails."""
    lock = cache.folder() / "locks" / "apt-get"
    with cache.locked(lock, lambda: say("Another process is installing Debian's packages; waiting for it.")):
        yield


def install(package: str) -> None:
    """Install a package, within `installing`. Raises ToolUnavailable with what apt-get has said."""
    _apt_get("update", "-qq")
    _apt_get("install", "-y", "-qq", "--no-install-recommends", package)


def _found(name: str) -> Path | None:
    # Servers lie in sbin, which a user's PATH may lack.
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    return Path(found) if found else None


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    finished = subprocess.run(
        ["apt-get", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        said = (finished.stderr or finished.stdout).strip()[-1500:]
        raise ToolUnavailable(f"'apt-get {' '.join(arguments)}' failed with exit code {finished.returncode}:\n{said}")
