"""Loki's configuration file, typed: the parts of it that this platform writes.

https://grafana.com/docs/loki/latest/configure/
"""

from typing import Literal, TypedDict


class Server(TypedDict):
    """Where it listens, and how it tells of itself."""

    http_listen_port: int
    grpc_listen_address: str
    grpc_listen_port: int
    log_format: str
    log_level: str


class Directories(TypedDict):
    """Folders of what is written for good."""

    chunks_directory: str
    rules_directory: str


class CommonStorage(TypedDict):
    """Where it is written."""

    filesystem: Directories


class KeyValueStore(TypedDict):
    """Where the parts of Loki find each other."""

    store: Literal["inmemory"]


class Ring(TypedDict):
    """Who is there."""

    kvstore: KeyValueStore


class Common(TypedDict):
    """What all parts of Loki share."""

    instance_addr: str
    path_prefix: str
    replication_factor: int
    ring: Ring
    storage: CommonStorage


class Index(TypedDict):
    """How index files are called, and how much time is in one."""

    prefix: str
    period: str


PeriodConfig = TypedDict(
    "PeriodConfig",
    {"from": str, "store": str, "object_store": str, "schema": str, "index": Index},
)


class SchemaConfig(TypedDict):
    """The forms of storage, each from a day on."""

    configs: list[PeriodConfig]


class WriteAheadLog(TypedDict):
    """What is taken and not in a chunk on disk yet."""

    enabled: bool
    dir: str
    flush_on_shutdown: bool
    replay_memory_ceiling: str


class Ingester(TypedDict):
    """What takes lines in."""

    wal: WriteAheadLog


class Compactor(TypedDict):
    """What drops old lines."""

    working_directory: str
    retention_enabled: bool
    delete_request_store: str


class AttributesConfig(TypedDict):
    """What becomes of some attributes."""

    action: Literal["index_label", "structured_metadata", "drop"]
    attributes: list[str]


class ResourceAttributes(TypedDict):
    """What becomes of resources' attributes; those that are not named are metadata."""

    ignore_defaults: bool
    attributes_config: list[AttributesConfig]


class OtlpConfig(TypedDict):
    """How OTLP's logs become streams and lines."""

    resource_attributes: ResourceAttributes
    severity_text_as_label: bool


class LimitsConfig(TypedDict):
    """How much is taken, how long it is kept, and how much a query may do."""

    retention_period: str
    reject_old_samples_max_age: str
    ingestion_rate_mb: int
    ingestion_burst_size_mb: int
    per_stream_rate_limit: str
    per_stream_rate_limit_burst: str
    max_line_size: str
    max_line_size_truncate: bool
    allow_structured_metadata: bool
    otlp_config: OtlpConfig


class EmbeddedCache(TypedDict):
    """A cache in Loki's own memory."""

    enabled: bool
    max_size_mb: int


class Cache(TypedDict):
    """A cache."""

    embedded_cache: EmbeddedCache


class ChunkStore(TypedDict):
    """How chunks are read."""

    chunk_cache_config: Cache


class ResultsCache(TypedDict):
    """What is remembered of queries."""

    cache: Cache


class QueryRange(TypedDict):
    """How queries over a time are answered."""

    results_cache: ResultsCache


class Ruler(TypedDict):
    """Rules over logs, which nobody writes here."""

    enable_api: bool


class Analytics(TypedDict):
    """What is told to Grafana Labs."""

    reporting_enabled: bool


class LokiDocument(TypedDict):
    """The whole file."""

    target: str
    auth_enabled: bool
    server: Server
    common: Common
    schema_config: SchemaConfig
    ingester: Ingester
    compactor: Compactor
    limits_config: LimitsConfig
    chunk_store_config: ChunkStore
    query_range: QueryRange
    ruler: Ruler
    analytics: Analytics
