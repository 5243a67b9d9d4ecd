"""Traces, measures and logs each call, from one place, so that the three agree."""

from __future__ import annotations  # some of grpc's types are generic only for type checkers

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import grpc
from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import CollectorRegistry, Histogram

log: Final = logging.getLogger(__name__)

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 2.5, 5, 10)
"""Upper bounds in seconds, dense around the limits that alerts use (300 ms, 500 ms, 800 ms).

They are the same in every language (docs/services.md), as only then quantiles over several services mean anything.
"""

SAME_MOMENT: Final = 0.01
"""How much earlier than the deadline here a caller's own may pass, in seconds: it then cancels the call."""

# Of the codes that a server ends a call with, those that are its own fault:
# https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#grpc-status
FAULTS: Final = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
_HEALTH: Final = "/grpc.health.v1.Health/"


@dataclass
class _Call:
    """A call under way, and what becomes of it."""

    service: str
    method: str
    code: grpc.StatusCode = grpc.StatusCode.OK


class ObservedCalls(grpc.aio.ServerInterceptor):
    """Makes a span, a measurement in rpc_server_duration_seconds and a line in the log of each unary call.

    An exception of the handler becomes INTERNAL; its text stays in the log. A prober's calls, which are not the
    service's work, stay out.
    """

    def __init__(self, tracer: trace.Tracer, registry: CollectorRegistry) -> None:
        self._tracer = tracer
        self._durations = Histogram(
            "rpc_server_duration_seconds",
            "How long gRPC calls to this service took.",
            ("method", "code"),
            buckets=BUCKETS,
            registry=registry,
        )
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def idle(self) -> None:
        """Wait until no call is in flight."""
        await self._idle.wait()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Put the observation around the handler of a call."""
        handler = await continuation(handler_call_details)
        name = handler_call_details.method
        # Without a handler the answer is UNIMPLEMENTED; such names are the caller's, and would fill the metrics.
        if handler is None or handler.unary_unary is None or name.startswith(_HEALTH):
            return handler
        handle = handler.unary_unary
        _, service, method = name.split("/", 2)

        async def observed(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            call = _Call(service, method)
            with self._counted(), self._observed(call, dict(context.invocation_metadata() or ())):
                return await _answer(handle, request, context, call)

        return grpc.unary_unary_rpc_method_handler(observed, handler.request_deserializer, handler.response_serializer)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self._in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    @contextlib.contextmanager
    def _observed(self, call: _Call, metadata: dict[str, Any]) -> Iterator[None]:
        start = time.perf_counter()
        token = contexts.attach(propagate.extract(metadata))
        attributes = {"rpc.system": "grpc", "rpc.service": call.service, "rpc.method": call.method}
        try:
            with self._tracer.start_as_current_span(
                f"{call.service}/{call.method}",
                kind=SpanKind.SERVER,
                attributes=attributes,
                record_exception=False,  # the way in which grpc.aio aborts a call is no news
                set_status_on_exception=False,
            ) as span:
                try:
                    yield
                finally:
                    seconds = time.perf_counter() - start
                    code = call.code.name
                    span.set_attribute("rpc.grpc.status_code", call.code.value[0])
                    if code in FAULTS:
                        span.set_status(Status(StatusCode.ERROR, code))
                    self._durations.labels(call.method, code).observe(seconds, _exemplar(span.get_span_context()))
                    fields = {"method": call.method, "code": code, "seconds": seconds}
                    log.log(
                        logging.WARNING if code in FAULTS else logging.INFO, "call answered", extra={"fields": fields}
                    )
        finally:
            contexts.detach(token)


async def _answer(
    handle: Callable[[Any, Any], Awaitable[Any]], request: Any, context: grpc.aio.ServicerContext[Any, Any], call: _Call
) -> Any:
    try:
        return await handle(request, context)
    except grpc.aio.AbortError:
        call.code = _status(context.code())
        raise
    except asyncio.CancelledError:
        # The caller left, or its deadline passed: grpc.aio cancels the handler's task in both cases.
        remaining = context.time_remaining()
        passed = remaining is not None and remaining <= SAME_MOMENT
        call.code = grpc.StatusCode.DEADLINE_EXCEEDED if passed else grpc.StatusCode.CANCELLED
        raise
    except Exception:
        call.code = grpc.StatusCode.INTERNAL
        log.exception("call failed")
        # grpc.aio by itself would send the exception's text to the caller.
        await context.abort(grpc.StatusCode.INTERNAL, "internal error")


def _status(code: grpc.StatusCode | int) -> grpc.StatusCode:
    """Return grpc.aio's number of a status as what it stands for."""
    if isinstance(code, grpc.StatusCode):
        return code
    return next((status for status in grpc.StatusCode if status.value[0] == code), grpc.StatusCode.UNKNOWN)


def _exemplar(span: trace.SpanContext) -> dict[str, str] | None:
    if not span.trace_flags.sampled:
        return None
    return {"trace_id": trace.format_trace_id(span.trace_id), "span_id": trace.format_span_id(span.span_id)}
