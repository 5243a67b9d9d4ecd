"""One shop of all five services for the session; others for tests that break them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.contracts import whole_shop
from tests.integration.contracts.builds import Builds
from tests.integration.contracts.clients import Contracts
from tests.integration.contracts.services import Service, Shop
from tests.integration.servers import jetstream, postgres
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres


@pytest.fixture
def own_database_server() -> Generator[Postgres]:
    """PostgreSQL for a test that stops it."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def broker(tmp_path: Path) -> Generator[JetStream]:
    """NATS for a test that stops it, or counts what is in it."""
    with jetstream.running(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def shop(
    tmp_path_factory: pytest.TempPathFactory, builds: Builds, contracts: Contracts, database_server: Postgres
) -> Generator[Shop]:
    """All five services, running. Tests share them, so none stops one of them."""
    folder = tmp_path_factory.mktemp("shop")
    with (
        jetstream.running(folder) as broker,
        whole_shop.running(folder, builds, contracts, database_server, broker) as shop,
    ):
        yield shop


@pytest.fixture(scope="session")
def running(shop: Shop) -> dict[str, Service]:
    """Service → its replica in the shared shop."""
    return {service.name: service for service in shop.started}


@pytest.fixture
def apart(shop: Shop, tmp_path: Path, database_server: Postgres) -> Generator[Callable[..., Shop]]:
    """Makes shops of which a test may stop everything. What it doesn't start itself is the shared shop's."""
    with ExitStack() as stack:

        def make(broker: JetStream | None = None) -> Shop:
            databases = {name: database_server.database(f"{name}_db") for name in ("users", "orders")}
            made = Shop(
                folder=tmp_path,
                builds=shop.builds,
                contracts=shop.contracts,
                databases=databases,
                broker=broker,
                elsewhere=shop.addresses,
            )
            stack.callback(made.stop)
            return made

        yield make
