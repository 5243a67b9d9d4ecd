"""What the stand-in asks of the engine itself: to forget an image. All else goes through buildx."""

import contextlib
import os

import docker
from docker.errors import DockerException

SECONDS = 30
"""How long the engine may take to answer."""


def forget(host: str | None, name: str) -> None:
    """Removes an image from the engine's store, if there is an engine and it has the image.

    What can't be removed stays: no one waits for it, and the official provider does the same.
    """
    variables = {**os.environ, "DOCKER_HOST": host} if host else dict(os.environ)
    with contextlib.suppress(DockerException, OSError):
        client = docker.DockerClient.from_env(environment=variables, timeout=SECONDS, use_ssh_client=True)
        with contextlib.closing(client):
            client.images.remove(name, force=True)  # it may have several tags
