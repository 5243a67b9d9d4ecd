"""The real lines of the five services, through a real agent, in a real Loki: one order, found by its trace."""

from __future__ import annotations

import json
import secrets
from collections.abc import Generator
from datetime import datetime

import pytest

from tests.integration.contracts import shopping, whole_shop
from tests.integration.contracts.builds import Builds
from tests.integration.contracts.clients import Contracts
from tests.integration.contracts.services import Shop
from tests.integration.contracts.shopping import sign_up
from tests.integration.logs.agents import Node
from tests.integration.logs.entries import found
from tests.integration.servers import jetstream
from tests.integration.servers.loki import Loki
from tests.integration.servers.postgres import Postgres

SPAN = "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, builds: Builds, contracts: Contracts, database_server: Postgres
) -> Generator[Shop]:
    """All five services, running."""
    with (
        jetstream.running(tmp_path_factory.mktemp("nats")) as broker,
        whole_shop.running(tmp_path_factory.mktemp("shop"), builds, contracts, database_server, broker) as shop,
    ):
        yield shop


def test_an_order_is_found_in_the_logs_of_all_services_by_its_trace(shop: Shop, node: Node, loki: Loki) -> None:
    trace, services = secrets.token_hex(16), {one.name: one for one in shop.started}
    with services["users"].client() as users:
        user = sign_up(users)
    created = shopping.order(services["gateway"], user.id, headers={"traceparent": f"00-{trace}-{SPAN}-01"})
    with services["gateway"].http() as client:
        path = created.headers["location"]
        client.get(path, headers={"traceparent": f"00-{trace}-{SPAN}-01"}).raise_for_status()
    for name, service in services.items():
        service.until_logged(trace_id=trace)
        container = node.container(name)
        container.write(service.process.output.read_text())
        container.write(service.process.errors.read_text(), stream="stderr")
    for name, service in services.items():
        entries = found(loki, f'{{service_name="{name}"}} | trace_id="{trace}"')
        written = [line for line in service.process.lines() if line.get("trace_id") == trace]
        assert all(json.loads(entry.line) in written for entry in entries), "lines are as the service has written them"
        for entry in entries:
            line = json.loads(entry.line)
            assert entry.labels["severity_text"] == line["level"]
            assert entry.labels["span_id"] == line["span_id"]
            assert entry.at == pytest.approx(datetime.fromisoformat(line["time"]).timestamp(), abs=0.001)
