"""`python -m localregistry up|down|status`: a registry, its base images, and an engine where none answers."""

from __future__ import annotations

import argparse

from launcher.failures import Failure
from launcher.progress import say
from localregistry import operations


def main() -> None:
    """Run one command. Standard output is its result, standard error its progress."""
    parser = argparse.ArgumentParser(prog="python -m localregistry", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status"))
    command = parser.parse_args().command
    try:
        {"up": _up, "down": _down, "status": _status}[command]()
    except Failure as failure:
        parser.exit(1, f"error: {failure}\n")


def _up() -> None:
    local = operations.up()
    say(f"The local registry is up: {local.registry}, with the base images.")
    if local.engine.own:
        say("Its engine is known to nobody else; tell the shell that builds:")
        print(f"export DOCKER_HOST={local.engine.address}")


def _down() -> None:
    stopped = operations.down()
    say(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing ran.")


def _status() -> None:
    for line in operations.status():
        print(line)


if __name__ == "__main__":
    main()
