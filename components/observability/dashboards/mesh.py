"""The mesh: requests as its proxies count them, who calls whom, and what they refuse.

Names and labels: https://istio.io/latest/docs/reference/config/metrics/
"""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.dashboards import index
from components.observability.dashboards.expressions import RATE, SERVICE, failed_share, share
from components.observability.dashboards.page import Row, page, service_link, services
from components.observability.dashboards.panels import RED, Column, Panel, Query, graph, table_of
from components.observability.thresholds import ERROR_SHARE, P99_SECONDS

_CALLED = 'destination_service_name=~"$service"'


def mesh(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of the mesh; args.mesh is set."""
    reporter = f'reporter="{args.mesh}"'
    rows = [
        Row(title="Requests, as the proxies in front of services count them", panels=[_rate(), _errors(), _slowest()]),
        Row(title="Who calls whom", panels=[_callers(reporter)], height=9),
        Row(title="Why requests fail", panels=[_responses(reporter), _flags(reporter), _identity(reporter)]),
        Row(title="Edge and connections", panels=[_edge(args), _connections(args), _bytes(args)]),
    ]
    if args.mesh is MeshReporter.SIDECAR:
        rows.append(Row(title="Proxies", panels=[_memory(), _uptime()]))
    return page(
        index.MESH,
        "What the proxies of the mesh see of requests and connections: it tells also of what never reached a service.",
        rows,
        choice=services([one.name for one in args.services if one.is_meshed_service], everything=True),
    )


def _rate() -> Panel:
    return graph(
        "Requests",
        "Requests a second that the service's proxy has answered, those that it refused itself among them.",
        units.RequestsPerSecond,
        Query(expression=f"sum by (service) (service_mesh:requests:rate5m{{{SERVICE}}})", legend="{{service}}"),
    )


def _errors() -> Panel:
    return graph(
        "Failed",
        "Share that failed: HTTP status 5xx, or gRPC's codes of a server's fault. The line is the alert's.",
        units.PercentUnit,
        Query(
            expression=share(
                f"sum by (service) (service_mesh:errors:rate5m{{{SERVICE}}})",
                f"sum by (service) (service_mesh:requests:rate5m{{{SERVICE}}})",
            ),
            legend="{{service}}",
        ),
        limits=[(ERROR_SHARE, RED)],
    )


def _slowest() -> Panel:
    return graph(
        "P99",
        "99 of 100 requests took no longer, the proxy's own part included. The line is the alert's.",
        units.Seconds,
        Query(
            expression=(
                "histogram_quantile(0.99, sum by (service, le)"
                f" (service_mesh:request_duration_seconds_bucket:rate5m{{{SERVICE}}}))"
            ),
            legend="{{service}}",
        ),
        limits=[(P99_SECONDS, RED)],
    )


def _callers(reporter: str) -> Panel:
    by = "source_canonical_service, destination_service_name"
    requests = "sum by ({}) (rate(istio_requests_total{{{}, {}{}}}[{}]))"
    every = requests.format(by, reporter, _CALLED, "", "5m")
    failed = requests.format(by, reporter, _CALLED, ', response_code=~"5.."', "5m")
    return table_of(
        "Calls",
        "Who has called whom in five minutes, by the identity in the caller's certificate.",
        {"source_canonical_service": "Caller", "destination_service_name": "Called"},
        [
            Column(title="Requests", expression=every, unit=units.RequestsPerSecond),
            Column(
                title="HTTP 5xx",
                expression=failed_share(failed, every),
                unit=units.PercentUnit,
                steps=[(ERROR_SHARE, RED)],
            ),
        ],
        links={"destination_service_name": ("Its requests", service_link(index.REQUESTS))},
    )


def _responses(reporter: str) -> Panel:
    return graph(
        "Responses",
        "Requests a second by HTTP status; gRPC's own code, where there is one, stands behind it.",
        units.RequestsPerSecond,
        Query(
            expression=(
                "sum by (response_code, grpc_response_status)"
                f" (rate(istio_requests_total{{{reporter}, {_CALLED}}}[{RATE}]))"
            ),
            legend="{{response_code}} {{grpc_response_status}}",
        ),
        stacked=True,
    )


def _flags(reporter: str) -> Panel:
    return graph(
        "Answered by a proxy",
        "Requests a second that a proxy ended itself. UO: overload, UF: no connection, UT: timeout, NR: no route"
        " (https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags).",
        units.RequestsPerSecond,
        Query(
            expression=(
                "sum by (destination_service_name, response_flags)"
                f' (rate(istio_requests_total{{{reporter}, {_CALLED}, response_flags!="-"}}[{RATE}]))'
            ),
            legend="{{destination_service_name}} {{response_flags}}",
        ),
    )


def _identity(reporter: str) -> Panel:
    return graph(
        "Mutual TLS",
        "Requests a second by how the caller was known: mutual_tls, or none.",
        units.RequestsPerSecond,
        Query(
            expression=(
                f"sum by (connection_security_policy) (rate(istio_requests_total{{{reporter}, {_CALLED}}}[{RATE}]))"
            ),
            legend="{{connection_security_policy}}",
        ),
        stacked=True,
    )


def _edge(args: ObservabilityArgs) -> Panel:
    return graph(
        "Edge",
        "Requests a second from outside, by HTTP status, as the gateway at the edge counts them.",
        units.RequestsPerSecond,
        Query(
            expression=(
                "sum by (response_code) (rate(istio_requests_total"
                f'{{reporter="source", source_workload_namespace="{args.edge_namespace}"}}[{RATE}]))'
            ),
            legend="{{response_code}}",
        ),
        stacked=True,
    )


def _connections(args: ObservabilityArgs) -> Panel:
    return graph(
        "Connections opened",
        "TCP connections a second to what isn't HTTP: stores, streams.",
        units.CountsPerSecond,
        Query(
            expression=_over_tcp(args, "istio_tcp_connections_opened_total"),
            legend="{{destination_service_name}}",
        ),
    )


def _bytes(args: ObservabilityArgs) -> Panel:
    return graph(
        "Bytes over TCP",
        "Sent and received a second, over connections that aren't HTTP.",
        units.BytesPerSecondIEC,
        Query(
            expression=_over_tcp(args, "istio_tcp_sent_bytes_total"),
            legend="{{destination_service_name}} sent",
        ),
        Query(
            expression=_over_tcp(args, "istio_tcp_received_bytes_total"),
            legend="{{destination_service_name}} received",
        ),
    )


def _over_tcp(args: ObservabilityArgs, metric: str) -> str:
    """Return a metric's rate by who is called, told once.

    Of two sidecars the caller's counts: a store outside the mesh has none.
    """
    reporter = "source" if args.mesh is MeshReporter.SIDECAR else MeshReporter.WAYPOINT
    return f'sum by (destination_service_name) (rate({metric}{{reporter="{reporter}"}}[{RATE}]))'


def _memory() -> Panel:
    return graph(
        "Memory of proxies",
        "Bytes that each proxy has in use. It grows with the number of services that its Pod may call.",
        units.BytesIEC,
        Query(expression=f"max by (pod) (envoy_server_memory_allocated{{{SERVICE}}})", legend="{{pod}}"),
    )


def _uptime() -> Panel:
    return graph(
        "Uptime of proxies",
        "How long the oldest proxy of a service has run: all young at once were restarted at once.",
        units.Seconds,
        Query(expression=f"max by (service) (envoy_server_uptime{{{SERVICE}}})", legend="{{service}}"),
    )
