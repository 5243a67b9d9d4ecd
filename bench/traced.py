"""Spans as the sample shop's services send them, and Collectors on generated configurations, before one that takes all.

A trace has twenty spans; each span has eight attributes, and each service twelve of its own, as the shop's have on
average. Services send hundreds of spans at once, as SDKs do. Messages are made beforehand: sending them costs little.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bench.measure import BenchFailed
from components.observability.collector.parts.processors import collection_goal
from components.observability.names import JAEGER, OTLP_PORT
from tests.integration.servers import collector
from tests.integration.servers.collector import Collector
from tests.integration.servers.spans import Shape, made, requests
from tests.integration.tracing import tiers

SPANS_PER_TRACE: Final = 20
TOGETHER: Final = 4
"""Spans of a trace that come from the same service, and share what is said of it."""
TRACES: Final = 100
"""Whose spans a service sends at once."""
ATTRIBUTES: Final = {
    "rpc.system.name": "grpc",
    "rpc.method": "shop.orders.v1.OrderService/CreateOrder",
    "rpc.response.status_code": "OK",
    "server.address": "10.244.17.205",
    "server.port": "50051",
    "network.peer.address": "10.244.3.118",
    "network.peer.port": "36176",
    "user_agent.original": "grpc-go/1.76.0",
}
RESOURCE: Final = {
    "service.namespace": "shop",
    "service.version": "1.2.3",
    "deployment.environment.name": "production",
    "k8s.namespace.name": "shop",
    "k8s.pod.name": "orders-7d9f8b6c5-x2x7k",
    "k8s.node.name": "node-17.example.internal",
    "team": "shop",
    "host.name": "orders-7d9f8b6c5-x2x7k",
    "telemetry.sdk.language": "go",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.47.0",
}
SENDERS: Final = 64
"""Services' Pods that send at the same time."""
_EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_TIMEOUT: Final = 30.0
_AGAIN: Final = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED"})
"""Answers after which SDKs try again (https://opentelemetry.io/docs/specs/otlp/#failures)."""
_PAUSE: Final = 0.05
_WATCHED: Final = 0.2
"""Seconds between two looks at a Collector's memory."""
_MEMORY: Final = "otelcol_process_runtime_total_sys_memory_bytes"
"""What the process has got from the kernel for itself. Its resident memory has the queue's file, too, while there is
room: the kernel takes that back whenever it needs it."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a service sends at once, ready to be sent."""

    spans: int
    content: bytes


@dataclass(kw_only=True)
class Sent:
    """What became of it."""

    taken: int = 0
    """Spans that were taken, at the first try or a later one."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Answers that asked to send again."""


def messages(traces: int, *, together: int = TOGETHER) -> Iterator[Message]:
    """Make so many traces, a hundred at a time; so many spans of each come from the same service."""
    names = tuple(f"service-{index}" for index in range(SPANS_PER_TRACE))
    for _ in range(0, traces, TRACES):
        parts = list(requests(made(TRACES, Shape(services=names, attributes=ATTRIBUTES))))
        for start in range(0, SPANS_PER_TRACE, together):
            yield _message(parts[start : start + together])


def _message(parts: list[ExportTraceServiceRequest]) -> Message:
    """Put the spans of one service together."""
    found = parts[0]
    (resource,) = found.resource_spans
    resource.resource.attributes.extend(
        KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in RESOURCE.items()
    )
    for part in parts[1:]:
        resource.scope_spans[0].spans.extend(part.resource_spans[0].scope_spans[0].spans)
    # A service's spans of one trace lie together, as they end at about the same time.
    spans = sorted(resource.scope_spans[0].spans, key=lambda span: span.trace_id)
    for index, span in enumerate(spans):
        span.kind = (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL, Span.SPAN_KIND_CLIENT)[index % 3]
    del resource.scope_spans[0].spans[:]
    resource.scope_spans[0].spans.extend(spans)
    return Message(spans=len(spans), content=found.SerializeToString())


def send(sending: Iterator[Message], address: str) -> Sent:
    """Send as fast as they are taken; what is refused because of the load is sent again, as SDKs do."""
    sent, lock = Sent(), threading.Lock()

    def some() -> None:
        with grpc.insecure_channel(address, options=[("grpc.primary_user_agent", secrets.token_hex(4))]) as channel:
            export = channel.unary_unary(_EXPORT)
            while True:
                with lock:
                    message = next(sending, None)
                if message is None:
                    return
                _send(export, message, sent, lock)

    with ThreadPoolExecutor(SENDERS) as pool:
        for done in [pool.submit(some) for _ in range(SENDERS)]:
            done.result()
    return sent


def _send(export: Any, message: Message, sent: Sent, lock: threading.Lock) -> None:
    while True:
        try:
            export(message.content, timeout=_TIMEOUT)
        except grpc.RpcError as error:
            code = error.code().name if isinstance(error, grpc.Call) else ""
            if code not in _AGAIN:
                raise BenchFailed(f"spans are refused for good, so nothing is measured: {error}") from error
            with lock:
                sent.refusals[code] += 1
            time.sleep(_PAUSE)
            continue
        with lock:
            sent.taken += message.spans
        return


@contextmanager
def sink(folder: Path) -> Generator[Collector]:
    """A Collector that takes whatever it is sent, and forgets it."""
    text = json.loads(bare("nobody"))
    text["exporters"] = {"debug": {"verbosity": "basic", "sampling_initial": 1, "sampling_thereafter": 1_000_000}}
    text["service"]["pipelines"] = {
        signal: {"receivers": ["otlp"], "exporters": ["debug"]} for signal in ("traces", "metrics")
    }
    with collector.running(folder, json.dumps(text)) as server:
        yield server


def bare(backend: str) -> str:
    """A configuration that hands on and does nothing else: a sender hears of it when the backend has it."""
    telemetry = {"prometheus": {"host": "0.0.0.0", "port": collector.METRICS}}  # noqa: S104 - becomes loopback
    return json.dumps(
        {
            "receivers": {
                "otlp": {
                    "protocols": {
                        "grpc": {"endpoint": "0.0.0.0:4317", "max_recv_msg_size_mib": 16},
                        "http": {"endpoint": "0.0.0.0:4318"},
                    }
                }
            },
            "exporters": {
                "otlp_grpc": {"endpoint": backend, "tls": {"insecure": True}, "sending_queue": {"enabled": False}}
            },
            "extensions": {"health_check": {"endpoint": "0.0.0.0:13133", "path": "/status"}},
            "service": {
                "telemetry": {"metrics": {"readers": [{"pull": {"exporter": telemetry}}]}},
                "extensions": ["health_check"],
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlp_grpc"]}},
            },
        }
    )


@contextmanager
def measured(folder: Path, text: str, backend: Collector, memory: str, **variables: str) -> Generator[Collector]:
    """A Collector on this configuration, with one core and the memory that its container would have."""
    there = {f"{JAEGER}:{OTLP_PORT}": backend.otlp, tiers.PROMETHEUS: backend.otlp_http}
    # Prometheus takes metrics below a path of its own.
    text = text.replace("/api/v1/otlp", "")
    found = tiers.collector(folder, text, "otel-collector-0", {key: one for key, one in there.items() if key in text})
    found.environment = {**found.environment, "GOMAXPROCS": "1", "GOMEMLIMIT": collection_goal(memory), **variables}
    try:
        found.start()
        yield found
    finally:
        found.stop()


@contextmanager
def peak(watched: Collector) -> Generator[list[float]]:
    """While the context lasts, note the bytes of memory that a process has."""
    seen: list[float] = [watched.total(_MEMORY)]
    over = threading.Event()

    def look() -> None:
        while not over.wait(_WATCHED):
            seen.append(watched.total(_MEMORY))

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield seen
        finally:
            over.set()
            looking.result()


def dropped(watched: Collector, taken: int) -> float:
    """Spans that a Collector has taken and neither sent on nor keeps, by its own counts."""
    counts: Mapping[str, float] = {
        name: watched.total(f"otelcol_{name}_spans_total")
        for name in ("receiver_accepted", "exporter_sent", "exporter_send_failed", "exporter_enqueue_failed")
    }
    assert counts["receiver_accepted"] == taken, f"{taken} spans were taken, and it knows of {counts}"
    return counts["receiver_accepted"] - counts["exporter_sent"]
