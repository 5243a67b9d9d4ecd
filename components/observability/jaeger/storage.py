"""Where Jaeger keeps traces, and for how long. Pure.

Storages: https://www.jaegertracing.io/docs/latest/storage/
"""

import math
from datetime import timedelta
from typing import Final, assert_never

from components.observability.arguments import ObservabilityArgs
from components.observability.jaeger.document import (
    BadgerBackend,
    CassandraBackend,
    IndexOptions,
    Indices,
    MetricBackend,
    SearchBackend,
    TraceBackend,
)
from components.observability.names import PROMETHEUS, PROMETHEUS_PORT
from components.quantities import duration_text
from components.specs.observability.backends import CassandraServers, Login, SearchServer
from components.specs.observability.metrics import MetricsBackend
from components.specs.observability.tracing import (
    AtVendor,
    InBadger,
    InCassandra,
    InElasticsearch,
    InMemory,
    InOpenSearch,
    TraceStorage,
    Tracing,
)

VOLUME: Final = "/badger"
SECRETS: Final = "/etc/jaeger/secrets"
CASSANDRA_PASSWORD: Final = "CASSANDRA_PASSWORD"  # noqa: S105 - the variable's name
SPAN_METRICS: Final = "traces_span_metrics"
"""What the names of span metrics begin with in Prometheus; the Collectors' connector calls it traces.span.metrics."""
SPAN_METRICS_UNIT: Final = "ms"
"""Jaeger's page takes what it gets for milliseconds."""

_AT_VENDOR: Final = "a vendor takes the traces, so there is no Jaeger"
_DATE: Final = "2006-01-02"
"""How Go writes an index's day."""
_SHARDS: Final = 1
"""Of a day's index: Elasticsearch's own default, good for some 50 GB
(https://www.elastic.co/docs/deploy-manage/production-guidance/optimize-performance/size-shards)."""
_COPIES: Final = 3
"""Of each row in Cassandra, at most."""
_WINDOWS: Final = 30
"""Cassandra's compaction wants fewer than 50 windows in the life of a row
(https://cassandra.apache.org/doc/latest/cassandra/managing/operating/compaction/twcs.html)."""
_LONGEST_CACHE: Final = timedelta(hours=12)
"""How long Jaeger takes a service's name for written: its own default."""


def trace_backend(tracing: Tracing) -> TraceBackend:
    """Return where traces are. Raises ValueError where a vendor has them."""
    storage = tracing.storage
    match storage:
        case InMemory():
            return {"memory": {"max_traces": storage.memory}}
        case InBadger():
            return {"badger": _badger(retention(tracing))}
        case InElasticsearch():
            return {"elasticsearch": _search(storage.elasticsearch, retention(tracing))}
        case InOpenSearch():
            return {"opensearch": _search(storage.opensearch, retention(tracing))}
        case InCassandra():
            return {"cassandra": _cassandra(storage.cassandra, retention(tracing))}
        case AtVendor():
            raise ValueError(_AT_VENDOR)
        case _:
            assert_never(storage)


def metric_backend(args: ObservabilityArgs) -> MetricBackend | None:
    """Return where the Monitor tab finds span metrics; None where the platform runs no Prometheus to send them to."""
    if args.settings.metrics.run_by is not MetricsBackend.PLATFORM:
        return None
    return {
        "prometheus": {
            "endpoint": f"http://{PROMETHEUS}:{PROMETHEUS_PORT}",
            "metric_namespace": SPAN_METRICS,
            "latency_unit": SPAN_METRICS_UNIT,
            # Names end as Prometheus wants them: _total, _milliseconds.
            "normalize_calls": True,
            "normalize_duration": True,
        }
    }


def has_jaeger(tracing: Tracing | None) -> bool:
    """Return whether the platform runs a Jaeger."""
    return tracing is not None and not isinstance(tracing.storage, AtVendor)


def is_split(tracing: Tracing) -> bool:
    """Return whether storing and finding are workloads of their own: where the storage is outside of both."""
    return isinstance(tracing.storage, InElasticsearch | InOpenSearch | InCassandra)


def stored_tracing(args: ObservabilityArgs) -> Tracing:
    """Return the settings of what Jaeger stores. Raises ValueError where the platform has no Jaeger."""
    if args.settings.tracing is None:
        raise ValueError("Jaeger is asked for, and the environment has no tracing")
    if not has_jaeger(args.settings.tracing):
        raise ValueError(_AT_VENDOR)
    return args.settings.tracing


def split_tracing(args: ObservabilityArgs) -> Tracing:
    """Return the same. Raises ValueError also where one workload stores and finds."""
    tracing = stored_tracing(args)
    if not is_split(tracing):
        raise ValueError("the storage is Jaeger's own, so one workload stores and finds")
    return tracing


def search_server(storage: TraceStorage) -> SearchServer | None:
    """Return the Elasticsearch or OpenSearch; None where traces are elsewhere."""
    match storage:
        case InElasticsearch():
            return storage.elasticsearch
        case InOpenSearch():
            return storage.opensearch
        case _:
            return None


def storage_login(storage: TraceStorage) -> Login | None:
    """Return how Jaeger signs in to its storage; None where it needn't."""
    if isinstance(storage, InCassandra):
        return storage.cassandra.login
    server = search_server(storage)
    return server.login if server else None


def jaeger_secret_keys(tracing: Tracing) -> tuple[str, ...]:
    """Return the keys of the Secret ``jaeger``; without any there is no such Secret."""
    login = storage_login(tracing.storage)
    return (login.password,) if login else ()


def retention(tracing: Tracing) -> timedelta:
    """Return how long traces are kept. Raises ValueError where nobody has said it."""
    if tracing.retention is None:
        raise ValueError("the storage keeps traces for ever unless it is told for how long")
    return tracing.retention


def index_prefix(server: SearchServer) -> str:
    """Return what indices' names begin with, without the dash that Jaeger sets behind it."""
    return server.index_prefix.removesuffix("-")


def _badger(kept: timedelta) -> BadgerBackend:
    return {
        "directories": {"keys": f"{VOLUME}/keys", "values": f"{VOLUME}/values"},
        "ephemeral": False,
        # Writes reach the disk when the kernel likes: a killed process loses nothing, a node without power a moment.
        # Waiting for the disk would be once per span.
        "ttl": {"spans": duration_text(kept)},
    }


def _search(server: SearchServer, kept: timedelta) -> SearchBackend:
    index: IndexOptions = {
        "date_layout": _DATE,
        "rollover_frequency": "day",
        "shards": _SHARDS,
        "replicas": server.replicas,
    }
    indices: Indices = {"spans": index, "services": index, "dependencies": index, "sampling": index}
    prefix = index_prefix(server)
    if prefix:
        indices["index_prefix"] = prefix
    backend: SearchBackend = {
        "server_urls": [server.url],
        "indices": indices,
        # A trace is looked for by its id alone in the indices of so many days: 72 h unless it is said.
        "max_span_age": duration_text(kept),
    }
    if server.login:
        file = f"{SECRETS}/{server.login.password}"
        backend["auth"] = {"basic": {"username": server.login.username, "password_file": file}}
    return backend


def _cassandra(servers: CassandraServers, kept: timedelta) -> CassandraBackend:
    window = timedelta(hours=max(1, math.ceil(kept / timedelta(hours=_WINDOWS))))
    backend: CassandraBackend = {
        "schema": {
            "keyspace": servers.keyspace,
            # Rows go by the time to live of their table, which is set when the table is made.
            "create": True,
            "datacenter": servers.datacentre,
            "replication_factor": min(_COPIES, len(servers.hosts)),
            "trace_ttl": duration_text(kept),
            "dependencies_ttl": duration_text(kept),
            "compaction_window": duration_text(window),
        },
        "connection": {
            "servers": list(servers.hosts),
            "port": servers.port,
            "local_dc": servers.datacentre,
            "tls": {"insecure": False},
        },
        # The names of services go after that time, too: they must be written again before.
        "span_store_write_cache_ttl": duration_text(min(_LONGEST_CACHE, kept / 2)),
    }
    if servers.login:
        # Beside a second reference, an empty one, the value is text, whatever it looks like: 0123 is no number.
        password = f"${{env:{CASSANDRA_PASSWORD}}}${{env:{CASSANDRA_PASSWORD}_END:-}}"
        backend["connection"]["auth"] = {"basic": {"username": servers.login.username, "password": password}}
    return backend
