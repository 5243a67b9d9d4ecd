"""Jaeger's configuration file, typed: the parts of it that this platform writes.

It is a Collector's file with parts of Jaeger's own (https://www.jaegertracing.io/docs/latest/deployment/configuration/).
No type here has a field for a password as such: it is the name of a file, or of a variable.
"""

from typing import NotRequired, TypedDict

from components.observability.collector.parts.document import CollectorService
from components.observability.collector.parts.processors import MemoryLimiter


class Empty(TypedDict):
    """A part with its defaults."""


class MemoryBackend(TypedDict):
    """Traces in the process, oldest out first."""

    max_traces: int


class BadgerDirectories(TypedDict):
    """Folders of keys and of values."""

    keys: str
    values: str


class BadgerTtl(TypedDict):
    """How long spans can be found."""

    spans: str


class BadgerBackend(TypedDict):
    """Traces on a volume."""

    directories: BadgerDirectories
    ephemeral: bool
    ttl: BadgerTtl


class IndexOptions(TypedDict):
    """One kind of index: a new one each day, with the day in its name."""

    date_layout: str
    rollover_frequency: str
    shards: int
    replicas: int


class Indices(TypedDict):
    """All kinds of indices."""

    index_prefix: NotRequired[str]
    spans: IndexOptions
    services: IndexOptions
    dependencies: IndexOptions
    sampling: IndexOptions


class BasicLogin(TypedDict):
    """A user, and the file with the password, which is read again when it changes."""

    username: str
    password_file: str


class SearchLogin(TypedDict):
    """How Jaeger signs in to Elasticsearch or OpenSearch."""

    basic: BasicLogin


class SearchBackend(TypedDict):
    """Traces in Elasticsearch or OpenSearch."""

    server_urls: list[str]
    indices: Indices
    max_span_age: str
    auth: NotRequired[SearchLogin]


class CassandraSchema(TypedDict):
    """Keyspace and tables; what is there already is left as it is."""

    keyspace: str
    create: bool
    datacenter: str
    replication_factor: int
    trace_ttl: str
    dependencies_ttl: str
    compaction_window: str


class CassandraUser(TypedDict):
    """A user; the password is a reference to a variable, since Jaeger reads no file here."""

    username: str
    password: str


class CassandraLogin(TypedDict):
    """How Jaeger signs in to Cassandra."""

    basic: CassandraUser


class Tls(TypedDict):
    """TLS by the authorities that the image trusts; present and not insecure, so that it is asked for in words."""

    insecure: bool


class CassandraConnection(TypedDict):
    """Where Cassandra is."""

    servers: list[str]
    port: int
    local_dc: str
    tls: Tls
    auth: NotRequired[CassandraLogin]


class CassandraBackend(TypedDict):
    """Traces in Cassandra."""

    schema: CassandraSchema
    connection: CassandraConnection
    span_store_write_cache_ttl: str


class TraceBackend(TypedDict):
    """Where traces are: exactly one of these."""

    memory: NotRequired[MemoryBackend]
    badger: NotRequired[BadgerBackend]
    elasticsearch: NotRequired[SearchBackend]
    opensearch: NotRequired[SearchBackend]
    cassandra: NotRequired[CassandraBackend]


class PrometheusBackend(TypedDict):
    """Span metrics in Prometheus, by the names that the Collectors give them."""

    endpoint: str
    metric_namespace: str
    latency_unit: str
    normalize_calls: bool
    normalize_duration: bool


class MetricBackend(TypedDict):
    """Where the Monitor tab finds its numbers."""

    prometheus: PrometheusBackend


class Storage(TypedDict):
    """All that Jaeger reads and writes, by names of this file's own."""

    backends: dict[str, TraceBackend]
    metric_backends: NotRequired[dict[str, MetricBackend]]


class QueryStorage(TypedDict):
    """Which of the storages the web page and the API read."""

    traces: str
    metrics: NotRequired[str]


class Endpoint(TypedDict):
    """Where a part listens."""

    endpoint: str


class Query(TypedDict):
    """The web page and the API."""

    storage: QueryStorage
    http: Endpoint
    grpc: Endpoint
    enable_tracing: bool


class Health(TypedDict):
    """Where Jaeger says that it is well, at ``/status``."""

    use_v2: bool
    http: Endpoint


class Extensions(TypedDict):
    """What is beside the pipelines."""

    healthcheckv2: Health
    jaeger_storage: Storage
    jaeger_query: NotRequired[Query]


class OtlpProtocols(TypedDict):
    """The ways in."""

    grpc: Endpoint


class OtlpReceiver(TypedDict):
    """Spans of the Collectors."""

    protocols: OtlpProtocols


class Receivers(TypedDict):
    """Where spans come from; ``nop`` where none come."""

    otlp: NotRequired[OtlpReceiver]
    nop: NotRequired[Empty]


class CollectingLimiter(MemoryLimiter):
    """A memory limiter, and how soon it has garbage collected while it refuses: without spans nothing else would."""

    min_gc_interval_when_soft_limited: str


class Processors(TypedDict):
    """What happens to spans before they are stored."""

    memory_limiter: NotRequired[CollectingLimiter]


class Queue(TypedDict):
    """Spans that are taken and not stored yet."""

    enabled: bool


class StorageExporter(TypedDict):
    """Writes spans to a storage."""

    trace_storage: str
    queue: Queue


class Exporters(TypedDict):
    """Where spans go; ``nop`` where none come."""

    jaeger_storage_exporter: NotRequired[StorageExporter]
    nop: NotRequired[Empty]


class JaegerDocument(TypedDict):
    """The whole file."""

    extensions: Extensions
    receivers: Receivers
    processors: Processors
    exporters: Exporters
    service: CollectorService
