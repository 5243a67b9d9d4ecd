"""What rules and dashboards use of metrics that others export: each with its labels and where that is written down.

tests/integration/observability compares with what the programs really export, where they can be run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TARGET: Final = frozenset(
    {"namespace", "pod", "node", "service", "team", "language", "track", "job", "instance", "replica", "container"}
)
"""Labels that Prometheus gives to what it scrapes from a Pod (components/observability/prometheus/scrape_jobs.py)."""
OBJECT: Final = frozenset({"namespace", "pod", "container", "node", "job", "instance"})


@dataclass(frozen=True, kw_only=True)
class Source:
    """A program, or a library inside one, that exports metrics."""

    documentation: str
    metrics: Mapping[str, tuple[str, ...]]
    """Name as queries spell it → its own labels."""
    labels: frozenset[str] = TARGET
    """Those that all of its metrics have beside."""


def _named(prefix: str, *names: str) -> dict[str, tuple[str, ...]]:
    return {f"{prefix}{name}": () for name in names}


_TELEMETRY: Final = json.loads((Path(__file__).parents[2] / "services/testdata/telemetry.json").read_text())
_ISTIO: Final = (
    "reporter",
    "source_workload",
    "source_workload_namespace",
    "source_canonical_service",
    "source_principal",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
    "destination_canonical_service",
    "destination_principal",
    "destination_track",
    "request_protocol",
    "response_code",
    "grpc_response_status",
    "response_flags",
    "connection_security_policy",
)
_JSZ_STREAM: Final = ("account", "stream_name", "stream_leader", "is_stream_leader", "server_id", "server_name")
_JSZ_CONSUMER: Final = (*_JSZ_STREAM, "consumer_name", "consumer_leader", "is_consumer_leader")

SOURCES: Final[Mapping[str, Source]] = {
    "services": Source(
        documentation="docs/services.md",
        metrics={
            f"{name}_{part}": (*metric["labels"], *(("le",) if part == "bucket" else ()))
            for name, metric in _TELEMETRY["metrics"].items()
            for part in ("bucket", "count")
        }
        | {"circuit_breaker_open": ("dependency",), "rpc_client_hedges_total": ("dependency",)}
        | {"outbox_failures_total": ()},
    ),
    "process": Source(
        documentation="https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics",
        metrics=_named("process_", "cpu_seconds_total", "open_fds", "max_fds", "resident_memory_bytes"),
    ),
    "go": Source(
        documentation="https://pkg.go.dev/github.com/prometheus/client_golang/prometheus/collectors#NewGoCollector",
        metrics={
            **_named("go_", "goroutines", "threads", "gc_gomemlimit_bytes", "sched_gomaxprocs_threads"),
            "go_gc_duration_seconds_count": (),
            **_named("go_memstats_", "sys_bytes", "heap_released_bytes", "heap_inuse_bytes", "next_gc_bytes"),
            "go_memstats_alloc_bytes_total": (),
            "go_gc_duration_seconds": ("quantile",),
            "go_sched_latencies_seconds_bucket": ("le",),
        },
    ),
    "jvm": Source(
        documentation="https://docs.micrometer.io/micrometer/reference/reference/jvm.html",
        metrics={
            **{f"jvm_memory_{what}_bytes": ("area", "id") for what in ("used", "committed", "max")},
            **{f"jvm_gc_pause_seconds_{what}": ("action", "cause", "gc") for what in ("count", "sum", "max")},
            **_named("jvm_gc_", "live_data_size_bytes", "max_data_size_bytes"),
            **_named("jvm_gc_memory_", "allocated_bytes_total", "promoted_bytes_total"),
            "jvm_classes_loaded_classes": (),
            "jvm_threads_states_threads": ("state",),
            "jvm_buffer_memory_used_bytes": ("id",),
            **_named("", "process_cpu_usage", "system_cpu_count"),
            **{f"executor_{what}": ("name",) for what in ("active_threads", "pool_max_threads", "queued_tasks")},
        },
    ),
    "hikaricp": Source(
        documentation="https://github.com/brettwooldridge/HikariCP/wiki/MBean-(JMX)-Monitoring-and-Management",
        metrics={
            f"hikaricp_connections{what}": ("pool",)
            for what in (
                "_active",
                "_idle",
                "_max",
                "_pending",
                "_timeout_total",
                "_acquire_seconds_count",
                "_acquire_seconds_sum",
                "_acquire_seconds_max",
            )
        },
    ),
    "python": Source(
        documentation="https://prometheus.github.io/client_python/collector/",
        metrics={
            f"python_gc_{what}_total": ("generation",)
            for what in ("collections", "objects_collected", "objects_uncollectable")
        },
    ),
    "kube-state-metrics": Source(
        documentation="https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics",
        labels=OBJECT,
        metrics={
            **{
                f"kube_{kind}_labels": (kind, "label_app_kubernetes_io_name", "label_polyglot_dev_team")
                for kind in ("pod", "deployment", "statefulset", "horizontalpodautoscaler")
            },
            # From its configuration of ours (components/observability/exporters/certificate_metrics.py).
            "certmanager_certificate_expiration_timestamp_seconds": ("name",),
            "kube_pod_spec_volumes_persistentvolumeclaims_info": ("persistentvolumeclaim", "volume", "uid"),
            "kube_pod_status_phase": ("phase", "uid"),
            "kube_pod_status_ready": ("condition", "uid"),
            "kube_deployment_status_condition": ("deployment", "condition", "status"),
            "kube_pod_container_info": ("image", "image_spec", "image_id", "container_id", "uid"),
            "kube_pod_container_resource_limits": ("resource", "unit", "uid"),
            "kube_pod_container_status_restarts_total": ("uid",),
            "kube_pod_container_status_last_terminated_reason": ("reason", "uid"),
            "kube_pod_container_status_waiting_reason": ("reason", "uid"),
            **{
                f"kube_deployment_{what}": ("deployment",)
                for what in ("spec_replicas", "status_replicas_available", "status_replicas_updated")
            },
            **{f"kube_statefulset_{what}": ("statefulset",) for what in ("replicas", "status_replicas_ready")},
            **{
                f"kube_horizontalpodautoscaler_{what}": ("horizontalpodautoscaler",)
                for what in (
                    "spec_max_replicas",
                    "spec_min_replicas",
                    "status_current_replicas",
                    "status_desired_replicas",
                )
            },
        },
    ),
    "cadvisor": Source(
        documentation="https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md",
        labels=OBJECT,
        metrics=dict.fromkeys(
            (
                "container_cpu_usage_seconds_total",
                "container_cpu_cfs_periods_total",
                "container_cpu_cfs_throttled_periods_total",
                "container_memory_working_set_bytes",
            ),
            ("id", "image", "name"),
        ),
    ),
    "kubelet": Source(
        documentation="https://kubernetes.io/docs/reference/instrumentation/metrics/",
        labels=OBJECT,
        metrics={
            f"kubelet_volume_stats_{what}": ("persistentvolumeclaim",) for what in ("available_bytes", "capacity_bytes")
        },
    ),
    "istio": Source(
        documentation="https://istio.io/latest/docs/reference/config/metrics/",
        metrics={
            "istio_agent_cert_expiry_seconds": ("resource_name",),
            "istio_requests_total": _ISTIO,
            "istio_request_duration_milliseconds_bucket": (*_ISTIO, "le"),
            "istio_tcp_connections_opened_total": _ISTIO,
            "istio_tcp_sent_bytes_total": _ISTIO,
            "istio_tcp_received_bytes_total": _ISTIO,
        },
    ),
    "envoy": Source(
        documentation="https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/statistics",
        metrics=_named("envoy_server_", "memory_allocated", "uptime"),
    ),
    "nats": Source(
        documentation="https://github.com/nats-io/prometheus-nats-exporter",
        metrics={
            **{f"jetstream_stream_{what}": _JSZ_STREAM for what in ("total_messages", "total_bytes", "last_seq")},
            **{
                f"jetstream_consumer_{what}": _JSZ_CONSUMER
                for what in (
                    "num_pending",
                    "num_ack_pending",
                    "num_redelivered",
                    "delivered_consumer_seq",
                )
            },
            **{
                f"gnatsd_varz_{what}": ("server_id",)
                for what in (
                    "connections",
                    "mem",
                    "slow_consumers",
                    "jetstream_stats_storage",
                    "jetstream_config_max_storage",
                )
            },
        },
    ),
    "postgres": Source(
        documentation="https://github.com/prometheus-community/postgres_exporter",
        metrics={
            **_named("pg_", "up"),
            "pg_settings_max_connections": ("server",),
            "pg_database_size_bytes": ("datname",),
            "pg_stat_activity_max_tx_duration": ("datname", "server", "state", "usename"),
            **{
                f"pg_stat_database_{what}": ("datid", "datname")
                for what in ("numbackends", "xact_commit", "xact_rollback", "deadlocks", "blks_hit", "blks_read")
            },
        },
    ),
    "redis": Source(
        documentation="https://github.com/oliver006/redis_exporter",
        metrics={
            **_named("redis_", "up", "connected_clients", "memory_used_bytes", "memory_max_bytes"),
            **_named("redis_", "keyspace_hits_total", "keyspace_misses_total", "evicted_keys_total"),
            "redis_rejected_connections_total": (),
            "redis_instance_info": ("maxmemory_policy", "redis_version", "role"),
            "redis_db_keys": ("db",),
            "redis_commands_total": ("cmd",),
            "redis_commands_duration_seconds_total": ("cmd",),
        },
    ),
    "prometheus": Source(
        documentation="https://prometheus.io/docs/prometheus/latest/getting_started/",
        metrics={
            **_named("", "up", "scrape_duration_seconds"),
            "ALERTS": ("alertname", "alertstate", "severity", "window"),
            **_named(
                "prometheus_tsdb_",
                "head_series",
                "head_series_created_total",
                "storage_blocks_bytes",
                "wal_storage_size_bytes",
                "head_chunks_storage_size_bytes",
                "retention_limit_bytes",
                "compactions_failed_total",
                "wal_writes_failed_total",
            ),
            "prometheus_tsdb_head_samples_appended_total": ("type",),
            "prometheus_target_scrapes_sample_out_of_order_total": (),
            "prometheus_config_last_reload_successful": (),
            "prometheus_engine_query_duration_seconds": ("slice", "quantile"),
            **{
                f"prometheus_rule_{what}": ("rule_group",)
                for what in (
                    "group_last_duration_seconds",
                    "group_interval_seconds",
                    "evaluation_failures_total",
                    "group_iterations_missed_total",
                )
            },
            **{f"prometheus_notifications_{what}_total": ("alertmanager",) for what in ("sent", "errors", "dropped")},
            **{
                f"prometheus_remote_storage_{what}": ("remote_name", "url")
                for what in (
                    "samples_total",
                    "samples_failed_total",
                    "queue_highest_timestamp_seconds",
                    "queue_highest_sent_timestamp_seconds",
                )
            },
        },
    ),
    "alertmanager": Source(
        documentation="https://prometheus.io/docs/alerting/latest/alertmanager/",
        metrics={
            "alertmanager_alerts": ("state",),
            "alertmanager_notifications_total": ("integration",),
            "alertmanager_notifications_failed_total": ("integration", "reason"),
            **_named("alertmanager_", "cluster_members", "config_last_reload_successful"),
        },
    ),
    "collector": Source(
        documentation="https://opentelemetry.io/docs/collector/internal-telemetry/",
        metrics={
            **{
                f"otelcol_receiver_{what}_total": ("receiver", "transport")
                for what in ("accepted_spans", "refused_spans", "failed_spans")
            },
            "otelcol_receiver_accepted_log_records_total": ("receiver",),
            **{
                f"otelcol_exporter_{what}_total": ("exporter",)
                for what in (
                    "sent_spans",
                    "sent_log_records",
                    "sent_metric_points",
                    "send_failed_spans",
                    "send_failed_log_records",
                )
            },
            **{f"otelcol_exporter_queue_{what}": ("exporter", "data_type") for what in ("size", "capacity")},
            "otelcol_processor_tail_sampling_sampling_traces_on_memory": (),
            "otelcol_processor_tail_sampling_global_count_traces_sampled_total": ("decision",),
        },
    ),
    "loki": Source(
        documentation="https://grafana.com/docs/loki/latest/operations/observability/",
        metrics={
            "loki_distributor_bytes_received_total": ("format", "tenant"),
            "loki_discarded_samples_total": ("reason", "tenant"),
            "loki_request_duration_seconds_bucket": ("method", "route", "status_code", "le"),
            "loki_ingester_memory_streams": ("tenant",),
            **_named("loki_ingester_", "chunks_flush_failures_total", "wal_disk_full_failures_total"),
        },
    ),
}
"""Program → what is used of it."""


def labels_by_metric() -> dict[str, frozenset[str]]:
    """Each metric of any source → the labels that it may have."""
    return {
        name: source.labels | frozenset(labels)
        for source in SOURCES.values()
        for name, labels in source.metrics.items()
    }
