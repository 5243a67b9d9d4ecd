"""The real server in the tests' own process, and a client on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from http.client import HTTPConnection

import grpc
from opentelemetry import propagate
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from recommendations import server, tracing
from recommendations.ranking import Ranking
from recommendations.service import RecommendationService
from shop.recommendations.v1 import recommendations_pb2 as messages
from shop.recommendations.v1 import recommendations_pb2_grpc as contract

PURCHASES = {
    "ada": ["pan", "knife"],
    "bob": ["pan", "knife", "apron"],
    "cleo": ["pan", "apron"],
    "dan": ["boots"],
}
TIMEOUT = 10
"""Longer than anything here takes, in seconds: a test that hangs ends."""


@dataclass(frozen=True)
class Running:
    server: server.Server
    channel: grpc.aio.Channel
    stub: contract.RecommendationServiceStub
    exporter: InMemorySpanExporter

    async def metrics(self) -> str:
        return await asyncio.to_thread(scrape, self.server.metrics_port)

    async def span(self) -> ReadableSpan:
        """The only span there is: it ends a moment after its call's answer has arrived."""
        async with asyncio.timeout(TIMEOUT):
            while not (spans := self.exporter.get_finished_spans()):
                await asyncio.sleep(0)
        assert len(spans) == 1
        return spans[0]


def scrape(port: int) -> str:
    openmetrics = {"Accept": "application/openmetrics-text; version=1.0.0"}
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    connection.request("GET", "/metrics", headers=openmetrics)
    with closing(connection), connection.getresponse() as response:
        return response.read().decode()


@asynccontextmanager
async def running(servicer: contract.RecommendationServiceServicer | None = None) -> AsyncIterator[Running]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    propagate.set_global_textmap(tracing.propagator())
    chosen = servicer or RecommendationService(Ranking(PURCHASES))
    started = await server.start(chosen, 0, 0, provider.get_tracer("tests"))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{started.port}") as channel:
        yield Running(started, channel, contract.RecommendationServiceStub(channel), exporter)
        await started.drain(1, in_transit=0)  # nothing is under way any more


def asked(user: str = "ada", limit: int = 0) -> messages.ListRecommendationsRequest:
    return messages.ListRecommendationsRequest(user_id=user, limit=limit)


class Slow(contract.RecommendationServiceServicer):
    """Answers when it is told to: stands for a call that takes long."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def ListRecommendations(self, request: object, context: object) -> messages.ListRecommendationsResponse:  # noqa: N802, ARG002
        self.begun.set()
        await self.go_on.wait()
        return messages.ListRecommendationsResponse()
