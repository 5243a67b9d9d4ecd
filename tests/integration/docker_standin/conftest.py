"""A project that builds images, and what its builds run."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from launcher import engine as pulumi_engine
from launcher.buildx import buildx_binary
from launcher.gobuild import GoTool, built
from localregistry import registry
from localregistry.engine import Engine
from tests.integration.docker_standin.manifests import GuardedRegistry
from tests.integration.docker_standin.project import Project

NO_REGISTRY = "127.0.0.1:9"
"""Where none answers: the port of the discard protocol."""
USERNAME, PASSWORD = "ci", "hunter2-long"
USERS = "ci:$2b$05$.LjwkekAh78PieSma06jg.5K0ZSded4xqj/gSbIEOkpsV.65fgi8G\n"
"""The line of an htpasswd file for these two."""


@pytest.fixture(scope="session")
def buildx() -> Path:
    return buildx_binary()


@pytest.fixture(scope="session")
def worker() -> bytes:
    """The program of build steps; linked statically."""
    module = Path(__file__).parent / "worker"
    return built(GoTool(name="build-worker", module=module, package=".", takes="a few seconds")).read_bytes()


@pytest.fixture(scope="session")
def guarded_registry(tmp_path_factory: pytest.TempPathFactory) -> Generator[GuardedRegistry]:
    """A registry that demands a login."""
    with registry.running(tmp_path_factory.mktemp("guarded"), registry.Access(users=USERS)) as address:
        yield GuardedRegistry(address, USERNAME, PASSWORD)


@pytest.fixture(scope="session")
def read_only_registry(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of a registry that takes no push."""
    with registry.running(tmp_path_factory.mktemp("read-only"), registry.Access(read_only=True)) as address:
        yield address


@pytest.fixture(scope="session", autouse=True)
def no_image_left(
    docker_client: docker.DockerClient, local_registry: str, guarded_registry: GuardedRegistry, read_only_registry: str
) -> Generator[None]:
    """Take the tests' names off the engine afterwards: it goes on, and may be the user's own."""
    yield
    registries = (local_registry, guarded_registry.address, read_only_registry, NO_REGISTRY)
    ours = tuple(f"{address}/" for address in registries)
    for image in docker_client.images.list():
        for name in (*image.tags, *(image.attrs["RepoDigests"] or ())):
            if name.startswith(ours):
                with contextlib.suppress(ImageNotFound):  # with its last tag in a repository, the digest goes too
                    docker_client.images.remove(name)


@pytest.fixture
def project(tmp_path: Path, docker_engine: Engine, buildx: Path, worker: bytes) -> Project:
    """A project without images, and all the tools that a run needs, built before any test's time limit holds."""
    assert buildx
    assert worker
    assert pulumi_engine.pulumi_binary()
    return Project(tmp_path / "project", docker_engine.address)
