"""Where built tools are kept: outside the clone, shared by every clone of one user."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def folder() -> Path:
    """Return the cache's folder: `$POLYGLOT_CACHE`, else `$XDG_CACHE_HOME/polyglot`, else `~/.cache/polyglot`."""
    if chosen := os.environ.get("POLYGLOT_CACHE"):
        return Path(chosen).expanduser().absolute()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base).expanduser().absolute() / "polyglot"
    return Path.home() / ".cache" / "polyglot"


@contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the exclusive lock on the file `path`; call `on_wait` once if another process has it.

    The kernel lets go of the lock when its holder ends, however it ends, so a lock is never stale.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
