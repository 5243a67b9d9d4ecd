"""What the proxies of a mesh would say: Istio's standard metrics, with all their labels and made-up values.

Istio's proxy cannot be had here, and plain Envoy lacks the extension that counts so (docs/mesh.md). The metrics and
labels: https://istio.io/latest/docs/reference/config/metrics/; that the agent serves them behind the service's own, on
one page: https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import httpx2
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from components.mesh.telemetry import TRACK_TAG
from components.observability.arguments import ObservabilityArgs
from tests.integration.observability import pages

LABELS: Final = (
    "reporter",
    "source_workload",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_cluster",
    "source_canonical_service",
    "source_canonical_revision",
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
    "destination_cluster",
    "destination_canonical_service",
    "destination_canonical_revision",
    "request_protocol",
    "response_code",
    "grpc_response_status",
    "response_flags",
    "connection_security_policy",
    TRACK_TAG,
)
"""The last one is the platform's own (components/mesh/telemetry.py)."""
EDGE: Final = "istio-ingressgateway"
"""Who calls what nobody in the platform calls."""
_BOUNDS: Final = (
    0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000
)  # fmt: skip
"""Envoy's own, in milliseconds: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/metrics/v3/stats.proto."""
_ENDS: Final[tuple[tuple[float, dict[str, str]], ...]] = (
    (4.0, {"grpc_response_status": "0", "response_code": "200", "response_flags": "-"}),
    (0.01, {"grpc_response_status": "14", "response_code": "200", "response_flags": "-"}),
    (0.01, {"grpc_response_status": "14", "response_code": "503", "response_flags": "UO"}),
)
"""How many requests of a pair end so each second: well, by the service's fault, refused by the proxy (UO: overflow)."""
_TIMEOUT: Final = 10.0


def merged_page(args: ObservabilityArgs, name: str, own: str) -> pages.Page:
    """The page of one Pod: what its proxy has seen, behind what its service says at the address `own`."""
    callers = [caller.name for caller in args.workloads.values() if name in caller.calls]
    pairs = [_Pair(caller, name, "destination", args.namespace) for caller in callers]
    pairs += [] if callers else [_Pair(EDGE, name, "destination", args.namespace, args.edge_namespace)]
    pairs += [_Pair(name, called, "source", args.namespace) for called in args.workloads[name].calls]

    def page() -> bytes:
        service = b""
        # The agent goes on without a service that doesn't answer.
        with suppress(httpx2.HTTPError):
            service = httpx2.get(own, timeout=_TIMEOUT, trust_env=False).raise_for_status().content
        return service + pages.text(_proxy(pairs))

    return page


def edge_page(args: ObservabilityArgs) -> pages.Page:
    """The page of the gateway at the edge, in a namespace of its own: it sends to what nobody here calls."""
    called = {name for one in args.services for name in one.calls}
    first = [one.name for one in args.services if one.is_meshed_service and one.name not in called]
    pairs = [_Pair(EDGE, name, "source", args.namespace, args.edge_namespace) for name in first]
    return lambda: pages.text(_proxy(pairs))


def waypoint_page(args: ObservabilityArgs) -> pages.Page:
    """The page of the one waypoint of ambient mode, which sees whatever is sent to the services."""
    calls = [(caller.name, called) for caller in args.services for called in caller.calls]
    pairs = [_Pair(caller, called, "waypoint", args.namespace) for caller, called in calls]
    called = {name for _, name in calls}
    first = [one.name for one in args.services if one.is_meshed_service and one.name not in called]
    pairs += [_Pair(EDGE, name, "waypoint", args.namespace, args.edge_namespace) for name in first]
    return lambda: pages.text(_proxy(pairs))


class _Pair(NamedTuple):
    """Two workloads that talk, and which one's proxy tells of it."""

    source: str
    destination: str
    reporter: str
    namespace: str
    source_namespace: str = ""
    """The same where empty."""


def _proxy(pairs: Sequence[_Pair]) -> Iterator[Metric]:
    now = time.time() % 86400
    requests = CounterMetricFamily("istio_requests", "Played.", labels=LABELS)
    sizes = {
        f"istio_{one}_bytes": HistogramMetricFamily(f"istio_{one}_bytes", "Played.", labels=LABELS)
        for one in ("request", "response")
    }
    durations = HistogramMetricFamily("istio_request_duration_milliseconds", "Played.", labels=LABELS)
    for pair in pairs:
        for rate, end in _ENDS:
            labels = _labels(pair, {"request_protocol": "grpc", **end})
            requests.add_metric(labels, rate * now)
            durations.add_metric(labels, _buckets(rate * now), 20.0 * rate * now)
            for size in sizes.values():
                size.add_metric(labels, _buckets(rate * now), 300.0 * rate * now)
    yield from (requests, durations, *sizes.values(), *_tcp(pairs, now))
    for name, (labels, value) in _OF_THE_PROXY.items():
        gauge = GaugeMetricFamily(name, "Played.", labels=tuple(labels))
        gauge.add_metric(tuple(labels.values()), value)
        yield gauge


_OF_THE_PROXY: Final[dict[str, tuple[dict[str, str], float]]] = {
    "envoy_server_memory_allocated": ({}, 30e6),
    "envoy_server_uptime": ({}, 3600.0),
    "istio_agent_cert_expiry_seconds": ({"resource_name": "default"}, 80_000.0),
}
"""Gauges of the proxy and its agent: their labels, and what they say."""
_TCP: Final = ("connections_opened", "connections_closed", "sent_bytes", "received_bytes")


def _tcp(pairs: Sequence[_Pair], now: float) -> Iterator[Metric]:
    for what in _TCP:
        family = CounterMetricFamily(f"istio_tcp_{what}", "Played.", labels=LABELS)
        for pair in pairs:
            family.add_metric(_labels(pair, {"request_protocol": "tcp"}), 0.1 * now)
        yield family


def _labels(pair: _Pair, rest: Mapping[str, str]) -> list[str]:
    destination, namespace = pair.destination, pair.namespace
    values = {
        "reporter": pair.reporter,
        "response_flags": "-",
        "connection_security_policy": "mutual_tls" if pair.reporter == "destination" else "unknown",
        TRACK_TAG: "stable",
        "destination_service": f"{destination}.{namespace}.svc.cluster.local",
        "destination_service_name": destination,
        "destination_service_namespace": namespace,
    }
    sides = (("source", pair.source, pair.source_namespace or namespace), ("destination", destination, namespace))
    for side, workload, where in sides:
        values |= {
            f"{side}_workload": workload,
            f"{side}_workload_namespace": where,
            f"{side}_principal": f"spiffe://cluster.local/ns/{where}/sa/{workload}",
            f"{side}_app": workload,
            f"{side}_version": "stable",
            f"{side}_cluster": "Kubernetes",
            f"{side}_canonical_service": workload,
            f"{side}_canonical_revision": "stable",
        }
    values |= rest
    return [values.get(label, "") for label in LABELS]


def _buckets(count: float) -> list[tuple[str, float]]:
    """Most took 20 ms, some 80."""
    shares = [(str(float(bound)), 0.0 if bound < 25 else 0.95 if bound < 100 else 1.0) for bound in _BOUNDS]
    return [*((bound, share * count) for bound, share in shares), ("+Inf", count)]
