"""Prometheus and Alertmanager themselves: whether what watches is well."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import alertmanager, index
from components.observability.dashboards.expressions import RATE
from components.observability.dashboards.page import Row, page
from components.observability.dashboards.panels import Panel, Query, graph

_POD = "{{pod}}"


def monitoring(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of the platform's own Prometheus, and of its Alertmanager where there is one."""
    rows = [
        Row(title="What is read", panels=[_targets(), _samples(), _series(), _scrapes()]),
        Row(title="Rules", panels=[_rule_time(), _rule_failures(), _queries()]),
        Row(title="Storage and configuration", panels=[_storage(), _head(), _reloads(args)]),
    ]
    if args.settings.metrics.remote_write:
        rows.append(Row(title="Sent on", panels=[_sent(), _behind()]))
    if args.settings.alerts is not None:
        rows += alertmanager.rows(args.settings.alerts.replicas)
    return page(index.MONITORING, "Whether what watches the platform is well itself.", rows)


def _targets() -> Panel:
    return graph(
        "Targets",
        "Targets by job, and those that can't be read.",
        units.Short,
        Query(expression="count by (job) (up)", legend="{{job}}"),
        Query(expression="sum by (job) (up == bool 0)", legend="{{job}} silent"),
    )


def _samples() -> Panel:
    return graph(
        "Samples",
        "Taken in, a second.",
        units.CountsPerSecond,
        Query(expression=f"sum by (pod) (rate(prometheus_tsdb_head_samples_appended_total[{RATE}]))", legend=_POD),
    )


def _series() -> Panel:
    return graph(
        "Series",
        "In memory, and new ones a second: a label with ever new values makes both grow.",
        units.Short,
        Query(expression="prometheus_tsdb_head_series", legend=_POD),
        Query(expression=f"rate(prometheus_tsdb_head_series_created_total[{RATE}])", legend=f"{_POD} new a second"),
    )


def _scrapes() -> Panel:
    return graph(
        "Slowest scrapes",
        "How long the slowest target of a job takes to answer.",
        units.Seconds,
        Query(expression="max by (job) (scrape_duration_seconds)", legend="{{job}}"),
    )


def _rule_time() -> Panel:
    return graph(
        "Rules, of their interval",
        "How much of the time until its next turn a group of rules takes. At 100 % turns are missed.",
        units.PercentUnit,
        Query(
            # The label is the file's path, a semicolon, and the group's name.
            expression=(
                "max by (group) (label_replace(prometheus_rule_group_last_duration_seconds"
                ' / prometheus_rule_group_interval_seconds, "group", "$1", "rule_group", ".*;(.*)"))'
            ),
            legend="{{group}}",
        ),
        most=1,
    )


def _rule_failures() -> Panel:
    return graph(
        "Rules that fail",
        "Evaluations a second that failed, and turns that were missed: alerts that can't fire.",
        units.CountsPerSecond,
        Query(expression=f"sum by (pod) (rate(prometheus_rule_evaluation_failures_total[{RATE}]))", legend=_POD),
        Query(
            expression=f"sum by (pod) (rate(prometheus_rule_group_iterations_missed_total[{RATE}]))",
            legend=f"{_POD} missed",
        ),
    )


def _queries() -> Panel:
    return graph(
        "Queries, P90",
        "Nine of ten queries took no longer, those of dashboards and of rules alike.",
        units.Seconds,
        Query(
            expression='max by (pod) (prometheus_engine_query_duration_seconds{slice="inner_eval", quantile="0.9"})',
            legend=_POD,
        ),
    )


def _storage() -> Panel:
    return graph(
        "Storage",
        "Bytes on disk, and the most that are kept: then the oldest samples go.",
        units.BytesIEC,
        Query(
            expression=(
                "prometheus_tsdb_storage_blocks_bytes + prometheus_tsdb_wal_storage_size_bytes"
                " + prometheus_tsdb_head_chunks_storage_size_bytes"
            ),
            legend=_POD,
        ),
        Query(expression="prometheus_tsdb_retention_limit_bytes > 0", legend=f"{_POD} most"),
    )


def _head() -> Panel:
    return graph(
        "Trouble with storage",
        "Failed compactions, failed writes to the log, and samples that came too late, in an hour.",
        units.Short,
        Query(expression="increase(prometheus_tsdb_compactions_failed_total[1h])", legend=f"{_POD} compactions"),
        Query(expression="increase(prometheus_tsdb_wal_writes_failed_total[1h])", legend=f"{_POD} writes"),
        Query(
            expression="increase(prometheus_target_scrapes_sample_out_of_order_total[1h])",
            legend=f"{_POD} late samples",
        ),
    )


def _reloads(args: ObservabilityArgs) -> Panel:
    of_alertmanager = [Query(expression="alertmanager_config_last_reload_successful", legend=_POD)]
    return graph(
        "Configuration taken",
        "1 where the newest configuration was taken; at 0 the one before it still counts.",
        units.Short,
        Query(expression="prometheus_config_last_reload_successful", legend=_POD),
        *(of_alertmanager if args.settings.alerts is not None else []),
        most=1,
    )


def _sent() -> Panel:
    return graph(
        "Samples sent on",
        "A second, and those that the receiver refused for good.",
        units.CountsPerSecond,
        Query(
            expression=f"sum by (pod, remote_name) (rate(prometheus_remote_storage_samples_total[{RATE}]))", legend=_POD
        ),
        Query(
            expression=f"sum by (pod, remote_name) (rate(prometheus_remote_storage_samples_failed_total[{RATE}]))",
            legend=f"{_POD} refused",
        ),
    )


def _behind() -> Panel:
    return graph(
        "Behind",
        "How much older the newest sample at the receiver is than the newest one here.",
        units.Seconds,
        Query(
            expression=(
                "prometheus_remote_storage_queue_highest_timestamp_seconds"
                " - prometheus_remote_storage_queue_highest_sent_timestamp_seconds"
            ),
            legend=_POD,
        ),
    )
