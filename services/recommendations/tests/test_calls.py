import asyncio
import logging
from typing import Any, ClassVar

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opentelemetry import baggage, propagate, trace

from recommendations.observation import BUCKETS, FAULTS
from recommendations.ranking import Ranking
from recommendations.service import HIGHEST_LIMIT, NAME, RecommendationService
from shop.recommendations.v1 import recommendations_pb2 as messages
from shop.recommendations.v1 import recommendations_pb2_grpc as contract
from tests.conformance import shared
from tests.running import TIMEOUT, Slow, asked, running

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
W3C = ("traceparent", f"00-{TRACE}-{PARENT}-01")


async def failure(call: grpc.aio.UnaryUnaryCall[messages.ListRecommendationsRequest, object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


async def test_a_user_gets_products_the_best_first() -> None:
    async with running() as one:
        answer = await one.stub.ListRecommendations(asked("nobody", limit=2), timeout=TIMEOUT)
    assert [(r.product_id, r.score) for r in answer.recommendations] == [("pan", 0.75), ("apron", 0.5)]


async def test_a_limit_of_0_means_10_and_more_than_100_means_100() -> None:
    many = {"ada": [f"product-{number}" for number in range(HIGHEST_LIMIT + 50)]}
    async with running(RecommendationService(Ranking(many))) as one:
        sizes = [
            len((await one.stub.ListRecommendations(asked("bob", limit), timeout=TIMEOUT)).recommendations)
            for limit in (0, 1, 100, 101, 2**31 - 1)
        ]
    assert sizes == [10, 1, 100, 100, 100]


@pytest.mark.parametrize(
    ("request_", "wrong"),
    [
        (asked(""), ["user_id is empty"]),
        (asked("x" * 129), ["at most 128"]),
        (asked("ada\n"), ["printable"]),
        (asked("ada", -1), ["limit is -1"]),
        (asked("", -1), ["user_id is empty", "limit is -1"]),
    ],
)
async def test_invalid_input_is_refused_with_all_that_is_wrong(
    request_: messages.ListRecommendationsRequest, wrong: list[str]
) -> None:
    async with running() as one:
        error = await failure(one.stub.ListRecommendations(request_, timeout=TIMEOUT))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert all(part in (error.details() or "") for part in wrong)


@pytest.mark.parametrize("service", ["", NAME])
async def test_the_health_service_says_serving(service: str) -> None:
    async with running() as one:
        health = health_pb2_grpc.HealthStub(one.channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_the_health_of_a_stranger_is_not_found() -> None:
    async with running() as one:
        health = health_pb2_grpc.HealthStub(one.channel)
        with pytest.raises(grpc.aio.AioRpcError, match="NOT_FOUND"):
            await health.Check(health_pb2.HealthCheckRequest(service="shop.Nothing"), timeout=TIMEOUT)


async def test_calls_are_counted_by_method_and_code_with_the_trace_as_exemplar() -> None:
    async with running() as one:
        await one.stub.ListRecommendations(asked(), timeout=TIMEOUT, metadata=(W3C,))
        await failure(one.stub.ListRecommendations(asked(""), timeout=TIMEOUT))
        metrics = await one.metrics()
    count = "rpc_server_duration_seconds_count"
    assert f'{count}{{code="OK",method="ListRecommendations"}} 1.0' in metrics
    assert f'{count}{{code="INVALID_ARGUMENT",method="ListRecommendations"}} 1.0' in metrics
    assert f'trace_id="{TRACE}"' in metrics, "the exemplar of the first call"
    described = shared("telemetry.json")["metrics"]["rpc_server_duration_seconds"]["help"]
    assert f"# HELP rpc_server_duration_seconds {described}\n" in metrics


async def test_the_runtime_is_measured_too() -> None:
    async with running() as one:
        metrics = await one.metrics()
    for name in (
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "python_gc_collections_total",
        "python_info",
    ):
        assert f"\n{name}" in metrics


async def test_probes_and_unknown_methods_leave_no_trace_in_the_metrics() -> None:
    """A prober isn't the service's work, and a caller could fill the metrics with names of its own."""
    async with running() as one:
        await health_pb2_grpc.HealthStub(one.channel).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        unknown = one.channel.unary_unary(f"/{NAME}/Nonsense")
        with pytest.raises(grpc.aio.AioRpcError, match="UNIMPLEMENTED"):
            await unknown(b"", timeout=TIMEOUT)
        metrics = await one.metrics()
    assert "Nonsense" not in metrics and 'method="Check"' not in metrics
    assert not one.exporter.get_finished_spans()


@pytest.mark.parametrize("vector", shared("propagation.json")["vectors"], ids=lambda vector: vector["name"])
async def test_the_callers_trace_and_baggage_go_on_in_whatever_format_they_arrive(vector: dict[str, Any]) -> None:
    class Reading(contract.RecommendationServiceServicer):
        outgoing: ClassVar[dict[str, str]] = {}
        baggage: ClassVar[dict[str, object]] = {}

        async def ListRecommendations(self, request: object, context: object) -> messages.ListRecommendationsResponse:  # noqa: N802, ARG002
            propagate.inject(self.outgoing)
            self.baggage.update(baggage.get_all())
            return messages.ListRecommendationsResponse()

    reading = Reading()
    async with running(reading) as one:
        await one.stub.ListRecommendations(asked(), timeout=TIMEOUT, metadata=tuple(vector["headers"].items()))
        if vector["sampled"]:  # others are not recorded
            span = await one.span()
            assert span.parent is not None and trace.format_span_id(span.parent.span_id) == vector["parent_id"]
            assert span.name == f"{NAME}/ListRecommendations" and span.kind is trace.SpanKind.SERVER
            assert (span.attributes or {})["rpc.grpc.status_code"] == 0
    _, trace_id, span_id, flags = reading.outgoing["traceparent"].split("-")
    assert (trace_id, flags) == (vector["trace_id"], "01" if vector["sampled"] else "00")
    assert span_id != vector["parent_id"], "the call is a span of its own"
    assert reading.baggage == vector["baggage"] and ("baggage" in reading.outgoing) == bool(vector["baggage"])
    assert not [name for name in reading.outgoing if "b3" in name.lower()]


def test_buckets_codes_and_faults_are_those_of_every_language() -> None:
    telemetry = shared("telemetry.json")
    assert list(BUCKETS) == telemetry["buckets"]
    assert [code.name for code in sorted(grpc.StatusCode, key=lambda code: code.value[0])] == telemetry["codes"]
    assert set(telemetry["faults"]) == FAULTS


async def test_an_exception_is_logged_and_never_told_to_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(contract.RecommendationServiceServicer):
        async def ListRecommendations(self, request: object, context: object) -> messages.ListRecommendationsResponse:  # noqa: N802, ARG002
            raise KeyError("the secret shelf")

    async with running(Broken()) as one:
        error = await failure(one.stub.ListRecommendations(asked(), timeout=TIMEOUT))
        span = await one.span()
        metrics = await one.metrics()
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "internal error")
    assert "the secret shelf" in caplog.text
    assert span.status.status_code is trace.StatusCode.ERROR
    assert 'code="INTERNAL",method="ListRecommendations"} 1.0' in metrics


async def test_a_refusal_is_the_callers_fault_and_no_error_of_the_span(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with running() as one:
        await failure(one.stub.ListRecommendations(asked(""), timeout=TIMEOUT))
        span = await one.span()
    assert span.status.status_code is trace.StatusCode.UNSET and not span.events
    assert [record.levelname for record in caplog.records if record.msg == "call answered"] == ["INFO"]


async def test_a_deadline_that_passes_is_counted_as_such() -> None:
    async with running(Slow()) as one:
        error = await failure(one.stub.ListRecommendations(asked(), timeout=0.2))
        span = await one.span()
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (span.attributes or {})["rpc.grpc.status_code"] == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]


async def test_a_caller_that_leaves_is_counted_as_such() -> None:
    slow = Slow()
    async with running(slow) as one:
        call = one.stub.ListRecommendations(asked(), timeout=TIMEOUT)
        await asyncio.wait_for(slow.begun.wait(), TIMEOUT)
        call.cancel()
        span = await one.span()
    assert (span.attributes or {})["rpc.grpc.status_code"] == grpc.StatusCode.CANCELLED.value[0]
