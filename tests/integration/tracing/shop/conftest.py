"""One traced shop for the tests of this folder: whoever stops a part of it starts it again."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.integration.contracts.builds import Builds
from tests.integration.contracts.clients import Contracts
from tests.integration.servers import jetstream
from tests.integration.servers.postgres import Postgres
from tests.integration.tracing.shop import traced_shop
from tests.integration.tracing.shop.traced_shop import TracedShop


@pytest.fixture(scope="package")
def traced(
    tmp_path_factory: pytest.TempPathFactory, builds: Builds, contracts: Contracts, database_server: Postgres
) -> Generator[TracedShop]:
    """The five services, the Collector, Jaeger and Prometheus, running."""
    folder = tmp_path_factory.mktemp("traced-shop")
    with (
        jetstream.running(tmp_path_factory.mktemp("nats")) as broker,
        traced_shop.running(folder, builds, contracts, database_server, broker) as found,
    ):
        yield found
