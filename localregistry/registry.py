"""A registry: its configuration, and running it for as long as a context lasts."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from launcher.gobuild import built
from launcher.private_file import write_private
from localcluster.processes import serving
from localregistry.binaries import REGISTRY

LOOPBACK: Final = "127.0.0.1"
"""Engines speak plain HTTP to a registry here, and nowhere else without being told to."""
REQUEST_TIMEOUT: Final = 5.0
"""Seconds."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may do what."""

    users: str | None = None
    """Lines of an htpasswd file with bcrypt hashes: who may log in. None: everybody may do everything."""
    read_only: bool = False
    """Refuse every push."""


EVERYBODY: Final = Access()


def command(folder: Path, address: str, access: Access = EVERYBODY) -> list[str]:
    """Return the command that serves what lies in `folder` on `address`, and write its configuration there.

    Raises ToolUnavailable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    passwords = folder / "htpasswd"
    if access.users is not None:
        write_private(passwords, access.users.encode())
    path = folder / "registry.yaml"
    path.write_text(yaml.safe_dump(_configuration(folder, address, access, passwords), sort_keys=False))
    return [str(built(REGISTRY)), "serve", str(path)]


def answers(address: str) -> bool:
    """Whether a registry answers on `address`, be it with a demand to log in."""
    connection = http.client.HTTPConnection(address, timeout=REQUEST_TIMEOUT)
    try:
        connection.request("GET", "/v2/")
        answer = connection.getresponse()
        return answer.getheader("Docker-Distribution-Api-Version") is not None
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_taken(address: str) -> bool:
    """Whether anything listens on `address`."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@contextmanager
def running(folder: Path, access: Access = EVERYBODY, *, port: int | None = None) -> Generator[str]:
    """Serve what lies in `folder` on loopback, give the address, and stop at the end. Without `port` it is a free one.

    Raises `localcluster.processes.ServerFailed` where it doesn't start, and ToolUnavailable where it can't be built.
    """
    address = f"{LOOPBACK}:{port or _free_port()}"
    started = command(folder, address, access)
    with serving("registry", started, folder=folder, ready=lambda: answers(address)):
        yield address


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def _configuration(folder: Path, address: str, access: Access, passwords: Path) -> dict[str, Any]:
    """https://distribution.github.io/distribution/about/configuration/."""
    storage: dict[str, Any] = {
        "filesystem": {"rootdirectory": str(folder / "images")},
        "delete": {"enabled": True},
        "maintenance": {"readonly": {"enabled": access.read_only}},
    }
    configuration: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": storage,
        "http": {"addr": address},
    }
    if access.users is not None:
        configuration["auth"] = {"htpasswd": {"realm": "localregistry", "path": str(passwords)}}
    return configuration
