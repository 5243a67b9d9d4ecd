"""The whole sample shop: one replica of each of the five services, wired as the stack `local` wires them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.integration.contracts.builds import Builds
from tests.integration.contracts.clients import Contracts
from tests.integration.contracts.services import Shop
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres

ORDER: Final = ("users", "recommendations", "orders", "fulfilment", "gateway")
"""Those that are called before their callers."""


@contextmanager
def running(
    folder: Path,
    builds: Builds,
    contracts: Contracts,
    database_server: Postgres,
    broker: JetStream,
    variables: Mapping[str, Mapping[str, str]] | None = None,
) -> Generator[Shop]:
    """Run all five, with databases of their own, until the end. `variables`: service → those that it has besides."""
    databases = {name: database_server.database(f"{name}_db") for name in ("users", "orders")}
    shop = Shop(folder=folder, builds=builds, contracts=contracts, databases=databases, broker=broker)
    try:
        started = [shop.start(name, (variables or {}).get(name), wait=False) for name in ORDER]
        for service in started:
            service.process.until(service.is_ready, f"{service.name} is ready")
        yield shop
    finally:
        shop.stop()
