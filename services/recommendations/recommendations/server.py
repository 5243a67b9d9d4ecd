"""The gRPC server with its health, its metrics' endpoint, and how both end."""

import asyncio
import logging
import socket
from dataclasses import dataclass
from http.server import HTTPServer
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from opentelemetry import trace
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, start_http_server

from recommendations import service
from recommendations.observation import ObservedCalls
from shop.recommendations.v1 import recommendations_pb2_grpc as contract

log: Final = logging.getLogger(__name__)

OPTIONS: Final = (
    # A second process on the same port is a mistake that must show.
    ("grpc.so_reuseport", 0),
    # Behind a virtual IP a client stays with the replica that it first reached; connections end, so that new replicas
    # get their share.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    # Go's clients ping every 10 s at the most; the default of 5 min would cut them off.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)

IN_TRANSIT: Final = 0.5
"""How long, at the end, calls that have arrived may take to begin, and the last answers to leave, in seconds."""


@dataclass(frozen=True)
class Server:
    """A server that takes calls, on `port`, and its metrics, on `metrics_port`."""

    port: int
    metrics_port: int
    _server: grpc.aio.Server
    _health: health.aio.HealthServicer
    _calls: ObservedCalls
    _metrics: HTTPServer

    async def drain(self, timeout: float, in_transit: float = IN_TRANSIT) -> None:
        """Say NOT_SERVING, take no new call, finish those in flight; break off what is left after `timeout` seconds."""
        await self._health.enter_graceful_shutdown()
        # gRPC's core cancels calls that have arrived and not begun when the server stops: they get time to begin first.
        await asyncio.sleep(in_transit)
        stopped = asyncio.ensure_future(self._server.stop(timeout + in_transit))
        # A client that watches the health never hangs up by itself; only real calls are worth a longer wait.
        try:
            await asyncio.wait_for(self._calls.idle(), timeout)
            await asyncio.wait((stopped,), timeout=in_transit)
        except TimeoutError:
            log.warning("calls were broken off")
        await self._server.stop(None)
        await stopped
        self._metrics.shutdown()
        self._metrics.server_close()


async def start(
    servicer: contract.RecommendationServiceServicer, grpc_port: int, metrics_port: int, tracer: trace.Tracer
) -> Server:
    """Start serving; a port of 0 lets the system choose.

    Raises:
        RuntimeError: the port of gRPC can't be had.
        OSError: the port of the metrics can't be had.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    calls = ObservedCalls(tracer, registry)
    server = grpc.aio.server(interceptors=[calls], options=OPTIONS)
    contract.add_RecommendationServiceServicer_to_server(servicer, server)
    states = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    port = server.add_insecure_port(f"{_every_address(brackets=True)}:{grpc_port}")
    # In a thread of its own: a scrape doesn't wait for the event loop, and shows when that is stuck.
    metrics, _ = start_http_server(metrics_port, addr=_every_address(), registry=registry)
    await server.start()
    await states.set(service.NAME, health_pb2.HealthCheckResponse.SERVING)
    for name, number in (("grpc", port), ("metrics", metrics.server_port)):
        log.info("listening", extra={"fields": {"for": name, "port": number}})
    return Server(port, metrics.server_port, server, states, calls, metrics)


def _every_address(*, brackets: bool = False) -> str:
    if not socket.has_dualstack_ipv6():
        return "0.0.0.0"  # noqa: S104 (a Pod's own network namespace; its NetworkPolicy says who gets in)
    return "[::]" if brackets else "::"
