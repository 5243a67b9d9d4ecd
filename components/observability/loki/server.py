"""Loki: its configuration, and how it runs. Pure.

https://grafana.com/docs/loki/latest/get-started/deployment-modes/#monolithic-mode
"""

from datetime import timedelta
from typing import Final

from components import versions
from components.hardening import HardenedDefault
from components.observability.arguments import ObservabilityArgs
from components.observability.loki.document import Cache, LimitsConfig, LokiDocument
from components.observability.names import LOKI, LOKI_PORT
from components.quantities import byte_count, duration_text
from components.specs.container import Language, Mount
from components.specs.observability.logs import InLoki
from components.specs.pod import ClaimedVolume, ConfigVolume
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.workload import WorkloadKind, WorkloadSpec
from components.yaml_text import yaml_file

FILE: Final = "loki.yaml"
CONFIG_FOLDER: Final = "/etc/loki/config"
DATA_FOLDER: Final = "/loki"
OTLP_PATH: Final = "/otlp"
"""Where it takes logs by OTLP over HTTP; senders add ``/v1/logs``."""
INDEX_LABELS: Final = ("service.name", "k8s.namespace.name")
"""The resource attributes that tell streams apart, beside the level of each line. All else is found by reading lines:
each further label multiplies streams, and with them files
(https://grafana.com/docs/loki/latest/get-started/labels/bp-labels/)."""
LINE_KIB: Final = 256
"""Of a line so much is kept, in KiB."""

_GRPC_PORT: Final = 9095
_LATE: Final = timedelta(days=7)
"""How old lines may be when they come: agents keep them on disk while Loki is away. Loki's own default."""
_RATE_MB, _BURST_MB = 16, 32
"""Of all lines, per second; Loki's own defaults suit one of many tenants."""
_STREAM_RATE_MB, _STREAM_BURST_MB = 8, 16
"""Of one service's lines of one level."""
_REPLAY_SHARE: Final = 0.4
"""Of the memory, while the write-ahead log is read again: what is over it is written to disk first."""
_CACHE_SHARE: Final = 0.1
"""Of the memory, for chunks, and as much for answers."""
_REPLAY: Final = timedelta(minutes=10)


def loki_config_maps(args: ObservabilityArgs) -> dict[str, dict[str, str]]:
    """Return the ConfigMap's data by its name; nothing where logs go elsewhere."""
    return {LOKI: loki_config(args)} if _storage(args) else {}


def loki_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data. Raises ValueError where logs go elsewhere."""
    storage = _required(args)
    cache: Cache = {"embedded_cache": {"enabled": True, "max_size_mb": max(1, _share(storage, _CACHE_SHARE) // 2**20)}}
    document: LokiDocument = {
        "target": "all",
        # There is one tenant, and who may come is for the network's policies to say.
        "auth_enabled": False,
        "server": {
            "http_listen_port": LOKI_PORT,
            # Its parts talk to each other within the Pod alone.
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": _GRPC_PORT,
            "log_format": "json",
            # One level up it tells of each query.
            "log_level": "warn",
        },
        "common": {
            "instance_addr": "127.0.0.1",
            "path_prefix": DATA_FOLDER,
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
            "storage": {
                "filesystem": {
                    "chunks_directory": f"{DATA_FOLDER}/chunks",
                    "rules_directory": f"{DATA_FOLDER}/rules",
                }
            },
        },
        "schema_config": {
            "configs": [
                {
                    # Before the first line that there can be; a new form gets an entry and a day of its own.
                    "from": "2024-04-01",
                    "store": "tsdb",
                    "object_store": "filesystem",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
        "ingester": {
            "wal": {
                "enabled": True,
                "dir": f"{DATA_FOLDER}/wal",
                # So that the next start has nothing to read again.
                "flush_on_shutdown": True,
                "replay_memory_ceiling": f"{_share(storage, _REPLAY_SHARE) // 1000}KB",
            }
        },
        "compactor": {
            "working_directory": f"{DATA_FOLDER}/compactor",
            "retention_enabled": True,
            "delete_request_store": "filesystem",
        },
        "limits_config": _limits(storage),
        "chunk_store_config": {"chunk_cache_config": cache},
        "query_range": {"results_cache": {"cache": cache}},
        "ruler": {"enable_api": False},
        "analytics": {"reporting_enabled": False},
    }
    return {FILE: yaml_file(document)}


def loki_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the StatefulSet of Loki: all its parts in one process, on one volume.

    Its one port takes lines, answers queries, and serves its own metrics. Raises ValueError where logs go elsewhere.
    """
    storage, period = _required(args), timedelta(seconds=10)
    return WorkloadSpec(
        kind=WorkloadKind.STATEFUL_SET,
        language=Language.GO,
        image=versions.LOKI_IMAGE,
        args=(f"-config.file={CONFIG_FOLDER}/{FILE}",),
        ports={METRICS: Port(number=LOKI_PORT, app_protocol="http")},
        volumes={
            "data": ClaimedVolume(claim=storage.loki, storage_class=storage.storage_class),
            "config": ConfigVolume(config=LOKI),
        },
        mounts={DATA_FOLDER: Mount(volume="data"), CONFIG_FOLDER: Mount(volume="config", read_only=True)},
        probes=Probes(
            startup=Probe(http="/ready", port=METRICS, period=period, failures=_REPLAY // period),
            readiness=Probe(http="/ready", port=METRICS, timeout=timedelta(seconds=3)),
            # It answers whoever it can't work for the moment, as when its disk is full: a restart helps nobody then.
            liveness=Probe(
                http="/loki/api/v1/status/buildinfo", port=METRICS, timeout=timedelta(seconds=3), failures=6
            ),
        ),
        replicas=1,
        resources=storage.resources,
        # Time to write what it has in memory to its chunks.
        termination_grace=timedelta(minutes=2),
        exceptions={
            HardenedDefault.SINGLE_REPLICA: "its chunks are on one volume; while it moves, the agents keep lines on "
            "their nodes' disks, and send them later"
        },
    )


def _storage(args: ObservabilityArgs) -> InLoki | None:
    logs = args.settings.logs
    return logs.storage if logs and isinstance(logs.storage, InLoki) else None


def _required(args: ObservabilityArgs) -> InLoki:
    storage = _storage(args)
    if storage is None:
        raise ValueError("Loki is asked for, and the environment's logs go elsewhere, or nowhere")
    return storage


def _limits(storage: InLoki) -> LimitsConfig:
    return {
        "retention_period": duration_text(storage.retention),
        # What is older than it is kept would be dropped at once.
        "reject_old_samples_max_age": duration_text(min(_LATE, storage.retention)),
        "ingestion_rate_mb": _RATE_MB,
        "ingestion_burst_size_mb": _BURST_MB,
        "per_stream_rate_limit": f"{_STREAM_RATE_MB}MB",
        "per_stream_rate_limit_burst": f"{_STREAM_BURST_MB}MB",
        "max_line_size": f"{LINE_KIB}KB",
        # A long line is cut and kept; else it would be gone, without a trace but in a metric.
        "max_line_size_truncate": True,
        "allow_structured_metadata": True,
        "otlp_config": {
            "resource_attributes": {
                "ignore_defaults": True,
                "attributes_config": [{"action": "index_label", "attributes": list(INDEX_LABELS)}],
            },
            "severity_text_as_label": True,
        },
    }


def _share(storage: InLoki, share: float) -> int:
    """Return a share of the memory limit in bytes."""
    return int(byte_count(storage.resources.memory_limit) * share)
