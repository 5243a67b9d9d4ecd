"""Requests as the mesh's proxies count them. Pure.

https://istio.io/latest/docs/reference/config/metrics/
"""

from typing import Final

from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.rules.model import RecordingRule, RuleGroup
from components.observability.rules.requests import RATE
from components.observability.thresholds import RPC_FAULTS

_RPC_NUMBERS: Final = {
    "UNKNOWN": 2,
    "DEADLINE_EXCEEDED": 4,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "DATA_LOSS": 15,
}
"""Istio gives gRPC's codes as numbers: https://grpc.io/docs/guides/status-codes/."""
_RPC_FAULT: Final = "|".join(str(_RPC_NUMBERS[name]) for name in RPC_FAULTS)


def mesh_rules(args: ObservabilityArgs) -> RuleGroup:
    """Return rates of requests, errors and durations as proxies have seen them; nothing without a mesh."""
    if args.mesh is None:
        return RuleGroup(name="mesh", rules=())
    count = "istio_requests_total"
    bucket = "istio_request_duration_milliseconds_bucket"
    requests = _served(args.mesh, count)
    # gRPC fails with status 200 and a code of its own.
    errors = " or ".join(
        (
            _served(args.mesh, count, 'response_code=~"5.."'),
            _served(args.mesh, count, f'response_code!~"5..",grpc_response_status=~"{_RPC_FAULT}"'),
        )
    )
    return RuleGroup(
        name="mesh",
        rules=(
            RecordingRule(record="service_mesh:requests:rate5m", expression=f"sum by (service) ({requests})"),
            RecordingRule(
                record="service_mesh:errors:rate5m",
                expression=f"sum by (service) ({errors}) or service_mesh:requests:rate5m * 0",
            ),
            RecordingRule(
                record="service_mesh:request_duration_seconds_bucket:rate5m",
                expression=_in_seconds(f"sum by (service, le) ({_served(args.mesh, bucket)})"),
            ),
        ),
    )


def _served(reporter: MeshReporter, metric: str, matchers: str = "") -> str:
    """Return the rates of a metric as the side of the one who answers tells them, with the label `service`.

    Whoever is asked is known by the canonical name, which is the Pod's app.kubernetes.io/name. Where no Pod answered, a
    waypoint knows only the name of the Service.
    """
    both = f'reporter="{reporter.value}"' + (f",{matchers}" if matchers else "")
    canonical, name = "destination_canonical_service", "destination_service_name"
    if reporter is MeshReporter.SIDECAR:
        return _named(f"{metric}{{{both}}}", canonical)
    return " or ".join(
        (
            _named(f'{metric}{{{both},{canonical}!~"unknown|"}}', canonical),
            _named(f'{metric}{{{both},{canonical}=~"unknown|",{name}!~"unknown|"}}', name),
        )
    )


def _named(series: str, label: str) -> str:
    return f'label_replace(rate({series}[{RATE}]), "service", "$1", "{label}", "(.+)")'


def _in_seconds(buckets: str) -> str:
    """Return buckets with bounds in milliseconds as buckets with bounds in seconds, as OpenMetrics spells them.

    Labels are texts, so the point is moved as one does it by hand: 500.0 → 500 → 000500 → 0.500 → 0.5. Bounds below
    1 ms have a fraction; infinity stays.
    """
    for pattern, replacement in (
        (r"0\\.(\\d+)", "0.000$1"),
        (r"(\\d+)\\.0", "$1"),
        (r"(\\d{1,3})", "000$1"),
        (r"0*(\\d+)(\\d{3})", "$1.$2"),
        (r"(\\d+\\.\\d+?)0*", "$1"),
    ):
        buckets = f'label_replace({buckets}, "le", "{replacement}", "le", "{pattern}")'
    return buckets
