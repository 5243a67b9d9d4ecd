"""Half a minute without Jaeger, under load: nobody notices, and afterwards no trace is missing that was to be kept."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from components.observability.jaeger.config import jaeger_config
from tests.integration.contracts import shopping
from tests.integration.contracts.load import OK, Load
from tests.integration.contracts.shopping import sign_up
from tests.integration.contracts.test_traces import w3c
from tests.integration.servers.processes import eventually
from tests.integration.servers.spans import Shape, made, send
from tests.integration.tracing import tiers
from tests.integration.tracing.shop.traced_shop import TracedShop, starts
from tests.integration.tracing.tiers import ENDED, SENT, WAITING
from tests.observability.tracing.traced import TAIL
from tests.observability.tracing.traced import traced as traced_args

AWAY: Final = 30.0
"""Seconds."""
CLIENTS: Final = 4
PAUSE: Final = 0.4
"""Seconds between two orders of a client: ten a second in all, each of which is worked for by four services."""
ORDERS: Final = round((AWAY + 10) * CLIENTS / PAUSE)
WORKING: Final = frozenset({"gateway", "users", "orders", "fulfilment"})


def test_all_orders_of_that_time_are_found_whole(traced: TracedShop) -> None:
    ordered: list[str] = []
    with traced.services["users"].client() as users:
        user = sign_up(users)

    def order() -> None:
        identifier = secrets.token_hex(16)
        answer = shopping.order(traced.services["gateway"], user.id, headers=w3c(identifier))
        answer.raise_for_status()
        ordered.append(identifier)
        time.sleep(PAUSE)

    try:
        with Load(order, requests=ORDERS, clients=CLIENTS) as load:
            load.until_answered(CLIENTS * 5)
            traced.jaeger.kill()
            time.sleep(AWAY)
            assert traced.collector.total(WAITING) > 0, "what can't be sent waits"
            traced.jaeger.start()
    finally:
        if not traced.jaeger.process.is_running:
            traced.jaeger.start()
    assert load.outcomes == {OK: ORDERS}, "no caller notices anything"
    missing = set(ordered)

    def all_there() -> bool:
        missing.difference_update([one for one in missing if is_whole(traced, one)])
        return not missing

    eventually(all_there, "each order's trace is whole", within=90)


def is_whole(traced: TracedShop, identifier: str) -> bool:
    trace = traced.jaeger.trace(identifier)
    return trace is not None and trace.services == WORKING and len(starts(trace)) == 1


def test_where_tails_are_sampled_all_that_was_to_be_kept_is_there(tmp_path: Path) -> None:
    args = traced_args(
        tail={**TAIL, "wait": "3s", "rest": "20%"}, storage={"badger": "10Gi"}, retention="7d", replicas=2
    )
    jaeger = tiers.jaeger_of(jaeger_config(args), tmp_path / "jaeger")
    rate, shape = 50.0, Shape(errors=0.1)
    count = round((AWAY + 10) * rate)
    try:
        jaeger.start()
        with tiers.running(tmp_path, args, jaeger.otlp, tiers.NOBODY) as found, ThreadPoolExecutor() as pool:
            sending = pool.submit(send, made(count, shape), found.senders(), rate=rate)
            eventually(lambda: found.total(SENT) > 0, "Jaeger gets the first")
            jaeger.kill()
            time.sleep(AWAY)
            jaeger.start()
            outcome = sending.result()
            assert not outcome.refused, outcome.refusals
            eventually(lambda: found.total(ENDED) == count, "all are decided about")
            kept = found.total(ENDED, sampled="true")
            eventually(lambda: found.total(SENT) >= kept * len(shape.services), "all is sent", within=90)
        stored = tiers.stored(jaeger, shape.services)
    finally:
        jaeger.stop()
    assert len(stored) == kept, "what was decided about while Jaeger was away, too"
    assert set(stored.values()) == {len(shape.services)}, "each is whole"
    assert {trace.id for trace in outcome.traces if trace.error} <= stored.keys(), "all errors are among them"
