"""The whole sample shop with its traces, as the stack `dev` has them in a namespace of its own, wired once.

Real: the five services with NATS and PostgreSQL, the Collector, Jaeger with its volume, and Prometheus. Only addresses
and folders are this machine's, what asks the Kubernetes API is left out (`tiers.here`), and Prometheus scrapes nobody.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.observability.arguments import ObservabilityArgs
from components.observability.names import (
    JAEGER,
    OTEL_COLLECTOR,
    OTLP_HTTP_PORT,
    OTLP_PORT,
    PROMETHEUS,
    PROMETHEUS_PORT,
)
from stacks.schema.platform import Platform
from stacks.schema.service_environment import POD_NAME, VERSION
from tests.integration.contracts import whole_shop
from tests.integration.contracts.builds import Builds
from tests.integration.contracts.clients import Contracts
from tests.integration.contracts.services import Service, Shop
from tests.integration.observability.platforms import MESHED, platform
from tests.integration.servers import prometheus
from tests.integration.servers.collector import Collector
from tests.integration.servers.jaeger import Jaeger, Trace
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres
from tests.integration.servers.prometheus import Prometheus
from tests.integration.tracing import tiers

RELEASE: Final = "1.2.3"
"""What the services' Pods have as their version."""
ENDPOINT: Final = f"http://{OTEL_COLLECTOR}:{OTLP_HTTP_PORT}"
WHOLE: Final = 45.0
"""Seconds from a request to the last of its spans: SDKs send every five, and an event may be retried."""


@dataclass(frozen=True, kw_only=True)
class TracedShop:
    """What runs."""

    shop: Shop
    collector: Collector
    jaeger: Jaeger
    prometheus: Prometheus
    platform: Platform

    @property
    def services(self) -> Mapping[str, Service]:
        return {service.name: service for service in self.shop.started}

    @property
    def args(self) -> ObservabilityArgs:
        return args_of(self.platform)

    def until_traced(self, identifier: str, *services: str, calls: Iterable[tuple[str, str]] = ()) -> Trace:
        """Wait until Jaeger has spans of all these services in a trace, none of which lacks its parent there.

        `calls`: pairs of caller and called that must be there, too. Where a service is called twice, its spans may
        come seconds apart.
        """

        def whole() -> Trace | None:
            trace = self.jaeger.trace(identifier)
            if trace is None or not (trace.services >= set(services) and trace.calls >= set(calls)):
                return None
            return trace if len(starts(trace)) == 1 else None

        try:
            trace = self.jaeger.until(whole, f"trace {identifier} has {services} and {calls}", within=WHOLE)
        except AssertionError as failure:
            found = self.jaeger.trace(identifier)
            failure.add_note(found.drawn() if found else "Jaeger has nothing of it")
            raise
        assert trace is not None, "until gives what is true"
        return trace


def starts(trace: Trace) -> set[str | None]:
    """The parents of the spans without a parent in the trace: one, where it is whole, whoever began it."""
    return {span.parent for span in trace.roots}


def args_of(found: Platform) -> ObservabilityArgs:
    """What the configurations of a platform are made of."""
    assert found.observability is not None, f"{found.namespace.name} is not watched"
    return found.observability


def variables(found: Platform, name: str, collector: str) -> dict[str, str]:
    """OpenTelemetry's variables as a service's container gets them, with the Collector's URL on this machine."""
    pod = {POD_NAME: f"{name}-0", VERSION: RELEASE}
    words = {key: _expanded(str(value), pod) for key, value in found.workloads[name].environment.items()}
    assert words["OTEL_EXPORTER_OTLP_ENDPOINT"] == ENDPOINT, "the address that this machine's stands for"
    own = {key: value for key, value in words.items() if key.startswith("OTEL_")}
    return own | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector}


def collector_of(found: Platform, folder: Path, jaeger: Jaeger, metrics: str) -> Collector:
    """The platform's Collector, not started: its queue is in `folder`, and outlives it."""
    text = tiers.here(found.config_maps[OTEL_COLLECTOR])
    there = {f"{JAEGER}:{OTLP_PORT}": jaeger.otlp, f"http://{PROMETHEUS}:{PROMETHEUS_PORT}": metrics}
    return tiers.collector(folder, text, f"{OTEL_COLLECTOR}-0", there)


@contextmanager
def running(
    folder: Path, builds: Builds, contracts: Contracts, database_server: Postgres, broker: JetStream
) -> Generator[TracedShop]:
    """Run everything until the end."""
    found = platform(MESHED)
    with ExitStack() as stack:
        (folder / "prometheus").mkdir()
        metrics = stack.enter_context(
            prometheus.running(folder / "prometheus", _without_scrapes(found), found.workloads[PROMETHEUS].spec.args)
        )
        jaeger = tiers.jaeger_of(found.config_maps[JAEGER], folder / "jaeger", metrics.url)
        stack.callback(jaeger.stop)
        jaeger.start()
        collector = collector_of(found, folder / "collector", jaeger, metrics.url)
        stack.callback(collector.stop)
        collector.start()
        told = {name: variables(found, name, collector.otlp_http) for name in whole_shop.ORDER}
        shop = stack.enter_context(whole_shop.running(folder, builds, contracts, database_server, broker, told))
        yield TracedShop(shop=shop, collector=collector, jaeger=jaeger, prometheus=metrics, platform=found)


def _without_scrapes(found: Platform) -> dict[str, str]:
    config: dict[str, Any] = json.loads(found.config_maps[PROMETHEUS][prometheus.CONFIG])
    for section in ("scrape_configs", "rule_files", "alerting"):
        config.pop(section, None)
    return {prometheus.CONFIG: json.dumps(config)}


def _expanded(value: str, pod: Mapping[str, str]) -> str:
    """As a kubelet does."""
    for name, text in pod.items():
        value = value.replace(f"$({name})", text)
    return value
