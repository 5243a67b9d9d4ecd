"""What the commands do: bring everything up, take it down, say how it stands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from launcher import cache
from launcher.failures import Failure
from launcher.progress import elapsed, say
from localregistry import bases, engine, registry
from localregistry.daemons import Daemon
from localregistry.engine import Engine

ADDRESS: Final = f"{registry.LOOPBACK}:5001"
"""Where the local registry answers. 5000 is AirPlay's on a Mac, and many a registry's elsewhere."""


class AddressTaken(Failure):
    """Something else listens where the registry should."""


@dataclass(frozen=True)
class Local:
    """What runs, after `up`."""

    registry: str
    engine: Engine


def folder() -> Path:
    """Return where images, layers and logs are kept: below the launcher's cache, so that they outlive a clone."""
    return cache.folder() / "localregistry"


def up() -> Local:
    """Start what does not run yet, and put the base images that are missing into the registry.

    Raises `launcher.failures.Failure`, of some kind.
    """
    lock = cache.folder() / "locks" / "localregistry"
    with cache.locked(lock, lambda: say("Another process is starting the local registry; waiting for it.")):
        running = engine.started(folder() / "engine")
        _start_registry()
        _provide_bases(running)
    return Local(ADDRESS, running)


def down() -> tuple[str, ...]:
    """End what `up` has started, and return the names of what ran. Images and layers are kept."""
    stopped = {"registry": _registry().stop(), "engine": engine.stopped(folder() / "engine")}
    return tuple(name for name, ran in stopped.items() if ran)


def status() -> Iterator[str]:
    """Yield how things stand, line by line."""
    process = _registry().process()
    yield f"registry {ADDRESS}: {f'process {process.pid}' if process else 'not running'}"
    try:
        running = engine.answering(folder() / "engine")
    except Failure as failure:
        yield f"engine: {failure}"
    else:
        yield f"engine: {running.address if running else 'none answers'}"
    if process is not None:
        for base in bases.bases():
            yield f"{base.at(ADDRESS)}: {'there' if bases.present(base, ADDRESS) else 'missing'}"
    yield f"kept in {folder()}"


def _start_registry() -> None:
    daemon = _registry()
    if daemon.process() is not None:
        return
    if registry.is_taken(ADDRESS):
        raise AddressTaken(
            f"{ADDRESS} is taken by a program that this command has not started, so the local registry can't serve "
            "there. End that program, and run this again."
        )
    command = registry.command(daemon.folder, ADDRESS)
    began = time.monotonic()
    daemon.start(command, ready=lambda: registry.answers(ADDRESS))
    say(f"The registry serves on {ADDRESS}, after {elapsed(time.monotonic() - began)}.")


def _provide_bases(running: Engine) -> None:
    missing = [base for base in bases.bases() if not bases.present(base, ADDRESS)]
    if not missing:
        return
    client = running.client()
    try:
        public = bases.public_registry_answers()
        for base in missing:
            bases.provide(base, ADDRESS, client, public=public)
    finally:
        client.close()


def _registry() -> Daemon:
    return Daemon("registry", folder() / "registry")
