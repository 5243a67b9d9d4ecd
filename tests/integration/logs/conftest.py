"""A real Loki, an agent of a node, and files as a container runtime writes them."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from pathlib import Path

import pytest

from components.observability.loki.server import DATA_FOLDER, FILE, loki_config
from tests.integration.logs import agents
from tests.integration.logs.agents import Node
from tests.integration.servers.loki import Loki
from tests.observability.logs.logged import logged


def make_loki(folder: Path) -> Loki:
    """A Loki on the generated configuration, which does not run yet."""
    replacements = {f'"{DATA_FOLDER}': f'"{folder / "data"}'}
    return Loki(folder=folder, text=loki_config(logged())[FILE], replacements=replacements)


@pytest.fixture
def name() -> str:
    """A service that no other test has."""
    return f"service-{secrets.token_hex(4)}"


@pytest.fixture(scope="package")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Generator[Loki]:
    """A Loki for all: each test reads by labels of its own."""
    server = make_loki(tmp_path_factory.mktemp("loki"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def node(tmp_path: Path, loki: Loki) -> Generator[Node]:
    """A node with a running agent."""
    with agents.running(tmp_path, logged(), loki.url) as found:
        yield found


@pytest.fixture
def own_loki(tmp_path: Path) -> Generator[Loki]:
    """A Loki that the test starts when it wants to."""
    folder = tmp_path / "loki"
    folder.mkdir()
    server = make_loki(folder)
    try:
        yield server
    finally:
        server.stop()
