"""Which traces are kept: with errors, slower than their services promise, and a share of the rest. Pure.

docs/adr/tail-sampling.md
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import ceil
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.sampling import AndPolicy, SimplePolicy, TailSampler
from components.quantities import byte_count, duration_text
from components.specs.observability.tracing import SHARE_FOR_TRACES, SPAN_BYTES, TailSampling, Tracing

SLOW: Final = timedelta(milliseconds=500)
"""What is slow for a service that promises no latency."""
DECISIONS: Final = 10
"""Remembered for each trace that may wait: spans of work that goes on come minutes later."""
BURST_TRACES: Final = 10
"""Of the usual size: a smaller burst would let no large trace through, ever."""
_ANSWERS: Final = "(span.kind == SPAN_KIND_SERVER or span.kind == SPAN_KIND_CONSUMER)"
"""The spans of what a service is asked: what it asks of others, and does by itself, is none of its promises."""


def tail_sampler(args: ObservabilityArgs, tracing: Tracing, tail: TailSampling) -> TailSampler:
    """Return the sampler of one of the Collectors that share the traces.

    It holds as many traces as fit into their share of the memory. Where more come at once, those that send to it wait:
    no trace is torn or given up, but one may be judged before its last spans are in.
    """
    room = round(byte_count(tracing.collector.resources.memory_limit) * SHARE_FOR_TRACES)
    traces = max(1, room // (tail.spans_per_trace * SPAN_BYTES))
    return {
        "decision_wait": duration_text(tail.wait),
        "num_traces": traces,
        "block_on_overflow": True,
        "expected_new_traces_per_sec": ceil(tail.traces_per_second / tracing.collector.replicas),
        # In this order: what is kept anyhow takes nothing from the rest's limit.
        "sample_on_first_match": True,
        "decision_cache": {"sampled_cache_size": traces * DECISIONS, "non_sampled_cache_size": traces * DECISIONS},
        "policies": [
            {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
            *_slow(args),
            *_rest(tail, tracing.collector.replicas),
        ],
    }


def thresholds(args: ObservabilityArgs) -> Mapping[str, timedelta]:
    """Return, for each service, how long an answer may take that isn't slow: the least that it promises."""
    return {
        one.name: min(one.objective.latency.values()) if one.objective and one.objective.latency else SLOW
        for one in args.services
    }


def _slow(args: ObservabilityArgs) -> Iterator[SimplePolicy]:
    by_threshold: dict[timedelta, list[str]] = {}
    for name, threshold in sorted(thresholds(args).items()):
        by_threshold.setdefault(threshold, []).append(name)
    conditions = [_condition(threshold, names) for threshold, names in sorted(by_threshold.items())]
    if conditions:
        yield {
            "name": "slow",
            "type": "ottl_condition",
            "ottl_condition": {"error_mode": "ignore", "span": conditions},
        }


def _condition(threshold: timedelta, services: list[str]) -> str:
    """Ask for the duration first: for most spans that is all there is to ask."""
    nanoseconds = round(threshold.total_seconds() * 1_000_000_000)
    named = " or ".join(f'resource.attributes["service.name"] == "{name}"' for name in services)
    return f"span.end_time_unix_nano - span.start_time_unix_nano > {nanoseconds} and {_ANSWERS} and ({named})"


def _rest(tail: TailSampling, replicas: int) -> Iterator[SimplePolicy | AndPolicy]:
    if not tail.rest:
        return
    share: SimplePolicy = {
        "name": "rest-share",
        "type": "probabilistic",
        "probabilistic": {"sampling_percentage": tail.rest},
    }
    if tail.limit is None:
        yield share
        return
    spans = ceil(tail.limit * tail.spans_per_trace / replicas)
    burst = max(2 * spans, BURST_TRACES * tail.spans_per_trace)
    limit: SimplePolicy = {
        "name": "rest-limit",
        "type": "rate_limiting",
        "rate_limiting": {"spans_per_second": spans, "burst_capacity": burst},
    }
    yield {"name": "rest", "type": "and", "and": {"and_sub_policy": [share, limit]}}
