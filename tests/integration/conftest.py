"""What the tests of layer 5 share: a real engine, real registries, a builder of its own, the services' builds."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

import docker
import pytest

from launcher.buildx import buildx_binary
from localregistry import buildkit, engine, operations, registry
from localregistry.engine import Engine
from tests.integration.contracts.builds import Builds, build
from tests.integration.contracts.clients import Contracts
from tests.integration.servers import postgres
from tests.integration.servers.postgres import Postgres

_HERE = Path(__file__).parent
_OWN_AUTHORITIES = Path("/usr/local/share/ca-certificates")
"""Where a Debian machine's administrator puts further CAs (update-ca-certificates(8))."""


_ENGINE: Final = ("docker_standin", "images")
"""Folders whose tests share one engine and one registry on a fixed port."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and send what shares something to one worker; of the rest each file is one.

    The sample shop runs from its folder, where a second build would pull the programs from under the first. pytest
    calls this with the tests of all folders.
    """
    for item in items:
        if item.path.is_relative_to(_HERE):
            path = item.path.relative_to(_HERE)
            item.add_marker(pytest.mark.integration)
            shop = path.parts[0] == "contracts" or "builds" in getattr(item, "fixturenames", ())
            group = "engine" if path.parts[0] in _ENGINE else "shop" if shop else str(path)
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def docker_engine() -> Generator[Engine]:
    """The engine that answers, or one that is started and goes on; whatever the tests start finds it, too."""
    found = engine.started(operations.folder() / "engine")
    with pytest.MonkeyPatch.context() as patch:
        if found.own:
            patch.setenv("DOCKER_HOST", found.address)
        yield found


@pytest.fixture(scope="session")
def docker_client(docker_engine: Engine) -> Generator[docker.DockerClient]:
    """A client of that engine."""
    client = docker_engine.client()
    yield client
    client.close()


@pytest.fixture(scope="session")
def base_registry(docker_engine: Engine) -> str:
    """The address of the local registry, which has the base images; it goes on after the tests."""
    local = operations.up()
    assert local.engine.address == docker_engine.address, (
        "the tests and `make local-registry` would work on two engines"
    )
    return local.registry


@pytest.fixture(scope="session")
def local_registry(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of an empty registry, into which everybody may push. Tests share it: use repositories of your own."""
    with registry.running(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="session")
def buildkit_builder(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The name of a buildx builder that builds for several platforms, exports its cache and attests."""
    folder = tmp_path_factory.mktemp("buildkit")
    with (
        buildkit.running(folder) as address,
        buildkit.builder(buildx_binary(), f"polyglot-tests-{os.getpid()}", address) as name,
    ):
        yield name


@pytest.fixture(scope="session")
def ca_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The CAs that this machine trusts beside the public ones, as `images.ca-bundle` wants them; None: no others."""
    certificates = [path.read_text().strip() for path in sorted(_OWN_AUTHORITIES.glob("**/*.crt"))]
    if not certificates:
        return None
    path = tmp_path_factory.mktemp("authorities") / "extra.pem"
    path.write_text("\n".join(certificates) + "\n")
    return path


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """The sample shop's five services, built once."""
    return build(tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="session")
def contracts(builds: Builds) -> Contracts:
    """What they may be asked."""
    return Contracts(builds.protos)


@pytest.fixture(scope="session")
def database_server() -> Generator[Postgres]:
    """PostgreSQL for all: each test takes a database of its own from it, and none stops it."""
    with postgres.running() as server:
        yield server
