"""What there is to observe: a shop of its own, an exporter beside each store, and who gets the notifications."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.contracts import whole_shop
from tests.integration.contracts.builds import Builds
from tests.integration.contracts.clients import Contracts
from tests.integration.contracts.services import Shop
from tests.integration.observability import observed as everything
from tests.integration.observability.observed import Observed
from tests.integration.servers import exporters, jetstream, redis, webhook
from tests.integration.servers.exporters import Exporter
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres
from tests.integration.servers.webhook import Webhook


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Generator[JetStream]:
    """NATS for the tests of this folder."""
    with jetstream.running(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="package")
def shop(
    tmp_path_factory: pytest.TempPathFactory,
    builds: Builds,
    contracts: Contracts,
    database_server: Postgres,
    broker: JetStream,
) -> Generator[Shop]:
    """All five services, running. A test that stops one of them starts it again on the same ports."""
    folder = tmp_path_factory.mktemp("observed-shop")
    with whole_shop.running(folder, builds, contracts, database_server, broker) as shop:
        yield shop


@pytest.fixture(scope="package")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[int, str]]:
    """A Redis' port and password."""
    with redis.running(tmp_path_factory.mktemp("cache")) as found:
        yield found


@pytest.fixture(scope="package")
def store_exporters(
    tmp_path_factory: pytest.TempPathFactory, shop: Shop, broker: JetStream, cache: tuple[int, str]
) -> Generator[Mapping[str, Exporter]]:
    """Store, by its name in the catalogue, or `nats` → the exporter beside it."""

    def folder(name: str) -> Path:
        return tmp_path_factory.mktemp(f"{name}-exporter")

    with ExitStack() as stack:
        found = {
            f"{name}-db": stack.enter_context(exporters.postgres(folder(name), database))
            for name, database in shop.databases.items()
        }
        found["cache"] = stack.enter_context(exporters.redis(folder("cache"), *cache))
        found["nats"] = stack.enter_context(exporters.nats(folder("nats"), broker))
        yield found


@pytest.fixture(scope="package")
def observed(
    tmp_path_factory: pytest.TempPathFactory,
    shop: Shop,
    store_exporters: Mapping[str, Exporter],
    broker: JetStream,
    cache: tuple[int, str],
) -> Generator[Observed]:
    """The shop with customers, and the platforms that watch it."""
    with everything.running(tmp_path_factory.mktemp("observed"), shop, store_exporters, broker, cache) as found:
        yield found


@pytest.fixture
def notified() -> Generator[Webhook]:
    """Who gets the notifications of one test."""
    with webhook.running() as receiver:
        yield receiver
