"""How many requests services get, and how many fail by their own fault: from the services' own metrics. Pure.

docs/services.md says what they measure.
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import Interface, ObservabilityArgs
from components.observability.measures import MEASURES
from components.observability.rules.examples import SERVICE, written
from components.observability.rules.model import Alert, AlertTest, Firing, RecordingRule, RuleGroup
from components.observability.thresholds import ERROR_SHARE, ERRORS_PER_SECOND
from components.specs.observability.alerts import Severity

RATE: Final = "5m"
"""Over which rates are taken: ten scrapes at the usual interval, so that a few may fail."""


_METHODS: Final[dict[Interface, str]] = {
    Interface.HTTP: 'label_join({}, "method", " ", "method", "route")',
    Interface.RPC: "{}",
    Interface.MESSAGING: 'label_replace({}, "method", "$1", "destination", "(.+)")',
}
"""Interface → what gives its series {} the label `method`."""


def request_rules(args: ObservabilityArgs) -> RuleGroup:
    """Return rates of requests, of errors and of durations by method and service, and the alert for a surge of errors.

    Where nothing fails, errors are 0 and not absent: shares can be taken of them, and alerts resolve.
    """
    interfaces = sorted({interface for service in args.services for interface in service.interfaces})
    if not interfaces:
        return RuleGroup(name="requests", rules=())
    per_method = [rule for interface in interfaces for rule in _per_method(interface)]
    per_service = [
        RecordingRule(
            record=f"service:{what}:rate5m", expression=f"sum by (service, team) (service_method:{what}:rate5m)"
        )
        for what in ("requests", "errors")
    ]
    return RuleGroup(name="requests", rules=(*per_method, *per_service, _ERROR_SURGE))


def _per_method(interface: Interface) -> list[RecordingRule]:
    labels = {"interface": interface.value}
    requests = f'service_method:requests:rate5m{{interface="{interface.value}"}}'
    by = "service, team, method"
    failed = _rate(interface, "count", by, f"{{{MEASURES[interface].fault}}}")
    return [
        RecordingRule(record="service_method:requests:rate5m", expression=_rate(interface, "count", by), labels=labels),
        RecordingRule(
            record="service_method:errors:rate5m", expression=f"{failed} or on ({by}) {requests} * 0", labels=labels
        ),
        RecordingRule(
            record="service_method:request_duration_seconds_bucket:rate5m",
            expression=_rate(interface, "bucket", f"{by}, le"),
            labels=labels,
        ),
    ]


def _rate(interface: Interface, kind: str, by: str, matcher: str = "") -> str:
    series = f"rate({MEASURES[interface].histogram}_{kind}{matcher}[{RATE}])"
    return f"sum by ({by}) ({_METHODS[interface].format(series)})"


_EXAMPLE: Final = f"{{{written(SERVICE)}}}"

_ERROR_SURGE: Final = Alert(
    name="ErrorSurge",
    expression=(
        f"service:errors:rate5m / service:requests:rate5m > {ERROR_SHARE}"
        f" and service:errors:rate5m > {ERRORS_PER_SECOND}"
    ),
    hold=timedelta(minutes=2),
    keep_firing_for=timedelta(minutes=5),
    severity=Severity.PAGE,
    summary="{{ $value | humanizePercentage }} of the requests to {{ $labels.service }} fail",
    description="More than one request in twenty fails by the service's own fault, whatever it promises.",
    dashboard="requests",
    tests=(
        AlertTest(
            name="6 % of 5 requests a second fail",
            series={
                f"service:requests:rate5m{_EXAMPLE}": "5x10",
                f"service:errors:rate5m{_EXAMPLE}": "0.3x10",
            },
            at=timedelta(minutes=5),
            fires=(
                Firing(
                    labels=SERVICE,
                    summary="6% of the requests to example fail",
                ),
            ),
        ),
        AlertTest(
            name="5 % fail, and no more",
            series={
                f"service:requests:rate5m{_EXAMPLE}": "5x10",
                f"service:errors:rate5m{_EXAMPLE}": "0.25x10",
            },
            at=timedelta(minutes=5),
        ),
        AlertTest(
            name="a single request of few fails",
            series={
                f"service:requests:rate5m{_EXAMPLE}": "0.02x10",
                f"service:errors:rate5m{_EXAMPLE}": "0.01x10",
            },
            at=timedelta(minutes=5),
        ),
    ),
)
