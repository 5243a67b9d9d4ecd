"""What carries the traces and logs of a platform, running: Collectors, a node's agent, Jaeger and Loki.

All of them are real, on their generated configurations. The spans are made, and the node's files are written here.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.jaeger.config import FILE as JAEGER_FILE
from components.observability.jaeger.config import jaeger_config
from components.observability.jaeger.storage import VOLUME
from components.observability.loki.server import DATA_FOLDER, loki_config, loki_workload
from components.observability.loki.server import FILE as LOKI_FILE
from components.observability.names import (
    JAEGER,
    LOKI,
    LOKI_PORT,
    OTEL_AGENT,
    OTEL_COLLECTOR,
    OTEL_SAMPLER,
    PROMETHEUS,
    PROMETHEUS_PORT,
)
from tests.integration.logs import agents
from tests.integration.logs.agents import Node
from tests.integration.logs.played_node import Container, cut
from tests.integration.observability.played_node import Endpoint
from tests.integration.servers import jaeger, loki
from tests.integration.servers.collector import METRICS, Collector
from tests.integration.servers.spans import MadeTrace, Sender, Shape, made, send
from tests.integration.tracing import tiers

_PAUSE: Final = 0.5
"""Seconds between two traces."""
_TOO_OLD: Final = "2020-01-01T00:00:00.000000000Z"
"""When a line was written that Loki refuses: so something is lost on the way."""


@contextmanager
def running(folder: Path, args: ObservabilityArgs, prometheus: str) -> Generator[Mapping[str, Endpoint]]:
    """Run what the platform has of it before a Prometheus at this URL, with traffic; yield where its metrics are."""
    if args.settings.tracing is None or args.settings.logs is None:
        yield {}
        return
    for name in (JAEGER, LOKI, "tiers", OTEL_AGENT):
        (folder / name).mkdir(parents=True)
    with ExitStack() as stack:
        here = {VOLUME: str(folder / JAEGER / "traces"), tiers.PROMETHEUS: prometheus}
        traces = stack.enter_context(jaeger.running(folder / JAEGER, jaeger_config(args)[JAEGER_FILE], here))
        kept = {DATA_FOLDER: str(folder / LOKI / "data")}
        arguments = loki_workload(args).args
        lines = stack.enter_context(loki.running(folder / LOKI, loki_config(args)[LOKI_FILE], kept, arguments))
        found = stack.enter_context(tiers.running(folder / "tiers", args, traces.otlp, prometheus))
        backends = {
            f"http://{LOKI}.{args.namespace}:{LOKI_PORT}": lines.url,
            f"http://{PROMETHEUS}.{args.namespace}:{PROMETHEUS_PORT}": prometheus,
        }
        node = stack.enter_context(agents.started(Node(folder=folder / OTEL_AGENT, args=args, backends=backends)))
        stack.enter_context(_traffic(found.senders(), node.container("orders", namespace=args.namespace)))
        yield {
            JAEGER: _metrics(traces),
            LOKI: Endpoint(port=lines.port),
            OTEL_COLLECTOR: _metrics(found.first[0]),
            **({OTEL_SAMPLER: _metrics(found.samplers[0])} if found.samplers else {}),
            OTEL_AGENT: _metrics(node.agent),
        }


def _metrics(server: Collector) -> Endpoint:
    return Endpoint(port=server.ports[METRICS])


@contextmanager
def _traffic(senders: list[Sender], container: Container) -> Generator[None]:
    """While the context lasts, traces are sent and lines are written. What goes wrong is raised at the end."""
    over = threading.Event()

    def come() -> None:
        for trace in _endless():
            send([trace], senders)
            container.write('{"level": "info", "msg": "paid"}')
            if over.wait(_PAUSE):
                return

    container.append(line.replace(line.split()[0], _TOO_OLD, 1) for line in cut("from another age", "stdout"))
    with ThreadPoolExecutor(1, thread_name_prefix="traffic") as pool:
        ended = pool.submit(come)
        try:
            yield
        finally:
            over.set()
        ended.result()


def _endless() -> Iterator[MadeTrace]:
    while True:
        yield from made(10, Shape(errors=0.1))
