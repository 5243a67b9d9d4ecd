"""What services promise, as series, and how fast they spend what the promises leave: their error budgets. Pure.

Rules are the same for all services; only the promises themselves are named one by one. See docs/adr/slo-rules.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from components.observability.arguments import MonitoredWorkload, ObservabilityArgs
from components.observability.rules.model import RecordingRule, RuleGroup
from components.specs.observability.objectives import quantile_percent

SHORT_WINDOWS: Final = ("30m", "1h", "2h", "6h")
"""Summed up from every evaluation."""
LONG_WINDOWS: Final = ("1d", "3d")
"""Summed up from one mean each five minutes, a tenth of the samples."""
_COARSE: Final = timedelta(minutes=5)
_SLOW: Final = timedelta(minutes=2)
"""How often long windows are computed: a sample must not be older than Prometheus looks back, five minutes."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One service level objective of one service."""

    slo: str
    """``availability``, ``latency-p99``, …"""
    percent: float
    """Of requests that are to be good."""
    threshold: float | None = None
    """Seconds in which a request is fast; None for availability."""


def promises(workload: MonitoredWorkload) -> tuple[Promise, ...]:
    """Return what a service promises, one by one."""
    objective = workload.objective
    if objective is None:
        return ()
    available = () if objective.availability is None else (Promise(slo="availability", percent=objective.availability),)
    fast = tuple(
        Promise(slo=f"latency-{quantile}", percent=quantile_percent(quantile), threshold=limit.total_seconds())
        for quantile, limit in objective.latency.items()
    )
    return available + fast


def source(args: ObservabilityArgs, workload: MonitoredWorkload) -> str:
    """Return who counts a service's good and bad requests: ``mesh``, which also sees those that never reached it."""
    return "mesh" if args.mesh is not None and workload.is_meshed_service else "application"


def objective_rules(args: ObservabilityArgs) -> RuleGroup:
    """Return all promises as constant series.

    ``slo:objective:ratio`` is the share that is promised. ``slo:indicator:info`` says where requests are counted, and
    of latency which bucket ends at the threshold; ``slo:latency_threshold:seconds`` is that threshold.
    """
    rules = [rule for service in args.services for rule in _constants(args, service)]
    return RuleGroup(name="objectives", rules=tuple(rules))


def _constants(args: ObservabilityArgs, service: MonitoredWorkload) -> Iterator[RecordingRule]:
    origin = source(args, service)
    for promise in promises(service):
        labels = {"service": service.name, "slo": promise.slo}
        yield RecordingRule(
            record="slo:objective:ratio",
            expression=f"vector({promise.percent / 100:.10g})",
            labels={**labels, "team": service.team},
        )
        indicator = {**labels, "source": origin}
        if promise.threshold is not None:
            indicator["le"] = repr(promise.threshold)
            yield RecordingRule(
                record="slo:latency_threshold:seconds", expression=f"vector({promise.threshold:.10g})", labels=indicator
            )
        yield RecordingRule(record="slo:indicator:info", expression="vector(1)", labels=indicator)
    if service.objective is not None:
        yield RecordingRule(
            record="slo:window:info",
            expression="vector(1)",
            labels={"service": service.name, "window": window(service.objective.window)},
        )


def window(length: timedelta) -> str:
    """Return a window as Prometheus writes it: ``30d``, ``36h``."""
    minutes = round(length.total_seconds() / 60)
    for unit, size in (("d", 1440), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


def budget_rules(args: ObservabilityArgs) -> tuple[RuleGroup, ...]:
    """Return requests, errors, burn rates and what is left of each budget, of all promises alike."""
    sources = sorted({source(args, service) for service in args.services if promises(service)})
    if not sources:
        return ()
    lengths = sorted({window(service.objective.window) for service in args.services if service.objective})
    return (
        RuleGroup(
            name="budgets",
            rules=(
                RecordingRule(record="slo:requests:rate5m", expression=" or ".join(map(_requests, sources))),
                RecordingRule(record="slo:errors:rate5m", expression=" or ".join(map(_errors, sources))),
                _burn_rate("5m", _share_of_budget("slo:errors:rate5m", "slo:requests:rate5m")),
                *(_burn_rate(length, _of_rates(length)) for length in SHORT_WINDOWS),
            ),
        ),
        RuleGroup(
            name="budgets-means",
            interval=_COARSE,
            rules=tuple(
                RecordingRule(
                    record=f"slo:{what}:mean5m",
                    expression=(
                        f"avg_over_time(slo:{what}:rate5m[5m]) * on (service) group_left (window) slo:window:info"
                    ),
                )
                for what in ("requests", "errors")
            ),
        ),
        RuleGroup(
            name="budgets-long",
            interval=_SLOW,
            rules=(
                *(_burn_rate(length, _of_means(length)) for length in LONG_WINDOWS),
                RecordingRule(
                    record="slo:error_budget_remaining:ratio",
                    expression=" or ".join(map(_left, lengths)),
                ),
            ),
        ),
    )


def _good_source(origin: str) -> tuple[str, str]:
    """Return the prefix of the series that count requests, and the histogram's rates."""
    if origin == "mesh":
        return "service_mesh:{}:rate5m", "service_mesh:request_duration_seconds_bucket:rate5m"
    return "service:{}:rate5m", "service_method:request_duration_seconds_bucket:rate5m"


def _counted(origin: str, what: str, matcher: str = "") -> str:
    series = _good_source(origin)[0].format(what)
    return (
        f'sum by (service, slo) (slo:indicator:info{{source="{origin}"{matcher}}}'
        f" * on (service) group_left () sum by (service) ({series}))"
    )


def _requests(origin: str) -> str:
    return _counted(origin, "requests")


def _errors(origin: str) -> str:
    """Return requests that failed, and of latency's promises those that are in no bucket up to the threshold."""
    buckets = _good_source(origin)[1]
    fast = (
        f'sum by (service, slo) (slo:indicator:info{{source="{origin}",le!=""}}'
        f" * on (service, le) group_left () sum by (service, le) ({buckets}))"
    )
    # The difference of equal rates may come out a little below 0.
    slow = f'clamp_min(slo:requests:rate5m{{slo!="availability"}} - on (service, slo) {fast}, 0)'
    failed = _counted(origin, "errors", ',slo="availability"')
    return f"{failed} or {slow}"


def _burn_rate(length: str, expression: str) -> RecordingRule:
    return RecordingRule(record=f"slo:burn_rate:{length}", expression=expression)


def _of_rates(length: str) -> str:
    errors, requests = (f"sum_over_time(slo:{what}:rate5m[{length}])" for what in ("errors", "requests"))
    return _share_of_budget(errors, requests)


def _of_means(length: str, matcher: str = "") -> str:
    errors, requests = (
        f"sum without (window) (sum_over_time(slo:{what}:mean5m{matcher}[{length}]))" for what in ("errors", "requests")
    )
    return _share_of_budget(errors, requests)


def _left(length: str) -> str:
    """Return what is left of the budgets of promises with this window."""
    return "1 - " + _of_means(length, f'{{window="{length}"}}')


def _share_of_budget(errors: str, requests: str) -> str:
    """Return the share of requests that failed as a multiple of the share that may; absent without requests."""
    return f"{errors} / ({requests} > 0) / on (service, slo) group_right () (1 - slo:objective:ratio)"
