"""The Collectors of a platform on this machine: each runs on what the platform generates, at addresses of its own."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.config import INSTANCE, collector_config, sampler_config, tracing_of
from components.observability.collector.destinations import (
    QUEUE_FOLDER,
    is_balanced,
    sampler_hosts,
    secret_variables,
)
from components.observability.collector.parts.document import CONFIG_FILE
from components.observability.collector.parts.processors import K8S_ATTRIBUTES
from components.observability.jaeger.config import FILE as JAEGER_FILE
from components.observability.jaeger.storage import VOLUME
from components.observability.jaeger.workload import traces_host
from components.observability.names import OTLP_PORT
from tests.integration.servers.collector import Collector
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.spans import OverGrpc, OverHttp, Sender

PROMETHEUS: Final = "http://prometheus:9090"
NOBODY: Final = "http://127.0.0.1:1"
"""Where nobody answers."""
TAKEN: Final = "otelcol_receiver_accepted_spans_total"
SENT: Final = "otelcol_exporter_sent_spans_total"
WAITING: Final = "otelcol_exporter_queue_size"
MOST: Final = 10_000
"""Traces that are asked for at once: more than any test here makes."""
ENDED: Final = "otelcol_processor_tail_sampling_global_count_traces_sampled_total"
"""Traces that have been decided about, by `sampled`."""


@dataclass(frozen=True, kw_only=True)
class Tiers:
    """Who services send to, and those behind them; without tail sampling there is nobody behind."""

    first: tuple[Collector, ...]
    samplers: tuple[Collector, ...] = ()

    @property
    def sending(self) -> tuple[Collector, ...]:
        """Those that send to the backend."""
        return self.samplers or self.first

    def senders(self) -> list[Sender]:
        """A client of each, by both protocols in turn."""
        return [OverHttp(one.otlp_http) if index % 2 else OverGrpc(one.otlp) for index, one in enumerate(self.first)]

    def total(self, metric: str, **labels: str) -> float:
        """Of all that send to the backend."""
        return sum(one.total(metric, **labels) for one in self.sending)


def stored(jaeger: Jaeger, services: Iterable[str]) -> dict[str, int]:
    """Trace id → how many spans a Jaeger has of it, of every trace with a span of one of these services."""
    found = (trace for service in services for trace in jaeger.traces(service, limit=MOST))
    return {trace.id: len(trace.spans) for trace in found}


def here(config: Mapping[str, str]) -> str:
    """A configuration without what asks the Kubernetes API: test_collector_kubernetes.py has one for it."""
    document: dict[str, Any] = json.loads(config[CONFIG_FILE])
    document["processors"].pop(K8S_ATTRIBUTES, None)
    for pipeline in document["service"]["pipelines"].values():
        pipeline["processors"] = [name for name in pipeline["processors"] if name != K8S_ATTRIBUTES]
    return json.dumps(document)


def collector(folder: Path, text: str, name: str, replacements: Mapping[str, str]) -> Collector:
    """A Collector that has not been started, called as a Pod; its queue is in `folder`."""
    queue = folder / "queue"
    queue.mkdir(parents=True)
    folders = {QUEUE_FOLDER: str(queue)} if QUEUE_FOLDER in text else {}
    environment = {INSTANCE: name, "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=shop"}
    return Collector(folder=folder, text=text, replacements={**folders, **replacements}, environment=environment)


def jaeger_of(config: Mapping[str, str], folder: Path, metrics: str = NOBODY) -> Jaeger:
    """A platform's Jaeger, not started: what it stores is in `folder`, and outlives it."""
    (folder / "traces").mkdir(parents=True)
    replacements = {VOLUME: str(folder / "traces"), PROMETHEUS: metrics}
    return Jaeger(folder=folder, text=config[JAEGER_FILE], replacements=replacements)


@contextmanager
def running(folder: Path, args: ObservabilityArgs, backend: str, prometheus: str | None = None) -> Generator[Tiers]:
    """Run the Collectors of a platform, as many as it has, before a backend at this address."""
    tracing = tracing_of(args)
    assert not secret_variables(tracing), "a vendor's are not told here"
    outside = {f"{traces_host(args)}:{OTLP_PORT}": backend}
    if prometheus is not None:
        outside[PROMETHEUS] = prometheus
    first, samplers = here(collector_config(args)), []
    with ExitStack() as stack:

        def started(text: str, name: str, replacements: Mapping[str, str]) -> Collector:
            server = collector(folder / name, text, name, replacements)
            stack.callback(server.stop)
            server.start()
            return server

        between: dict[str, str] = {}
        if is_balanced(tracing):
            hosts = sampler_hosts(tracing)
            samplers = [started(here(sampler_config(args)), host.partition(".")[0], outside) for host in hosts]
            between = {f"{host}:{OTLP_PORT}": one.otlp for host, one in zip(hosts, samplers, strict=True)}
        found = [
            started(first, f"otel-collector-{index}", between or outside) for index in range(tracing.collector.replicas)
        ]
        yield Tiers(first=tuple(found), samplers=tuple(samplers))
