"""The Collectors that services send to, on what the platform generates: each part does what it is there for."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.config import collector_config, sampler_config, sidecar_config
from components.observability.collector.destinations import QUEUE_FOLDER, secret_variables
from components.observability.collector.parts.document import CONFIG_FILE
from components.observability.names import OTLP_HTTP_PORT, OTLP_PORT
from components.observability.prometheus.workload import prometheus_workload
from tests.integration.servers import prometheus
from tests.integration.servers.collector import complaint
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.processes import LOOPBACK, eventually, free_port
from tests.integration.servers.prometheus import Prometheus
from tests.integration.servers.spans import MadeTrace, OverGrpc, OverHttp, Shape, made, send
from tests.integration.tracing import tiers
from tests.integration.tracing.tiers import Tiers
from tests.observability.tracing.traced import TAIL, VARIANTS, VENDOR, document, traced

ENVIRONMENT: Final = {"POD_NAME": "otel-collector-0", "OTLP_HEADER_0": "0123", "OTLP_HEADER_1": "$ecret: {a}"}
SHAPE: Final = Shape(services=("gateway", "orders"))


def configurations(args: ObservabilityArgs) -> Generator[dict[str, str]]:
    yield collector_config(args)
    if args.settings.tracing and args.settings.tracing.sampling.tail:
        yield sampler_config(args)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_collector_itself_accepts_every_file(variant: str, tmp_path: Path) -> None:
    for config in configurations(VARIANTS[variant]):
        text = config[CONFIG_FILE].replace(QUEUE_FOLDER, str(tmp_path))
        assert not complaint(text, tmp_path, ENVIRONMENT)


def test_the_collector_itself_accepts_the_sidecars_file(tmp_path: Path) -> None:
    assert not complaint(sidecar_config()[CONFIG_FILE].replace(QUEUE_FOLDER, str(tmp_path)), tmp_path, ENVIRONMENT)


@pytest.mark.parametrize(
    ("planted", "told_of"),
    [
        (('"decision_wait"', '"decision_waits"'), "decision_waits"),
        (('"type": "ottl_condition"', '"type": "slow"'), "slow"),
        (("SPAN_KIND_SERVER", "SPAN_KIND_SERVANT"), "SPAN_KIND_SERVANT"),
        (('"explicit"', '"explicits"'), "explicits"),
        (('"sizer": "bytes"', '"sizer": "bites"'), "bites"),
    ],
)
def test_its_check_sees_what_is_wrong(planted: tuple[str, str], told_of: str, tmp_path: Path) -> None:
    text = sampler_config(traced(tail=TAIL))[CONFIG_FILE].replace(QUEUE_FOLDER, str(tmp_path))
    assert planted[0] in text
    found = complaint(text.replace(*planted), tmp_path, ENVIRONMENT)
    if not found:
        # What only shows when the parts are made.
        with pytest.raises(AssertionError, match=told_of):
            tiers.collector(tmp_path / "started", text.replace(*planted), "otel-sampler-0", {}).start()
        return
    assert told_of in found


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Generator[Prometheus]:
    """Prometheus with the flags that the platform gives it, and nothing to scrape."""
    flags = prometheus_workload(traced()).args
    files = {"prometheus.yml": json.dumps({"storage": {"exemplars": {"max_exemplars": 1000}}})}
    with prometheus.running(tmp_path_factory.mktemp("prometheus"), files, flags) as server:
        yield server


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, minimal_jaeger: Jaeger, metrics: Prometheus) -> Generator[Tiers]:
    """One Collector, which sends on whatever it gets."""
    args = traced(replicas=1, metrics={"scrape-interval": "1s"})
    with tiers.running(tmp_path_factory.mktemp("alone"), args, minimal_jaeger.otlp, metrics.url) as found:
        yield found


def called(count: int, caller: str, service: str, *, errors: float = 0.0) -> list[MadeTrace]:
    """Traces in which one service calls another: the client's span, and the server's."""
    found = list(made(count, Shape(services=(caller, service), errors=errors)))
    for trace in found:
        trace.spans[caller].kind = Span.SPAN_KIND_CLIENT
    return found


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_spans_come_in_by_both_protocols(alone: Tiers, minimal_jaeger: Jaeger, protocol: str) -> None:
    (collector,) = alone.first
    sender = OverGrpc(collector.otlp) if protocol == "grpc" else OverHttp(collector.otlp_http)
    outcome = send(made(5, SHAPE), [sender])
    assert not outcome.refused
    for trace in outcome.traces:
        minimal_jaeger.until_found(trace.id)


def test_a_message_larger_than_grpcs_default_is_taken(alone: Tiers, minimal_jaeger: Jaeger) -> None:
    (collector,) = alone.first
    large = Shape(services=("batch",), attributes={"padding": "x" * 100_000})
    outcome = send(made(80, large), [OverGrpc(collector.otlp)], batch=80)
    assert not outcome.refused, "8 MB at once: an SDK that has been cut off sends what it has kept"
    for trace in (outcome.traces[0], outcome.traces[-1]):
        minimal_jaeger.until_found(trace.id)


def test_a_span_says_whose_platform_it_is_even_where_its_service_does_not(alone: Tiers, minimal_jaeger: Jaeger) -> None:
    (trace,) = send(made(1, SHAPE), alone.senders()).traces
    found = minimal_jaeger.until_found(trace.id)
    assert {span.resource["service.namespace"] for span in found.spans} == {"shop"}


def test_spans_become_rates_and_durations_with_a_trace_in_each(alone: Tiers, metrics: Prometheus) -> None:
    began = time.time()
    outcome = send(called(50, *SHAPE.services, errors=0.2), alone.senders())
    failed = 'traces_span_metrics_calls_total{service_name="orders", status_code="STATUS_CODE_ERROR"}'
    metrics.until(lambda: [one.value for one in metrics.query(failed)] == [10], "the errors are counted")
    buckets = 'traces_span_metrics_duration_milliseconds_bucket{service_name="orders"}'
    assert {one.labels["le"] for one in metrics.query(buckets)} >= {"5", "500", "10000", "+Inf"}, "those of services"

    def shown() -> set[str]:
        return {one["trace_id"] for one in metrics.exemplars(buckets, start=began, end=time.time())}

    metrics.until(lambda: shown() & {one.id for one in outcome.traces}, "a bucket shows a trace")


def test_calls_become_edges_of_a_graph(alone: Tiers, metrics: Prometheus) -> None:
    # Of services that no other test has: what those have sent may still be on its way.
    send(called(30, "counting", "counted"), alone.senders())
    edge = 'sum(traces_service_graph_request_total{client="counting", server="counted"})'
    metrics.until(
        lambda: [one.value for one in metrics.query(edge)] == [30],
        "each call is counted once, from both of its sides",
    )


def test_what_a_service_writes_into_names_makes_no_more_series_than_the_limit(
    alone: Tiers, metrics: Prometheus
) -> None:
    def wild(number: int) -> MadeTrace:
        (trace,) = made(1, Shape(services=("wild",)))
        trace.spans["wild"].name = f"/orders/{number}"
        return trace

    send((wild(number) for number in range(1200)), alone.senders(), batch=100)
    calls = 'sum({__name__="traces_span_metrics_calls_total", job="shop/wild"})'
    metrics.until(lambda: [one.value for one in metrics.query(calls)] == [1200], "every span is counted")
    series = 'count(traces_span_metrics_calls_total{service_name="wild"})'
    assert metrics.value(series) <= 1000


def test_each_of_a_pair_of_prometheus_gets_everything() -> None:
    exporters = document(sampler_config(VARIANTS["pair"]))["exporters"]
    assert {one["endpoint"] for name, one in exporters.items() if "metrics" in name} == {
        "http://prometheus-0.prometheus-pods:9090/api/v1/otlp",
        "http://prometheus-1.prometheus-pods:9090/api/v1/otlp",
    }


@contextmanager
def vendor() -> Generator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """A server that takes OTLP over HTTP, and what it has been sent: path, headers, body."""
    received: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_vendor_gets_spans_with_the_headers_that_its_secret_holds(tmp_path: Path) -> None:
    args = traced(storage=VENDOR, replicas=1)
    assert args.settings.tracing
    assert secret_variables(args.settings.tracing) == {"OTLP_HEADER_0": "vendor-key", "OTLP_HEADER_1": "vendor.tenant"}
    with vendor() as (url, received):
        here = {"https://otlp.example.com": url, tiers.PROMETHEUS: tiers.NOBODY}
        collector = tiers.collector(tmp_path, tiers.here(collector_config(args)), "otel-collector-0", here)
        collector.environment = {**collector.environment, **ENVIRONMENT}
        try:
            collector.start()
            outcome = send(made(1, Shape(services=("gateway",))), [OverGrpc(collector.otlp)])
            eventually(lambda: received, "the vendor is told")
        finally:
            collector.stop()
    path, headers, _ = received[0]
    assert path == "/v1/$tenant/v1/traces", "a dollar sign is no variable"
    assert (headers["api-key"], headers["x-tenant"]) == ("0123", "$ecret: {a}"), "as they are, whatever they look like"
    assert not outcome.refused


def test_a_sidecar_holds_spans_while_the_collectors_are_away(
    tmp_path: Path, alone: Tiers, minimal_jaeger: Jaeger
) -> None:
    (behind,) = alone.first
    grpc, http = free_port(), free_port()
    collectors = free_port()
    replacements = {
        f"{LOOPBACK}:{OTLP_PORT}": f"{LOOPBACK}:{grpc}",
        f"{LOOPBACK}:{OTLP_HTTP_PORT}": f"{LOOPBACK}:{http}",
        f"otel-collector:{OTLP_PORT}": f"{LOOPBACK}:{collectors}",
    }
    sidecar = tiers.collector(tmp_path / "away", sidecar_config()[CONFIG_FILE], "users-0", replacements)
    try:
        sidecar.start()
        outcome = send(made(20, SHAPE), [OverHttp(f"http://{LOOPBACK}:{http}")])
        assert not outcome.refused, "the service notices nothing"
        sidecar.kill()
        sidecar.replacements = {**sidecar.replacements, f"otel-collector:{OTLP_PORT}": behind.otlp}
        sidecar.start()
        for trace in outcome.traces:
            minimal_jaeger.until_found(trace.id)
    finally:
        sidecar.stop()


def test_what_is_no_trace_is_refused_and_harms_nothing(alone: Tiers) -> None:
    (collector,) = alone.first
    answer = httpx2.post(
        f"{collector.otlp_http}/v1/traces",
        content=b"no protobuf",
        headers={"content-type": "application/x-protobuf"},
        trust_env=False,
    )
    assert answer.status_code == httpx2.codes.BAD_REQUEST
    assert OverHttp(collector.otlp_http).send(ExportTraceServiceRequest()) == ""
    assert collector.is_healthy()
