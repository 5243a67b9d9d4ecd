"""What services call: a row of the dashboard of a service's requests."""

from grafana_foundation_sdk.models import units

from components.observability.dashboards.expressions import RATE, SERVICE, failed_share, slowest
from components.observability.dashboards.panels import Panel, Query, graph
from components.observability.thresholds import RPC_FAULT


def panels() -> list[Panel]:
    """Return the panels of the calls that the chosen services make, as they see them."""
    return [_calls(), _failed(), _slowest(), _protection()]


def _calls() -> Panel:
    return graph(
        "Calls",
        "gRPC calls a second; retries and hedges belong to the call that they are of.",
        units.RequestsPerSecond,
        Query(expression=_rate(), legend="{{service}} → {{dependency}}"),
    )


def _failed() -> Panel:
    return graph(
        "Failed calls",
        "Share of calls that ended with a code of the server's fault, as the caller saw it after its retries.",
        units.PercentUnit,
        Query(expression=failed_share(_rate(f'code=~"{RPC_FAULT}"'), _rate()), legend="{{service}} → {{dependency}}"),
    )


def _slowest() -> Panel:
    return graph(
        "P99 of calls",
        "99 of 100 calls took no longer, retries and hedges included. A dot is a sampled call, and leads to its trace.",
        units.Seconds,
        Query(
            expression=slowest("rpc_client_duration_seconds", "service", "dependency"),
            legend="{{service}} → {{dependency}}",
            exemplars=True,
        ),
    )


def _protection() -> Panel:
    return graph(
        "Open breakers and hedges",
        "Pods that no longer call a dependency as it fails; and second calls a second, sent as the first took long.",
        units.Short,
        Query(
            expression=f"sum by (service, dependency) (circuit_breaker_open{{{SERVICE}}})",
            legend="{{service}} → {{dependency}} open",
        ),
        Query(
            expression=f"sum by (service, dependency) (rate(rpc_client_hedges_total{{{SERVICE}}}[{RATE}]))",
            legend="{{service}} → {{dependency}} hedges",
        ),
    )


def _rate(*matchers: str) -> str:
    chosen = ", ".join((SERVICE, *matchers))
    return f"sum by (service, dependency) (rate(rpc_client_duration_seconds_count{{{chosen}}}[{RATE}]))"
