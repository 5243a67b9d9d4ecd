"""A real Redis from Debian's packages."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from launcher.failures import ToolUnavailable
from launcher.private_file import write_private
from launcher.progress import say
from localcluster.processes import serving
from localregistry import debian
from tests.integration.servers.processes import LOOPBACK, free_port, is_listening

_DEBIAN: Final = Path("/usr/bin/redis-check-rdb")
"""Redis' one program, as the package redis-tools has it; called redis-server it serves. The package of that name would
also start a server of its own."""


@contextmanager
def running(folder: Path) -> Generator[tuple[int, str]]:
    """Run Redis, which asks for a password; give its port and that password."""
    port, password, configuration = free_port(), secrets.token_hex(16), folder / "redis.conf"
    server = folder / "redis-server"
    server.symlink_to(_redis())
    settings = (f"bind {LOOPBACK}", f"port {port}", 'save ""', f"dir {folder}", f"requirepass {password}")
    settings += ("maxmemory 64mb",)  # as managed ones have some
    write_private(configuration, "\n".join(settings).encode())
    command = [str(server), str(configuration)]
    with serving("redis", command, folder=folder, ready=lambda: is_listening(port)):
        yield port, password


def _redis() -> Path:
    """Return Redis' program; as root on Debian its package is installed where it is missing. Raises ToolUnavailable."""
    if found := shutil.which("redis-server"):
        return Path(found)
    if not _DEBIAN.exists():
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise ToolUnavailable("Redis is not installed: put redis-server on PATH (on Debian: redis-tools will do).")
        with debian.installing():
            if not _DEBIAN.exists():
                say("Installing Redis from Debian's packages (once) ...")
                debian.install("redis-tools")
    return _DEBIAN
