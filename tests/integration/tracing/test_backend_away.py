"""Nothing that a Collector has taken is lost: not while Jaeger is away, and not with the Collector itself."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from components.observability.collector.config import collector_config
from components.observability.jaeger.config import jaeger_config
from components.observability.names import OTLP_PORT
from components.quantities import byte_count
from tests.integration.servers.collector import Collector
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.processes import eventually
from tests.integration.servers.spans import MadeTrace, OverGrpc, Shape, made, send
from tests.integration.tracing import tiers
from tests.integration.tracing.tiers import NOBODY, PROMETHEUS, SENT, WAITING
from tests.observability.tracing.traced import traced

AWAY: Final = 30.0
"""Seconds."""
RATE: Final = 50.0
"""Traces a second, meanwhile."""
JAEGER: Final = f"jaeger:{OTLP_PORT}"
ARGS: Final = traced(replicas=1, storage={"badger": "10Gi"}, retention="7d")


def jaeger_on_disk(folder: Path) -> Jaeger:
    """The platform's Jaeger, which remembers what it had before it was killed; not started."""
    return tiers.jaeger_of(jaeger_config(ARGS), folder)


def collector_before(jaeger: Jaeger, folder: Path, text: str | None = None) -> Collector:
    """The platform's Collector before this Jaeger; not started."""
    replacements = {JAEGER: jaeger.otlp, PROMETHEUS: NOBODY}
    return tiers.collector(folder, text or tiers.here(collector_config(ARGS)), "otel-collector-0", replacements)


def missing(jaeger: Jaeger, traces: Iterable[MadeTrace]) -> list[str]:
    """The traces of which Jaeger lacks a span."""
    found = tiers.stored(jaeger, Shape().services)
    return [trace.id for trace in traces if found.get(trace.id, 0) < len(trace.spans)]


def test_jaeger_killed_for_half_a_minute_under_load_misses_no_trace(tmp_path: Path) -> None:
    jaeger = jaeger_on_disk(tmp_path / "jaeger")
    collector = collector_before(jaeger, tmp_path / "collector")
    try:
        jaeger.start()
        collector.start()
        with ThreadPoolExecutor() as pool:
            count = round((AWAY + 10) * RATE)
            sending = pool.submit(send, made(count, Shape()), [OverGrpc(collector.otlp)], rate=RATE)
            eventually(lambda: collector.total(SENT) > 0, "Jaeger gets the first")
            jaeger.kill()
            time.sleep(AWAY)
            assert collector.total(WAITING) > 0, "what it cannot send waits"
            jaeger.start()
            outcome = sending.result()
        assert not outcome.refused, "services notice nothing of it"
        spans = sum(len(trace.spans) for trace in outcome.traces)
        eventually(lambda: collector.total(SENT) >= spans, "all is sent", within=60)
        assert not missing(jaeger, outcome.traces)
    finally:
        collector.stop()
        jaeger.stop()


def test_a_collector_that_is_killed_sends_after_its_return_what_it_had_taken(tmp_path: Path) -> None:
    with returned(tmp_path, tiers.here(collector_config(ARGS))) as (jaeger, traces):
        eventually(lambda: not missing(jaeger, traces), "all are found")


def test_a_queue_in_memory_would_be_gone_with_it(tmp_path: Path) -> None:
    """What the queue on disk is for, and that the test before this one would see it fail."""
    document = json.loads(tiers.here(collector_config(ARGS)))
    del document["exporters"]["otlp_grpc/traces"]["sending_queue"]["storage"]
    with returned(tmp_path, json.dumps(document)) as (jaeger, traces):
        assert len(missing(jaeger, traces)) == 100


def test_a_queue_that_has_been_full_sends_all_that_it_took_and_stays_within_its_volume(tmp_path: Path) -> None:
    args = traced(replicas=1, storage={"badger": "10Gi"}, retention="7d", collector={"queue": "128Mi"})
    jaeger = jaeger_on_disk(tmp_path / "jaeger")
    collector = collector_before(jaeger, tmp_path / "collector", tiers.here(collector_config(args)))
    try:
        collector.start()
        large = Shape(attributes={"padding": "x" * 8000})
        outcome = send(made(3500, large), [OverGrpc(collector.otlp)])
        assert outcome.refused, "64 MiB are full, and whoever sends is told so"
        size = sum(one.stat().st_size for one in (tmp_path / "collector" / "queue").iterdir())
        assert size <= byte_count("128Mi"), "the volume would be full before the queue"
        jaeger.start()
        eventually(lambda: collector.total(SENT) == outcome.taken, "all that was taken is sent", within=90)
        assert not missing(jaeger, [one for one in outcome.traces if one.id not in outcome.torn])
        later = send(made(10, Shape()), [OverGrpc(collector.otlp)])
        assert not later.refused, "there is room again"
    finally:
        collector.stop()
        jaeger.stop()


@contextmanager
def returned(folder: Path, text: str) -> Generator[tuple[Jaeger, list[MadeTrace]]]:
    """Kill a Collector that holds a hundred traces, as Jaeger is away; both are back, and nothing waits any more."""
    jaeger = jaeger_on_disk(folder / "jaeger")
    collector = collector_before(jaeger, folder / "collector", text)
    try:
        collector.start()
        outcome = send(made(100, Shape()), [OverGrpc(collector.otlp)])
        assert not outcome.refused
        collector.kill()
        jaeger.start()
        collector.start()
        (later,) = send(made(1, Shape()), [OverGrpc(collector.otlp)]).traces
        # The queue is first in, first out.
        jaeger.until_found(later.id)
        eventually(lambda: not collector.total(WAITING), "nothing waits any more")
        yield jaeger, outcome.traces
    finally:
        collector.stop()
        jaeger.stop()
