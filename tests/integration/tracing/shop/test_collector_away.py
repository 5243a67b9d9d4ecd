"""Services owe their callers answers, and traces to nobody: without the Collector they go on, and as fast."""

from __future__ import annotations

import secrets
import signal
import statistics
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx2
import pytest

from tests.integration.contracts import shopping
from tests.integration.contracts.shopping import sign_up
from tests.integration.contracts.test_traces import w3c
from tests.integration.tracing.shop.traced_shop import TracedShop

PAIRS: Final = 8
"""Of blocks of requests, one with the Collector and one without it, in turn."""
REQUESTS: Final = 250
"""In a block."""
SLOWER: Final = 1.05
"""Times the latency with the Collector that the services may take without it."""
ROUNDS: Final = 3
"""A machine with other work may disturb one comparison; three in a row it does not."""
HINDERED: Final = 0.002
"""Seconds that the gateway rests, and runs, in turn, where it is made slow."""


@dataclass(kw_only=True)
class Customer:
    """Looks at an order's page again and again, which every service but the last works for."""

    client: httpx2.Client
    page: str
    statuses: list[int] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)

    def look(self) -> float:
        """Ask once; return the seconds until the answer."""
        trace = secrets.token_hex(16)
        started = time.perf_counter()
        self.statuses.append(self.client.get(self.page, headers=w3c(trace)).status_code)
        took = time.perf_counter() - started
        self.traces.append(trace)
        return took

    def block(self) -> float:
        """Ask many times; return a latency that a disturbed request does not move."""
        return statistics.median(self.look() for _ in range(REQUESTS))


@pytest.fixture
def customer(traced: TracedShop) -> Generator[Customer]:
    """With an order, and one connection."""
    with traced.services["users"].client() as users:
        user = sign_up(users)
    page = shopping.order(traced.services["gateway"], user.id).headers["location"]
    with traced.services["gateway"].http() as client:
        yield Customer(client=client, page=page)


Trouble = Callable[[TracedShop], AbstractContextManager[None]]


@contextmanager
def killed(traced: TracedShop) -> Generator[None]:
    """Meanwhile there is no Collector: it has ended as in a crash."""
    traced.collector.kill()
    try:
        yield
    finally:
        traced.collector.start()


@contextmanager
def frozen(traced: TracedShop) -> Generator[None]:
    """Meanwhile it takes connections and answers nobody, as on a node that swaps."""
    traced.collector.process.send(signal.SIGSTOP)
    try:
        yield
    finally:
        traced.collector.process.send(signal.SIGCONT)


@contextmanager
def hindered(traced: TracedShop) -> Generator[None]:
    """Meanwhile the gateway may run half of the time."""
    gateway, over = traced.services["gateway"].process, threading.Event()

    def hinder() -> None:
        while not over.wait(HINDERED):
            gateway.send(signal.SIGSTOP)
            time.sleep(HINDERED)
            gateway.send(signal.SIGCONT)

    with ThreadPoolExecutor(1) as pool:
        hindering = pool.submit(hinder)
        try:
            yield
        finally:
            over.set()
            hindering.result()


@pytest.mark.parametrize("trouble", [killed, frozen])
def test_without_the_collector_services_answer_all_and_are_not_slower(
    traced: TracedShop, customer: Customer, trouble: Trouble
) -> None:
    customer.block()
    ratios = []
    for _ in range(ROUNDS):
        ratios.append(ratio(traced, customer, trouble))
        if ratios[-1] <= SLOWER:
            break
    assert set(customer.statuses) == {httpx2.codes.OK}, "no caller notices anything"
    assert ratios[-1] <= SLOWER, f"without the Collector requests take so many times as long: {ratios}"
    assert all(service.process.is_running for service in traced.services.values())
    customer.look()
    traced.until_traced(customer.traces[-1], "gateway", "users", "orders", "recommendations")


def test_a_service_that_is_slower_is_seen(traced: TracedShop, customer: Customer) -> None:
    """The test above can fail."""
    assert ratio(traced, customer, hindered) > SLOWER


def ratio(traced: TracedShop, customer: Customer, trouble: Trouble) -> float:
    """The median of the latencies in trouble, each over that of the block before it."""
    found = []
    for _ in range(PAIRS):
        customer.block()  # what has waited for the Collector's return is sent meanwhile
        there = customer.block()
        with trouble(traced):
            found.append(customer.block() / there)
    return statistics.median(found)
