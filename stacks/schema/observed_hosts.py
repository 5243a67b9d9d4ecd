"""Hosts outside the cluster that the observability of an environment connects to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from components.mesh.arguments import ExternalService
from components.observability.alertmanager.routes import every_receiver
from components.observability.names import (
    ALERTMANAGER,
    GRAFANA,
    JAEGER,
    JAEGER_COLLECTOR,
    JAEGER_INDEX_CLEANER,
    OTEL_COLLECTOR,
    OTEL_SAMPLER,
    PROMETHEUS,
)
from components.specs.observability.alerts import receiver_address
from components.specs.observability.backends import KafkaServers, OtlpServer, SearchServer, address
from components.specs.observability.logs import InLoki, Logs, LogsInElasticsearch
from components.specs.observability.tracing import AtVendor, InCassandra, InElasticsearch, InOpenSearch, Tracing
from stacks.schema.dependencies import EVERYWHERE
from stacks.schema.environment import Environment

_PLAIN_AT_FIRST: Final = frozenset({25, 587})
"""Where mail servers speak plain text until STARTTLS (https://www.rfc-editor.org/rfc/rfc8314#section-3.3)."""


@dataclass(frozen=True)
class ObservedHost:
    """A host, and what is spoken to it."""

    host: str
    port: int
    protocol: Literal["tls", "tcp"] = "tls"
    cidrs: tuple[str, ...] = EVERYWHERE

    @property
    def name(self) -> str:
        """What the mesh calls it: no name of the catalogue has a dot."""
        return self.host

    def in_the_mesh(self) -> ExternalService:
        """Return the host as the mesh knows it."""
        return ExternalService(name=self.name, host=self.host, port=self.port, protocol=self.protocol)


def observed_hosts(environment: Environment) -> Iterator[tuple[str, ObservedHost]]:
    """Yield which workload connects to which host: receivers of alerts, sign-in, and where samples are sent on."""
    settings = environment.observability
    if settings is None:
        return
    for written in settings.metrics.remote_write:
        yield PROMETHEUS, ObservedHost(written.host, written.port)
    for receiver in every_receiver(settings.alerts) if settings.alerts else ():
        host, port = receiver_address(receiver)
        yield ALERTMANAGER, ObservedHost(host, port, "tcp" if port in _PLAIN_AT_FIRST else "tls")
    if settings.dashboards and settings.dashboards.oidc:
        yield GRAFANA, ObservedHost(settings.dashboards.oidc.host, 443)
    if settings.tracing:
        yield from _trace_storage(settings.tracing)


def _trace_storage(tracing: Tracing) -> Iterator[tuple[str, ObservedHost]]:
    match tracing.storage:
        case AtVendor():
            sender = OTEL_SAMPLER if tracing.sampling.tail else OTEL_COLLECTOR
            yield sender, _server(tracing.storage.otlp)
        case InCassandra():
            servers = tracing.storage.cassandra
            for host in servers.hosts:
                for part in (JAEGER, JAEGER_COLLECTOR):
                    yield part, ObservedHost(host, servers.port, cidrs=servers.cidrs)
        case InElasticsearch() | InOpenSearch():
            storage = tracing.storage
            server = storage.elasticsearch if isinstance(storage, InElasticsearch) else storage.opensearch
            for part in (JAEGER, JAEGER_COLLECTOR, JAEGER_INDEX_CLEANER):
                yield part, _server(server)


def log_hosts(logs: Logs) -> Iterator[ObservedHost]:
    """Yield the hosts to which the nodes' agents send logs; none where Loki takes them."""
    match logs.storage:
        case InLoki():
            return
        case LogsInElasticsearch():
            yield _server(logs.storage.elasticsearch)
        case _:
            servers: KafkaServers = logs.storage.kafka
            for broker in servers.brokers:
                yield ObservedHost(broker, servers.port, cidrs=servers.cidrs)


def _server(server: SearchServer | OtlpServer) -> ObservedHost:
    host, port = address(server.url)
    return ObservedHost(host, port, "tls" if server.url.startswith("https:") else "tcp", server.cidrs)
