"""The five images, built once from the committed Dockerfiles, and the servers that the services need."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from components.specs.images import ImageBuildSpec
from localcluster.certificates import Authority
from localregistry import operations
from localregistry.building import build
from stacks.loader import validate
from tests.integration.images.containers import Container, Servers
from tests.integration.images.layers import Image
from tests.integration.servers import jetstream, postgres

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def planted_authority() -> bytes:
    """A CA that nobody trusts but the build stages of these tests.

    The same one each time: steps that are taken from the cache have seen the one of an earlier run.
    """
    path = operations.folder() / "planted-authority.pem"
    if not path.exists():
        path.write_bytes(Authority("private authority of the tests").certificate)
    return path.read_bytes()


@pytest.fixture(scope="session")
def build_authorities(
    planted_authority: bytes, ca_bundle: Path | None, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What the builds get as `ca-bundle`: the planted CA, and this machine's, without which nothing downloads."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.pem"
    path.write_bytes(planted_authority + (ca_bundle.read_bytes() if ca_bundle else b""))
    return path


@pytest.fixture(scope="session")
def builds(base_registry: str) -> Mapping[str, ImageBuildSpec]:
    """Service → the build of its image, as the committed stack `ci` says."""
    found = validate("ci").images.builds
    assert all(
        base_registry in value for spec in found.values() for name, value in spec.arguments.items() if "IMAGE" in name
    )
    return found


@pytest.fixture(scope="session")
def images(
    builds: Mapping[str, ImageBuildSpec], build_authorities: Path, docker_client: docker.DockerClient
) -> Mapping[str, Image]:
    """Service → its image, in the engine's own store."""
    for spec in builds.values():
        build(spec, project=PROJECT, ca_bundle=build_authorities)
    return {name: Image.read(docker_client, spec.reference) for name, spec in builds.items()}


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Servers]:
    """A PostgreSQL and a NATS for all containers."""
    with postgres.running() as database, jetstream.running(tmp_path_factory.mktemp("nats")) as broker:
        yield Servers(database=database, broker=broker)


@pytest.fixture
def start(
    images: Mapping[str, Image], servers: Servers, docker_client: docker.DockerClient
) -> Generator[Callable[[str], Container]]:
    """Start a service's container as its Pod would; it is removed at the end."""
    with ExitStack() as stack:

        def started(service: str) -> Container:
            container = Container.start(docker_client, images[service], service, servers)
            stack.callback(container.remove)
            return container

        yield started
