"""SIGTERM under load: what a service has taken on is answered, and it ends with 0 in its grace period.

Two replicas of the service share the load, and one of them is told to end while requests are under way in it. Clients
repeat nothing, so that one lost request shows.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping

import httpx2
import pytest

from tests.integration.contracts import shopping
from tests.integration.contracts.load import OK, Load
from tests.integration.contracts.platform import containers
from tests.integration.contracts.services import HTTP_TIMEOUT, Service, Shop
from tests.integration.contracts.shopping import ORDERS, USERS, new_order, sign_up
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres
from tests.integration.servers.processes import LOOPBACK, eventually
from tests.integration.servers.virtual_address import virtual_address

REQUESTS = 240
WARM = 60
"""Requests that are answered before the end begins."""
UNDER_WAY = 0.2
"""Seconds in which every client sends a request that can't be answered yet: otherwise each takes milliseconds."""
PATIENT = dict.fromkeys(("USERS_TIMEOUT", "RECOMMENDATIONS_TIMEOUT", "REQUEST_TIMEOUT", "HEDGE_AFTER"), "20s")
"""What keeps the gateway from giving up what the tests hold up."""
BUCKET = "fulfilment-shipments"


def replicas(shop: Shop, name: str, variables: Mapping[str, str] | None = None) -> tuple[Service, Service]:
    """Two of a service; both have their part of the load."""
    first, second = (shop.start(name, variables, wait=False) for _ in range(2))
    for one in (first, second):
        one.process.until(one.is_ready, f"{name} is ready")
    return first, second


def drains(service: Service) -> None:
    """Ask it to end; give back once it has begun to."""
    service.process.send(signal.SIGTERM)
    service.until_logged(msg="draining")


def ends_cleanly(service: Service) -> None:
    assert service.process.ended(within=containers()[service.name].grace) == 0, service.process.tail()
    assert service.lines(msg="stopped"), "it has said goodbye"


@pytest.mark.parametrize(("name", "table"), [("users", "users"), ("orders", "orders")])
def test_a_grpc_service_answers_the_calls_under_way(
    apart: Callable[..., Shop], broker: JetStream, database_server: Postgres, running: dict[str, Service],
    name: str, table: str,
) -> None:  # fmt: skip
    shop = apart(broker)
    first, second = replicas(shop, name)
    with running["users"].client() as elsewhere:
        customer = sign_up(elsewhere).id
    with shop.contracts.client(first.ports["grpc"], second.ports["grpc"]) as client:

        def users() -> None:
            client.call(f"{USERS}.GetUser", id=known)

        def orders() -> None:
            client.call(f"{ORDERS}.CreateOrder", **new_order(customer))

        known = sign_up(client).id if name == "users" else ""
        with Load(users if name == "users" else orders, requests=REQUESTS) as load:
            load.until_answered(WARM)
            with database_server.locked(shop.databases[name], table, "access exclusive"):
                time.sleep(UNDER_WAY)
                drains(first)
                time.sleep(UNDER_WAY)
                assert first.process.is_running, "calls are under way: it waits for them"
            ends_cleanly(first)
    assert load.outcomes == {OK: REQUESTS}
    if name == "orders":
        assert database_server.sql(shop.databases[name], "select count(*) from orders") == str(REQUESTS)
        eventually(lambda: broker.count("ORDERS") == REQUESTS, "two relays at once announce each order once")


def test_no_page_lacks_its_recommendations_while_one_replica_ends(
    apart: Callable[..., Shop], running: dict[str, Service]
) -> None:
    """Stopped for a moment, the service finds calls that have arrived and SIGTERM at the same time.

    gRPC's C core cancels such calls, so here it is the gateway that has to repeat them.
    """
    shop = apart()
    first, second = replicas(shop, "recommendations")
    with running["users"].client() as users:
        path = shopping.order(running["gateway"], sign_up(users).id).headers["location"]
    with virtual_address(first.ports["grpc"]) as address:
        shop.addresses["recommendations"] = address.port
        gateway = shop.start("gateway", PATIENT)
        with gateway.http() as client:

            def look() -> None:
                page = client.get(path).raise_for_status().json()
                if "degraded" in page:
                    raise httpx2.HTTPError(f"without {page['degraded']}")

            with Load(look, requests=REQUESTS) as load:
                load.until_answered(WARM)
                address.endpoints[:] = [second.ports["grpc"]]
                first.process.send(signal.SIGSTOP)
                time.sleep(UNDER_WAY)
                first.process.send(signal.SIGTERM)
                first.process.send(signal.SIGCONT)
                ends_cleanly(first)
    assert load.outcomes == {OK: REQUESTS}


def test_the_gateway_answers_the_requests_under_way(apart: Callable[..., Shop], database_server: Postgres) -> None:
    shop = apart()
    with shop.start("users").client() as users:
        known = sign_up(users).id
    first, second = replicas(shop, "gateway", PATIENT)
    with virtual_address(first.ports["http"], second.ports["http"]) as address:
        url = f"http://{LOOPBACK}:{address.port}/api/users/{known}"

        # A connection for each request: one that is kept may be closed at either end just when it is used again,
        # which is why proxies repeat requests, and no fault of the gateway's.
        kept = httpx2.Limits(max_keepalive_connections=0)
        with (
            httpx2.Client(timeout=HTTP_TIMEOUT, trust_env=False, limits=kept) as client,
            Load(lambda: client.get(url).raise_for_status(), requests=REQUESTS) as load,
        ):
            load.until_answered(WARM)
            with database_server.locked(shop.databases["users"], "users", "access exclusive"):
                # As in the cluster: its endpoint goes first, SIGTERM comes after the sleep in which all others see it.
                time.sleep(UNDER_WAY)
                address.endpoints.remove(first.ports["http"])
                time.sleep(UNDER_WAY)
                drains(first)
                time.sleep(UNDER_WAY)
                assert first.process.is_running, "requests are under way: it waits for them"
                assert first.answers("/health/ready", "http") != httpx2.codes.OK, "nobody is sent there any more"
            ends_cleanly(first)
    assert load.outcomes == {OK: REQUESTS}


def test_fulfilment_leaves_no_order_half_done(apart: Callable[..., Shop], broker: JetStream) -> None:
    shop = apart(broker)
    first = shop.start("fulfilment")
    identifiers = {f"order-{number}" for number in range(REQUESTS)}
    item = {"product_id": "apron", "quantity": 1}
    broker.publish(
        "order.created",
        *(
            shop.contracts.message(
                "shop.orders.v1.OrderCreated", order={"id": one, "user_id": "ada", "items": [item]}
            ).SerializeToString()
            for one in identifiers
        ),
    )
    first.until_logged(WARM, msg="shipment scheduled")
    drains(first)
    ends_cleanly(first)
    consumer = broker.consumer("ORDERS", "fulfilment")
    assert consumer.num_ack_pending == 0, "each order that it took is acknowledged"
    assert len(broker.keys(BUCKET)) + (consumer.num_pending or 0) == REQUESTS, "and none was dropped"
    second = shop.start("fulfilment")
    eventually(lambda: broker.keys(BUCKET) == identifiers, "the next one does the rest")
    assert broker.consumer("ORDERS", "fulfilment").num_redelivered == 0
    scheduled = [line["order_id"] for one in (first, second) for line in one.lines(msg="shipment scheduled")]
    assert sorted(scheduled) == sorted(identifiers), "each once"


def test_the_load_sees_what_a_killed_replica_loses(apart: Callable[..., Shop], database_server: Postgres) -> None:
    """The tests above can fail: here a replica ends as none may."""
    shop = apart()
    first, second = replicas(shop, "users")
    with shop.contracts.client(first.ports["grpc"], second.ports["grpc"]) as client:
        known = sign_up(client).id
        with Load(lambda: client.call(f"{USERS}.GetUser", id=known), requests=REQUESTS) as load:
            load.until_answered(WARM)
            with database_server.locked(shop.databases["users"], "users", "access exclusive"):
                time.sleep(UNDER_WAY)
                first.process.kill()
    assert load.outcomes[OK] < REQUESTS
    assert any(outcome.startswith("UNAVAILABLE") for outcome in load.outcomes)
