"""The base images in the local registry, under the names of the public one."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import docker
import requests
from docker.errors import DockerException

from components.versions import BASE_IMAGES
from launcher.failures import Failure
from launcher.progress import elapsed, say
from launcher.standin.docker.registry import MANIFEST_TYPES
from localregistry.recipes import RECIPES, make

PUBLIC: Final = "docker.io"
PUBLIC_API: Final = "https://registry-1.docker.io/v2/"
"""What `docker.io` stands for."""
PROBE_TIMEOUT: Final = 3.0
"""Seconds that the public registry may take to answer."""


class BaseImageUnavailable(Failure):
    """A base image can neither be pulled nor made, or the local registry doesn't take it."""


@dataclass(frozen=True)
class Base:
    """A base image: a repository and a tag."""

    repository: str
    tag: str

    def at(self, registry: str) -> str:
        """Return the image's name in a registry."""
        return f"{registry}/{self.repository}:{self.tag}"


def bases() -> tuple[Base, ...]:
    """Return every image that a committed Dockerfile may start from."""
    images = {image for arguments in BASE_IMAGES.values() for image in arguments.values()}
    return tuple(_base(image) for image in sorted(images))


def present(base: Base, registry: str) -> bool:
    """Whether the registry on loopback has the image."""
    url = f"http://{registry}/v2/{base.repository}/manifests/{base.tag}"
    with requests.Session() as session:
        session.trust_env = False  # no proxy for what is on this machine
        return session.head(url, headers={"Accept": MANIFEST_TYPES}, timeout=10).status_code == HTTPStatus.OK


def provide(base: Base, registry: str, client: docker.DockerClient, *, public: bool) -> None:
    """Put the image into the registry: the official one where it can be pulled, else one made from Debian's packages.

    `public` says whether pulling is worth a try: whether the public registry answers.

    Raises BaseImageUnavailable, and ToolUnavailable where a tool for making it is missing.
    """
    began = time.monotonic()
    name = base.at(registry)
    if not (public and _pulled(base, registry, client)):
        _made(base, registry, client)
    try:
        _drain(client.api.push(name, stream=True, decode=True))
    except DockerException as error:
        raise BaseImageUnavailable(
            f"The engine can't push {name}: {error}. Builds would find no base image there. An engine on another "
            "machine, or in one, doesn't reach this machine's loopback: use one that runs here."
        ) from error
    say(f"{name} is there, after {elapsed(time.monotonic() - began)}.")


def public_registry_answers() -> bool:
    """Whether the public registry can be reached from here, quickly."""
    try:
        answer = requests.get(PUBLIC_API, timeout=PROBE_TIMEOUT)
    except requests.RequestException:
        return False
    return answer.status_code in {HTTPStatus.OK, HTTPStatus.UNAUTHORIZED}


def _base(image: str) -> Base:
    name, _, tag = image.rpartition(":")
    return Base(name.removeprefix(f"{PUBLIC}/"), tag)


def _pulled(base: Base, registry: str, client: docker.DockerClient) -> bool:
    name = base.at(PUBLIC)
    say(f"Pulling {name} ...")
    try:
        _drain(client.api.pull(name, stream=True, decode=True))
        client.api.tag(name, f"{registry}/{base.repository}", base.tag)
    except DockerException as error:
        say(f"{name} can't be pulled: {error}")
        return False
    return True


def _made(base: Base, registry: str, client: docker.DockerClient) -> None:
    """Import a stand-in, under the local name alone: the engine must not take it for the official image."""
    name = base.at(PUBLIC)
    recipe = RECIPES.get(base.repository)
    if recipe is None:
        raise BaseImageUnavailable(
            f"{name} can't be pulled here, and localregistry/recipes.py does not say how to make '{base.repository}' "
            "from Debian's packages. Add a recipe, or run this where the public registry answers."
        )
    say(f"{name} can't be pulled here: making a stand-in from Debian's packages (once, about half a minute) ...")
    with tempfile.TemporaryDirectory(prefix="localregistry-") as folder:
        archive = Path(folder) / "root.tar"
        contents = make(recipe, archive)
        description = f"A stand-in for {name}, made from packages: {contents}"
        labels = {"title": base.repository, "description": description, "version": base.tag}
        changes = [f"ENV {key}={value}" for key, value in recipe.variables.items()]
        changes += [f"LABEL org.opencontainers.image.{key}={json.dumps(value)}" for key, value in labels.items()]
        changes += [f"WORKDIR {recipe.folder}", 'CMD ["/bin/bash"]']
        try:
            answer = client.api.import_image(
                str(archive), repository=f"{registry}/{base.repository}", tag=base.tag, changes=changes
            )
            _drain(json.loads(line) for line in answer.splitlines())
        except DockerException as error:
            raise BaseImageUnavailable(f"The engine can't import the stand-in for {name}: {error}") from error


def _drain(messages: Iterator[dict[str, Any]]) -> None:
    """Read the engine's messages to their end. Raises DockerException with what it says went wrong."""
    for message in messages:
        if "error" in message:
            raise DockerException(message["error"])
