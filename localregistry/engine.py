"""The engine that holds images and runs containers: the one that answers, or else a dockerd of our own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import docker
from docker.context import ContextAPI
from docker.errors import DockerException
from requests.exceptions import RequestException

from launcher.failures import ToolUnavailable
from launcher.progress import say
from localregistry.daemons import Daemon
from localregistry.debian import program

ANSWER_TIMEOUT: Final = 10
"""Seconds that an engine may take to say that it is there."""
WORK_TIMEOUT: Final = 600
"""Seconds that it may be silent while it imports, pulls or pushes."""


@dataclass(frozen=True)
class Engine:
    """An engine that answers."""

    address: str
    """As in DOCKER_HOST."""
    own: bool
    """Whether `python -m localregistry` has started it, so that nobody else knows its address."""

    def client(self) -> docker.DockerClient:
        """Return a client that is to be closed."""
        return _client(self.address, own=self.own, timeout=WORK_TIMEOUT)


def answering(folder: Path) -> Engine | None:
    """Return the engine that the user's settings lead to, or else our own from `folder`; None where neither answers.

    Raises ToolUnavailable where the settings name an engine that doesn't answer: another one isn't what was meant.
    """
    address, chosen_by = _settings()
    for engine in (Engine(address, own=False), Engine(_own_address(folder), own=True)):
        if _answers(engine):
            return engine
        if chosen_by is not None:
            raise ToolUnavailable(
                f"The engine {address}, which {chosen_by} names, does not answer, so nothing can be built or run. "
                f"Start it, or choose another: without {chosen_by} an engine is started here."
            )
    return None


def started(folder: Path) -> Engine:
    """Return the engine that answers, and where there is none, start a dockerd that keeps everything in `folder`.

    Raises ToolUnavailable where that can't be, and ServerFailed where it doesn't start.
    """
    if (engine := answering(folder)) is not None:
        return engine
    if os.geteuid() != 0:
        raise ToolUnavailable(
            f"No engine answers on {_settings()[0]}, and only root can start one, so nothing can be built or run. "
            "Start Docker, let DOCKER_HOST name an engine, or run this as root."
        )
    dockerd = program("dockerd", package="docker.io", purpose="to build and run images")
    if (engine := answering(folder)) is not None:  # the package's own service has started
        return engine
    own = Engine(_own_address(folder), own=True)
    say("No engine answers here: starting a dockerd ...")
    _daemon(folder).start(_command(dockerd, folder), ready=lambda: _answers(own))
    return own


def stopped(folder: Path) -> bool:
    """End our own dockerd, and say whether one ran. Images and layers stay in `folder`."""
    return _daemon(folder).stop()


def _command(dockerd: Path, folder: Path) -> list[str]:
    return [
        str(dockerd),
        f"--data-root={folder / 'data'}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'dockerd.pid'}",
        f"--host={_own_address(folder)}",
    ]


def _daemon(folder: Path) -> Daemon:
    return Daemon("dockerd", folder)


def _own_address(folder: Path) -> str:
    return f"unix://{folder / 'docker.sock'}"


def _settings() -> tuple[str, str | None]:
    """Return the address that the docker CLI would use, and which setting says so: None for the default."""
    if address := os.environ.get("DOCKER_HOST"):
        return address, "DOCKER_HOST"
    name = os.environ.get("DOCKER_CONTEXT")
    context = ContextAPI.get_context(name)
    if context is None:
        raise ToolUnavailable(
            f"The docker context '{name or 'in config.json'}' does not exist, so it is unknown which engine is meant. "
            "Choose one that does ('docker context ls'), or none."
        )
    return context.Host, None if context.Name == "default" else f"the docker context '{context.Name}'"


def _answers(engine: Engine) -> bool:
    try:
        client = _client(engine.address, own=engine.own, timeout=ANSWER_TIMEOUT)
        try:
            return client.ping()
        finally:
            client.close()
    except (DockerException, RequestException):
        return False


def _client(address: str, *, own: bool, timeout: int) -> docker.DockerClient:
    # The user's settings may say more than an address: certificates, a login by SSH.
    if own:
        return docker.DockerClient(base_url=address, timeout=timeout)
    return docker.DockerClient.from_env(timeout=timeout, use_ssh_client=True)
