"""Traces made and sent over OTLP as instrumented services do, with known errors and known slow ones, at a known rate.

https://opentelemetry.io/docs/specs/otlp/
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import SystemRandom
from typing import Final, Protocol

import grpc
import httpx2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

_SCOPE: Final = InstrumentationScope(name="tests")
_NANOSECONDS: Final = 1_000_000_000
_TIMEOUT: Final = 10.0
"""Seconds that SDKs wait, too: https://opentelemetry.io/docs/specs/otel/protocol/exporter/."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What traces look like: each service has one span, and calls the next service in it."""

    services: tuple[str, ...] = ("gateway", "orders", "users")
    errors: float = 0.0
    """Share of the traces whose last service, and no other, fails."""
    slow: float = 0.0
    """Share of the traces, none of those with errors, that take `slow_seconds`."""
    seconds: float = 0.02
    slow_seconds: float = 2.0
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Of each span."""


@dataclass(frozen=True, kw_only=True)
class MadeTrace:
    """A trace that has just ended."""

    id: str
    error: bool
    slow: bool
    spans: Mapping[str, Span]
    """Service → its span."""


@dataclass(kw_only=True)
class Outcome:
    """What became of spans that were sent."""

    traces: list[MadeTrace] = field(default_factory=list)
    taken: int = 0
    """Spans that a receiver has answered for."""
    refused: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    """In the receivers' words, and how often they said so."""
    torn: set[str] = field(default_factory=set)
    """Ids of the traces of which a span was refused."""
    seconds: float = 0.0


class Sender(Protocol):
    """A connection to somebody who takes spans."""

    def send(self, request: ExportTraceServiceRequest) -> str:
        """Send once, without a second try; return why it was refused, or nothing."""
        ...


class OverHttp:
    """A client of a URL such as http://127.0.0.1:4318, as OTEL_EXPORTER_OTLP_ENDPOINT has it."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/v1/traces"
        self._client = httpx2.Client(
            headers={"content-type": "application/x-protobuf"}, timeout=_TIMEOUT, trust_env=False
        )

    def send(self, request: ExportTraceServiceRequest) -> str:
        try:
            answer = self._client.post(self._url, content=request.SerializeToString())
        except httpx2.TransportError as error:
            return type(error).__name__
        if not answer.is_success:
            return f"{answer.status_code}"
        return _rejected(ExportTraceServiceResponse.FromString(answer.content))


class OverGrpc:
    """A client of an address such as 127.0.0.1:4317."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._stub = TraceServiceStub(self._channel)

    def send(self, request: ExportTraceServiceRequest) -> str:
        try:
            return _rejected(self._stub.Export(request, timeout=_TIMEOUT))
        except grpc.RpcError as error:
            return error.code().name if isinstance(error, grpc.Call) else type(error).__name__


def made(count: int, shape: Shape) -> Iterator[MadeTrace]:
    """Make so many traces, each when it is asked for. Those with errors, and the slow ones, are spread among them."""
    errors, slow = round(count * shape.errors), round(count * shape.slow)
    special = SystemRandom().sample(range(count), errors + slow)
    failing, waiting = frozenset(special[:errors]), frozenset(special[errors:])
    for number in range(count):
        yield _trace(shape, error=number in failing, slow=number in waiting)


def requests(traces: Iterable[MadeTrace]) -> Iterator[ExportTraceServiceRequest]:
    """The spans of these traces, one request for each service: each sends its own."""
    by_service: dict[str, list[Span]] = {}
    for trace in traces:
        for service, span in trace.spans.items():
            by_service.setdefault(service, []).append(span)
    for service, spans in by_service.items():
        resource = Resource(attributes=[_attribute("service.name", service)])
        scopes = [ScopeSpans(scope=_SCOPE, spans=spans)]
        yield ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=resource, scope_spans=scopes)])


def send(
    traces: Iterable[MadeTrace], senders: Sequence[Sender], *, rate: float | None = None, batch: int = 20
) -> Outcome:
    """Send traces, at most `rate` a second, a batch at a time; the services take turns with the senders.

    With as many senders as there are Collectors, a trace's spans reach several of them.
    """
    outcome, remaining, started = Outcome(), iter(traces), time.monotonic()
    while sending := list(islice(remaining, batch)):
        outcome.traces += sending
        for number, request in enumerate(requests(sending)):
            _count(outcome, request, senders[number % len(senders)].send(request))
        if rate is not None:
            time.sleep(max(0.0, started + len(outcome.traces) / rate - time.monotonic()))
    outcome.seconds = time.monotonic() - started
    return outcome


def _count(outcome: Outcome, request: ExportTraceServiceRequest, refusal: str) -> None:
    spans = request.resource_spans[0].scope_spans[0].spans
    if not refusal:
        outcome.taken += len(spans)
        return
    outcome.refused += len(spans)
    outcome.refusals[refusal] += 1
    outcome.torn |= {span.trace_id.hex() for span in spans}


def _rejected(response: ExportTraceServiceResponse) -> str:
    found = response.partial_success
    return f"{found.rejected_spans} rejected: {found.error_message}" if found.rejected_spans else ""


def _trace(shape: Shape, *, error: bool, slow: bool) -> MadeTrace:
    identifier, end = secrets.token_bytes(16), time.time_ns()
    took = round((shape.slow_seconds if slow else shape.seconds) * _NANOSECONDS)
    spans: dict[str, Span] = {}
    parent = b""
    for depth, service in enumerate(shape.services):
        # Each is within its caller's, at both ends.
        margin = took * depth // (2 * len(shape.services))
        spans[service] = Span(
            trace_id=identifier,
            span_id=secrets.token_bytes(8),
            parent_span_id=parent,
            name=f"{service}/work",
            kind=Span.SPAN_KIND_SERVER,
            start_time_unix_nano=end - took + margin,
            end_time_unix_nano=end - margin,
            attributes=[_attribute(key, value) for key, value in shape.attributes.items()],
        )
        parent = spans[service].span_id
    if error:
        spans[shape.services[-1]].status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="planted"))
    return MadeTrace(id=identifier.hex(), error=error, slow=slow, spans=spans)


def _attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))
