"""Exactly one event for each order, and one shipment for each event, whatever dies in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.contracts import shopping
from tests.integration.contracts.services import Service, Shop
from tests.integration.contracts.shopping import ORDERS, new_order, sign_up
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres
from tests.integration.servers.processes import eventually

BUCKET = "fulfilment-shipments"
DEAD = "ORDERS_DEAD"


@pytest.fixture
def customer(running: dict[str, Service]) -> str:
    with running["users"].client() as users:
        return sign_up(users).id


def waiting(server: Postgres, shop: Shop) -> int:
    """How many messages are still in the outbox."""
    return int(server.sql(shop.databases["orders"], "select count(*) from outbox"))


def take(orders: Service, customer: str) -> str:
    """Order over gRPC, and give the order's id."""
    with orders.client() as client:
        return client.call(f"{ORDERS}.CreateOrder", **new_order(customer)).order.id


def events(broker: JetStream) -> list[str]:
    """The ids under which the events lie in the stream."""
    return [message.headers["Nats-Msg-Id"] for message in broker.messages("ORDERS")]


def test_the_same_key_is_one_order_one_event_and_one_shipment(
    apart: Callable[..., Shop], broker: JetStream, customer: str, database_server: Postgres
) -> None:
    shop = apart(broker)
    shop.start("orders")
    fulfilment = shop.start("fulfilment")
    gateway = shop.start("gateway")
    key = shopping.fresh_key()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shopping.order(gateway, customer, key=key), range(24)))
    assert {answer.status_code for answer in answers} == {201}, "a repetition is answered like the first request"
    (identifier,) = {answer.json()["id"] for answer in answers}
    changed = shopping.order(gateway, customer, key=key, items=shopping.ITEMS[:1])
    assert changed.status_code == 409, "the same key for another order is a mistake of the caller's, and is told"
    fulfilment.until_logged(msg="shipment scheduled")
    eventually(lambda: waiting(database_server, shop) == 0, "the outbox is empty")
    assert database_server.sql(shop.databases["orders"], "select id from orders") == identifier
    assert events(broker) == [identifier]
    assert broker.keys(BUCKET) == {identifier}


def test_an_order_whose_service_is_killed_before_it_publishes_has_one_event(
    apart: Callable[..., Shop], broker: JetStream, customer: str, database_server: Postgres
) -> None:
    shop = apart(broker)
    orders = shop.start("orders")
    broker.stop()
    identifier = take(orders, customer)
    assert waiting(database_server, shop) == 1, "the order is committed, its event is not published"
    orders.process.kill()
    broker.start()
    fulfilment = shop.start("fulfilment")
    assert events(broker) == []
    shop.start("orders", ports=orders.ports)
    (scheduled,) = fulfilment.until_logged(msg="shipment scheduled")
    assert scheduled["order_id"] == identifier
    eventually(lambda: waiting(database_server, shop) == 0, "the outbox is empty")
    assert events(broker) == [identifier]


def test_an_order_whose_service_is_killed_after_it_published_has_one_event(
    apart: Callable[..., Shop], broker: JetStream, customer: str, database_server: Postgres
) -> None:
    """The broker has the event and the outbox still has it too: it is published again, and the broker drops it."""
    shop = apart(broker)
    fulfilment = shop.start("fulfilment")
    orders = shop.start("orders")
    broker.stop()
    identifier = take(orders, customer)
    with database_server.locked(shop.databases["orders"], "outbox", "share"):  # what is published can't be deleted
        broker.start()
        eventually(lambda: events(broker) == [identifier], "the event is published")
        orders.process.kill()
    assert waiting(database_server, shop) == 1, "and not yet crossed off"
    again = shop.start("orders", ports=orders.ports)
    eventually(lambda: waiting(database_server, shop) == 0, "the outbox is empty")
    assert again.metrics()["outbox_published"].samples[0].value == 1, "it was published a second time"
    assert events(broker) == [identifier], "the broker kept it once"
    fulfilment.until_logged(msg="shipment scheduled", order_id=identifier)
    assert broker.deliveries("ORDERS", "fulfilment") == 1, "and delivered it once"


def test_a_broker_that_knows_no_repetitions_is_seen_to_keep_both(
    apart: Callable[..., Shop], broker: JetStream, customer: str, database_server: Postgres
) -> None:
    """The test above can fail: with a window too short for the outage, the same story ends with two events."""
    shop = apart(broker)
    short = {"STREAM_ORDERS_DUPLICATE_WINDOW": "100ms"}  # the least that the broker takes
    orders = shop.start("orders", short)
    broker.stop()
    identifier = take(orders, customer)
    with database_server.locked(shop.databases["orders"], "outbox", "share"):
        broker.start()
        eventually(lambda: events(broker) == [identifier], "the event is published")
        orders.process.kill()
        time.sleep(0.3)
    shop.start("orders", short, ports=orders.ports)
    eventually(lambda: waiting(database_server, shop) == 0, "the outbox is empty")
    assert events(broker) == [identifier, identifier]


def test_orders_are_taken_while_the_broker_is_away_and_announced_when_it_is_back(
    apart: Callable[..., Shop], broker: JetStream, customer: str, database_server: Postgres
) -> None:
    shop = apart(broker)
    broker.stop()
    orders = shop.start("orders")
    taken = [take(orders, customer) for _ in range(5)]
    assert waiting(database_server, shop) == 5
    broker.start()
    eventually(lambda: waiting(database_server, shop) == 0, "the outbox is empty")
    assert events(broker) == taken, "each once, in their order"


def test_an_order_that_fails_each_time_becomes_a_dead_letter_after_its_last_delivery(
    apart: Callable[..., Shop], broker: JetStream, customer: str
) -> None:
    """A real order from the Go publisher, too large for a bucket that somebody has made too small."""
    broker.make_bucket(BUCKET, max_value_size=400)
    shop = apart(broker)
    orders = shop.start("orders")
    fulfilment = shop.start("fulfilment")
    trace = "5d" * 16
    with orders.client() as client:
        request: dict[str, Any] = new_order(customer) | {
            "items": [{"product_id": letter * 255, "quantity": 1} for letter in "ab"]
        }
        metadata = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "baggage": "tenant=acme"}
        poison = client.call(f"{ORDERS}.CreateOrder", metadata=metadata, **request).order
    healthy = take(orders, customer)
    (given_up,) = fulfilment.until_logged(msg="an order became a dead letter")
    limit = 3  # the catalogue's max-deliver
    assert given_up["delivery"] == limit
    assert len(fulfilment.lines(msg="an order failed and will be tried again")) == limit - 1
    assert broker.keys(BUCKET) == {healthy}, "one that fails holds no other up"
    published, (dead,) = broker.messages("ORDERS"), broker.messages(DEAD)
    assert (dead.subject, dead.data) == ("dead.order.created", published[0].data), "it can be sent again as it was"
    assert poison.id.encode() in dead.data
    assert dead.headers["Shop-Original-Subject"] == "order.created"
    assert dead.headers["Shop-Original-Sequence"] == "1"
    assert "size" in dead.headers["Shop-Reason"], "it says what went wrong"
    assert dead.headers["traceparent"].split("-")[1] == trace, "it belongs to the order's trace"
    assert dead.headers["baggage"] == "tenant=acme"
    eventually(lambda: broker.consumer("ORDERS", "fulfilment").num_ack_pending == 0, "nothing is delivered again")


def test_what_is_no_order_becomes_a_dead_letter_at_once(apart: Callable[..., Shop], broker: JetStream) -> None:
    shop = apart(broker)
    fulfilment = shop.start("fulfilment")
    broker.publish("order.created", b"\x01\x02\x03", b"")
    lines = fulfilment.until_logged(2, msg="an order became a dead letter")
    assert [line["delivery"] for line in lines] == [1, 1], "no retry can help"
    assert [message.data for message in broker.messages(DEAD)] == [b"\x01\x02\x03", b""]
    assert fulfilment.process.is_running
