"""How long requests take: quantiles by service, and the alert for slow ones. Pure."""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.examples import SERVICE
from components.observability.rules.model import Alert, AlertTest, Firing, RecordingRule, RuleGroup
from components.observability.thresholds import P99_SECONDS, QUANTILE_REQUESTS_PER_SECOND
from components.specs.observability.alerts import Severity

_QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def latency_rules(args: ObservabilityArgs) -> RuleGroup:
    """Return the quantiles of all services, absent where there are no requests, and the alert for slow ones."""
    if not any(service.interfaces for service in args.services):
        return RuleGroup(name="latency", rules=())
    buckets = "sum by (service, team, le) (service_method:request_duration_seconds_bucket:rate5m)"
    quantiles = [
        # Where nothing was asked the quantile is no number, which no comparison lets pass.
        RecordingRule(
            record=f"service:request_duration_seconds:{name}",
            expression=f"histogram_quantile({share}, {buckets}) >= 0",
        )
        for name, share in _QUANTILES.items()
    ]
    return RuleGroup(name="latency", rules=(*quantiles, _SLOW_REQUESTS))


_P99: Final = "service:request_duration_seconds:p99"
_PROMISED: Final = 'slo:latency_threshold:seconds{slo="latency-p99"}'


_PROMISE: Final = {
    'slo:latency_threshold:seconds{slo="latency-p99",service="example",source="application",le="2.5"}': "2.5x30"
}


def _example(p99: float, *, requests: float = 1.0, promised: bool = False) -> dict[str, str]:
    example = '{service="example",team="examples"}'
    return {
        f"{_P99}{example}": f"{p99}x30",
        f"service:requests:rate5m{example}": f"{requests}x30",
        'service_method:requests:rate5m{interface="rpc",method="Get",service="example",team="examples"}': "1x30",
        **(_PROMISE if promised else {}),
    }


_SLOW_REQUESTS: Final = Alert(
    name="SlowRequests",
    # A service's own promise takes the place of the common limit; a worker that promises nothing may take its time.
    expression=(
        f"({_P99} > on (service) group_left () max by (service) ({_PROMISED})"
        f" or ({_P99} > {P99_SECONDS} unless on (service) {_PROMISED}"
        ' and on (service) service_method:requests:rate5m{interface!="messaging"}))'
        f" and on (service, team) service:requests:rate5m > {QUANTILE_REQUESTS_PER_SECOND}"
    ),
    hold=timedelta(minutes=10),
    severity=Severity.TICKET,
    summary="1 % of the requests to {{ $labels.service }} take longer than {{ $value | humanizeDuration }}",
    description="The 99th percentile has been over the service's promise, or over 500 ms, for ten minutes.",
    dashboard="requests",
    tests=(
        AlertTest(
            name="600 ms without a promise",
            series=_example(0.6),
            at=timedelta(minutes=15),
            fires=(
                Firing(
                    labels=SERVICE,
                    summary="1 % of the requests to example take longer than 600ms",
                ),
            ),
        ),
        AlertTest(name="500 ms without a promise", series=_example(0.5), at=timedelta(minutes=15)),
        AlertTest(name="600 ms of hardly any requests", series=_example(0.6, requests=0.05), at=timedelta(minutes=15)),
        AlertTest(
            name="2 s, which is within the promise",
            series=_example(2.0, promised=True),
            at=timedelta(minutes=15),
        ),
        AlertTest(
            name="3 s, which breaks the promise",
            series=_example(3.0, promised=True),
            at=timedelta(minutes=15),
            fires=(
                Firing(
                    labels=SERVICE,
                    summary="1 % of the requests to example take longer than 3s",
                ),
            ),
        ),
    ),
)
