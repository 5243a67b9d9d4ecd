"""Which traces two tiers of real Collectors keep, of a thousand whose spans come in at different ones."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Final

import pytest

from components.observability.prometheus.workload import prometheus_workload
from tests.integration.servers import prometheus
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.processes import eventually
from tests.integration.servers.prometheus import Prometheus
from tests.integration.servers.spans import MadeTrace, OverGrpc, Shape, made, send
from tests.integration.tracing import tiers
from tests.integration.tracing.tiers import ENDED, NOBODY, SENT, TAKEN, Tiers
from tests.observability.tracing.traced import TAIL, traced

COUNT: Final = 1000
REST: Final = 0.1
ARGS: Final = traced(tail={**TAIL, "rest": "10%", "wait": "3s"}, replicas=2, metrics={"scrape-interval": "2s"})
SHAPE: Final = Shape(errors=0.01, slow=0.01)
"""Three services in a row; the gateway promises 500 ms, and slow traces take two seconds."""
SIGMAS: Final = 5
"""A share further from its mean than so many standard deviations is no chance: less than one run in a million."""


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """What was sent through both tiers, all of it decided about."""

    tiers: Tiers
    traces: list[MadeTrace]


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Generator[Prometheus]:
    """Prometheus with the flags that the platform gives it, and nothing to scrape."""
    flags = prometheus_workload(ARGS).args
    with prometheus.running(tmp_path_factory.mktemp("prometheus"), {"prometheus.yml": "{}"}, flags) as server:
        yield server


@pytest.fixture(scope="module")
def sampled(
    tmp_path_factory: pytest.TempPathFactory, minimal_jaeger: Jaeger, metrics: Prometheus
) -> Generator[Sampled]:
    """A thousand traces, each of them in parts that two Collectors have taken."""
    folder = tmp_path_factory.mktemp("tiers")
    with tiers.running(folder, ARGS, minimal_jaeger.otlp, metrics.url) as found:
        outcome = send(made(COUNT, SHAPE), found.senders(), rate=200)
        assert not outcome.refused, outcome.refusals
        until_decided(found, outcome.traces, minimal_jaeger)
        yield Sampled(tiers=found, traces=outcome.traces)


def until_decided(found: Tiers, traces: Sequence[MadeTrace], jaeger: Jaeger) -> None:
    """Wait until these traces have been decided about, and Jaeger shows every span of those that are kept."""
    eventually(lambda: found.total(ENDED) == len(traces), f"{len(traces)} traces are decided about")
    spans = found.total(ENDED, sampled="true") * len(SHAPE.services)
    eventually(lambda: found.total(SENT) == spans, "what is kept is sent")
    eventually(lambda: sum(kept(jaeger, traces).values()) == spans, "what is sent is found")


def kept(jaeger: Jaeger, traces: Iterable[MadeTrace]) -> dict[str, int]:
    """Trace id → how many of its spans Jaeger has; without those of which it has none."""
    found = tiers.stored(jaeger, SHAPE.services)
    return {trace.id: found[trace.id] for trace in traces if trace.id in found}


def torn(jaeger: Jaeger, traces: Iterable[MadeTrace]) -> set[str]:
    """The traces of which Jaeger has some spans and not others."""
    return {identifier for identifier, count in kept(jaeger, traces).items() if count != len(SHAPE.services)}


def test_all_errors_and_all_slow_traces_are_kept_whole(sampled: Sampled, minimal_jaeger: Jaeger) -> None:
    special = [trace for trace in sampled.traces if trace.error or trace.slow]
    assert len(special) == 20
    found = kept(minimal_jaeger, special)
    assert found == dict.fromkeys((trace.id for trace in special), len(SHAPE.services))


def test_of_the_rest_the_share_is_kept_that_was_asked_for(sampled: Sampled, minimal_jaeger: Jaeger) -> None:
    rest = [trace for trace in sampled.traces if not (trace.error or trace.slow)]
    count, mean = len(kept(minimal_jaeger, rest)), len(rest) * REST
    assert abs(count - mean) <= SIGMAS * sqrt(mean * (1 - REST)), f"{count} of {len(rest)}, and not about {mean:g}"


def test_no_trace_is_torn(sampled: Sampled, minimal_jaeger: Jaeger) -> None:
    assert not torn(minimal_jaeger, sampled.traces)


def test_the_work_is_shared(sampled: Sampled) -> None:
    for one in (*sampled.tiers.first, *sampled.tiers.samplers):
        taken = one.total(TAKEN)
        assert taken > COUNT * len(SHAPE.services) / 4, "each of two has about half, or the other does all the work"


def test_rates_are_those_of_all_traces_and_not_of_those_kept(sampled: Sampled, metrics: Prometheus) -> None:
    query = 'sum(traces_span_metrics_calls_total{service_name="gateway", span_name="gateway/work"})'
    before = len(sampled.traces)
    metrics.until(lambda: [one.value for one in metrics.query(query)] == [before], "every span is counted, once")
    assert sampled.tiers.total(ENDED, sampled="true") < before / 2, "most of these traces are gone"


def test_counts_of_several_samplers_are_series_of_their_own(sampled: Sampled, metrics: Prometheus) -> None:
    assert len(sampled.tiers.samplers) == 2

    def instances() -> set[str]:
        found = metrics.query('traces_span_metrics_calls_total{service_name="users", status_code="STATUS_CODE_UNSET"}')
        return {one.labels["instance"] for one in found}

    metrics.until(lambda: instances() == {"otel-sampler-0", "otel-sampler-1"}, "both tell of the same service")
    labels = metrics.query('traces_span_metrics_calls_total{service_name="users"}')[0].labels
    assert set(labels) == {"__name__", "instance", "job", "service_name", "span_kind", "span_name", "status_code"}
    assert labels["job"] == "shop/users", "the Collectors add the platform's name where a service does not say it"


def test_traces_are_torn_where_nobody_brings_their_spans_together(sampled: Sampled, minimal_jaeger: Jaeger) -> None:
    """What the first tier is for, and that these tests would see it fail."""
    before = sampled.tiers.total(ENDED)
    past = [OverGrpc(one.otlp) for one in sampled.tiers.samplers]
    outcome = send(made(100, Shape(errors=1.0)), past)
    eventually(lambda: sampled.tiers.total(ENDED) == before + 200, "each is decided about twice")
    eventually(lambda: torn(minimal_jaeger, outcome.traces), "one sampler has kept its part, and the other has not")


def test_a_sampler_that_was_away_gets_its_traces_when_it_is_back(tmp_path: Path, minimal_jaeger: Jaeger) -> None:
    # Each Collector of the first tier tries again by itself, so the parts of a trace come some seconds apart.
    with tiers.running(tmp_path, traced(tail=TAIL, replicas=2), minimal_jaeger.otlp, NOBODY) as found:
        away, other = found.samplers
        away.kill()
        outcome = send(made(100, Shape(errors=1.0)), found.senders())
        assert not outcome.refused, "the first tier takes them meanwhile"
        eventually(lambda: other.total(TAKEN), "the other goes on")
        away.start()
        until_decided(found, outcome.traces, minimal_jaeger)
        assert kept(minimal_jaeger, outcome.traces) == dict.fromkeys(
            (trace.id for trace in outcome.traces), len(SHAPE.services)
        )


def test_of_the_rest_no_more_are_kept_than_the_limit(tmp_path: Path, minimal_jaeger: Jaeger) -> None:
    spans = len(SHAPE.services)
    tail = {**TAIL, "rest": "100%", "limit": 5, "wait": "1s", "spans-per-trace": spans}
    with tiers.running(tmp_path, traced(tail=tail, replicas=1), minimal_jaeger.otlp, NOBODY) as found:
        began = time.monotonic()
        outcome = send(made(400, Shape(errors=0.05)), found.senders(), rate=100)
        eventually(lambda: found.total(ENDED) == len(outcome.traces), "all are decided about")
        took = time.monotonic() - began
        until_decided(found, outcome.traces, minimal_jaeger)
        failed = [trace for trace in outcome.traces if trace.error]
        assert len(kept(minimal_jaeger, failed)) == len(failed), "the limit is the rest's alone"
        rest = kept(minimal_jaeger, [trace for trace in outcome.traces if not trace.error])
        # What has been saved up before, and so many a second until the last is decided about.
        assert 10 <= len(rest) <= 10 + 5 * took


def test_a_sampler_that_is_asked_to_end_decides_first(tmp_path: Path, minimal_jaeger: Jaeger) -> None:
    args = traced(tail={**TAIL, "wait": "5m", "traces-per-second": 1}, replicas=1)
    with tiers.running(tmp_path, args, minimal_jaeger.otlp, NOBODY) as found:
        (sampler,) = found.samplers
        outcome = send(made(50, Shape(errors=1.0)), found.senders())
        spans = 50 * len(SHAPE.services)
        eventually(lambda: sampler.total(TAKEN) == spans, "all wait at the sampler")
        assert not kept(minimal_jaeger, outcome.traces), "nothing is decided for five minutes"
        sampler.stop()
        sampler.start()
        whole = dict.fromkeys((trace.id for trace in outcome.traces), len(SHAPE.services))
        eventually(lambda: kept(minimal_jaeger, outcome.traces) == whole, "what was whole by then is kept")


def test_more_traces_than_there_is_room_for_wait_outside_and_none_is_torn_or_given_up(
    tmp_path: Path, minimal_jaeger: Jaeger
) -> None:
    # Of a thousand spans each, 32 fit; ten times as many come at once.
    tail = {**TAIL, "wait": "1s", "traces-per-second": 10, "spans-per-trace": 1000}
    args = traced(tail=tail, replicas=1, collector={"resources": {"memory": "128Mi"}})
    with tiers.running(tmp_path, args, minimal_jaeger.otlp, NOBODY) as found:
        (sampler,) = found.samplers
        outcome = send(made(320, Shape(errors=1.0)), found.senders(), batch=10)
        assert not outcome.refused, outcome.refusals
        assert sampler.total(ENDED) < 320, "there is not room for all of them at once"
        eventually(lambda: sampler.total(ENDED) == 320, "each is decided about", within=90)
        assert not sampler.total("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total")
        sampled = sampler.total(ENDED, sampled="true")
        eventually(lambda: len(kept(minimal_jaeger, outcome.traces)) == sampled, "what was sampled is kept", within=60)
        eventually(lambda: not torn(minimal_jaeger, outcome.traces), "late spans follow their trace", within=60)
