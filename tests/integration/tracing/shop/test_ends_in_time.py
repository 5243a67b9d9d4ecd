"""A service that is told to end while the Collector is away ends all the same, cleanly and in its grace period."""

from __future__ import annotations

import signal
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tests.integration.contracts import shopping
from tests.integration.contracts.platform import containers
from tests.integration.contracts.services import Service
from tests.integration.contracts.shopping import ORDERS, RECOMMENDATIONS, new_order, sign_up
from tests.integration.tracing.shop.test_collector_away import Trouble, frozen, killed
from tests.integration.tracing.shop.test_one_trace import EVERY
from tests.integration.tracing.shop.traced_shop import TracedShop, variables


@contextmanager
def replicas(traced: TracedShop) -> Generator[dict[str, Service]]:
    """A further replica of each service, which nobody else calls."""
    endpoint = traced.collector.otlp_http
    started = {name: traced.shop.start(name, variables(traced.platform, name, endpoint), wait=False) for name in EVERY}
    try:
        for service in started.values():
            service.process.until(service.is_ready, f"{service.name} is ready")
        yield started
    finally:
        for service in started.values():
            service.process.stop()
            traced.shop.started.remove(service)


def give_work(own: dict[str, Service]) -> None:
    """Let each of them have spans to send."""
    with own["users"].client() as client:
        user = sign_up(client).id
    with own["orders"].client() as client:
        client.call(f"{ORDERS}.CreateOrder", **new_order(user))
    with own["recommendations"].client() as client:
        client.call(f"{RECOMMENDATIONS}.ListRecommendations", user_id=user, limit=3)
    # Events go to one of two consumers.
    while not own["fulfilment"].lines(msg="shipment scheduled"):
        shopping.order(own["gateway"], user).raise_for_status()


@pytest.mark.parametrize("trouble", [killed, frozen])
def test_services_end_in_their_grace_period(traced: TracedShop, trouble: Trouble) -> None:
    with replicas(traced) as own, trouble(traced):
        give_work(own)
        began = time.monotonic()
        for service in own.values():
            service.process.send(signal.SIGTERM)
        for name, service in own.items():
            left = containers()[name].grace - (time.monotonic() - began)
            assert service.process.ended(within=left) == 0, service.process.tail()
            assert service.lines(msg="stopped"), f"{name} has said goodbye"
