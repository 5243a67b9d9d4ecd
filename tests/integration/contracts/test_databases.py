"""A database that comes late or goes away for a while costs availability, never a restart by hand."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest

from tests.integration.contracts.services import Service, Shop
from tests.integration.contracts.shopping import ORDERS, USERS
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres
from tests.integration.servers.processes import eventually

READ = {"users": f"{USERS}.GetUser", "orders": f"{ORDERS}.GetOrder"}
NOBODY = "6f9619ff-8b86-4d01-b42d-00c04fc964ff"


def reads(service: Service, *, deadline: float = 10.0) -> grpc.StatusCode:
    """What reading something unknown ends with: NOT_FOUND only where the database has said so."""
    with service.client() as client:
        code, _ = client.failure(READ[service.name], id=NOBODY, deadline=deadline)
        return code


def shop_on(server: Postgres, apart: Callable[..., Shop], broker: JetStream, name: str) -> Shop:
    shop = apart(broker)
    shop.databases = {name: server.database(f"{name}_db")}
    return shop


@pytest.mark.parametrize("name", READ)
def test_a_service_waits_for_its_database_and_is_not_ready_meanwhile(
    apart: Callable[..., Shop], broker: JetStream, own_database_server: Postgres, name: str
) -> None:
    shop = shop_on(own_database_server, apart, broker, name)
    own_database_server.stop()
    service = shop.start(name, wait=False)
    service.process.until(service.process.lines, "it has begun")
    with service.client() as client:
        for _ in range(10):
            # UNAVAILABLE: no port is open yet, which a probe takes for the same.
            assert client.health() in {"NOT_SERVING", "UNAVAILABLE"}, "no caller is sent to it before it can answer"
    assert reads(service) is grpc.StatusCode.UNAVAILABLE
    own_database_server.start()
    service.process.until(service.is_ready, "it is ready once its database is")
    assert reads(service) is grpc.StatusCode.NOT_FOUND, "its tables are there as well"


@pytest.mark.parametrize("name", READ)
def test_a_service_survives_its_database_s_restart(
    apart: Callable[..., Shop], broker: JetStream, own_database_server: Postgres, name: str
) -> None:
    service = shop_on(own_database_server, apart, broker, name).start(name)
    assert reads(service) is grpc.StatusCode.NOT_FOUND
    own_database_server.stop()
    assert reads(service) is grpc.StatusCode.UNAVAILABLE, "callers learn that trying again may help"
    own_database_server.start()
    eventually(lambda: reads(service) is grpc.StatusCode.NOT_FOUND, f"{name} answers again")
    assert service.process.is_running, "the same process"
