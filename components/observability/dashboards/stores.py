"""PostgreSQL and Redis, as their exporters tell of them."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs, Role
from components.observability.dashboards import index
from components.observability.dashboards.expressions import RATE, SERVICE, in_namespace, share
from components.observability.dashboards.page import Choice, Row, page
from components.observability.dashboards.panels import ORANGE, RED, Panel, Query, graph
from components.observability.rules.stores import UP
from components.observability.thresholds import POOL_SHARE, STORE_MEMORY_SHARE, VOLUME_FULL_SHARE, VOLUME_SHARE

# Databases of PostgreSQL's own.
_DATABASE = f'{SERVICE}, datname!~"template.*|postgres"'


def stores(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of stores: rows for those engines that the platform has."""
    rows = [Row(title="Answering", panels=[_answering(args)], height=6)]
    if index.exporters(args, "postgres"):
        rows += [
            Row(title="PostgreSQL", panels=[_connections(), _transactions(), _longest(), _deadlocks()]),
            Row(title="PostgreSQL's storage", panels=[_cache_hits(), _size()]),
        ]
    if index.exporters(args, "redis"):
        rows += [
            Row(title="Redis", panels=[_clients(), _commands(), _command_durations(), _hits()]),
            Row(title="Redis' memory", panels=[_memory(), _memory_share(), _evicted(), _keys()]),
        ]
    here = any(workload.role in {Role.STORE, Role.BROKER} for workload in args.workloads.values())
    if args.settings.metrics.nodes and here:
        rows.append(Row(title="Volumes", panels=[_volumes(args)]))
    return page(
        index.STORES,
        "Connections, work and memory of databases and caches.",
        rows,
        choice=Choice(label="Store", values=index.exporters(args, "postgres", "redis")),
    )


def _answering(args: ObservabilityArgs) -> Panel:
    return graph(
        "Answering",
        "1 while the store answers its exporter.",
        units.Short,
        *(
            Query(expression=f"max by (service) ({metric}{{{SERVICE}}})", legend="{{service}}")
            for engine, metric in UP.items()
            if index.exporters(args, engine)
        ),
        most=1,
    )


def _connections() -> Panel:
    return graph(
        "Connections",
        "Share of the connections that the server takes (max_connections). The line is the alert's.",
        units.PercentUnit,
        Query(
            expression=(
                f"sum by (service) (pg_stat_database_numbackends{{{SERVICE}}})"
                f" / max by (service) (pg_settings_max_connections{{{SERVICE}}})"
            ),
            legend="{{service}}",
        ),
        limits=[(POOL_SHARE, RED)],
        most=1,
    )


def _transactions() -> Panel:
    done = "sum by (service) (rate(pg_stat_database_xact_{}{{{}}}[{}]))"
    return graph(
        "Transactions",
        "Committed and rolled back, a second.",
        units.OpsPerSecond,
        Query(expression=done.format("commit", _DATABASE, RATE), legend="{{service}}"),
        Query(expression=done.format("rollback", _DATABASE, RATE), legend="{{service}} rolled back"),
    )


def _longest() -> Panel:
    return graph(
        "Longest transaction",
        "Since when the oldest open one runs. It keeps vacuum from cleaning up, and may hold locks.",
        units.Seconds,
        Query(
            expression=f"max by (service) (pg_stat_activity_max_tx_duration{{{_DATABASE}}})",
            legend="{{service}}",
        ),
    )


def _deadlocks() -> Panel:
    return graph(
        "Deadlocks",
        "Transactions ended in five minutes as they waited for each other.",
        units.Short,
        Query(
            expression=f"sum by (service) (increase(pg_stat_database_deadlocks{{{_DATABASE}}}[5m]))",
            legend="{{service}}",
        ),
    )


def _cache_hits() -> Panel:
    hits = f"sum by (service) (rate(pg_stat_database_blks_hit{{{_DATABASE}}}[{RATE}]))"
    read = f"sum by (service) (rate(pg_stat_database_blks_read{{{_DATABASE}}}[{RATE}]))"
    return graph(
        "Found in memory",
        "Share of blocks that PostgreSQL found in its buffers. Well below 99 % there are too few of them.",
        units.PercentUnit,
        Query(expression=share(hits, f"({hits} + {read})"), legend="{{service}}"),
        most=1,
    )


def _size() -> Panel:
    return graph(
        "Size",
        "Bytes of each database.",
        units.BytesIEC,
        Query(
            expression=f"max by (service, datname) (pg_database_size_bytes{{{_DATABASE}}})",
            legend="{{service}} {{datname}}",
        ),
    )


def _clients() -> Panel:
    return graph(
        "Clients",
        "Connected clients.",
        units.Short,
        Query(expression=f"sum by (service) (redis_connected_clients{{{SERVICE}}})", legend="{{service}}"),
    )


def _commands() -> Panel:
    return graph(
        "Commands",
        "A second, by command.",
        units.OpsPerSecond,
        Query(
            expression=f"sum by (service, cmd) (rate(redis_commands_total{{{SERVICE}}}[{RATE}]))",
            legend="{{service}} {{cmd}}",
        ),
    )


def _command_durations() -> Panel:
    return graph(
        "Duration of commands",
        "On average, inside Redis, by command. While one runs, all others wait.",
        units.Seconds,
        Query(
            expression=share(
                f"sum by (service, cmd) (rate(redis_commands_duration_seconds_total{{{SERVICE}}}[{RATE}]))",
                f"sum by (service, cmd) (rate(redis_commands_total{{{SERVICE}}}[{RATE}]))",
            ),
            legend="{{service}} {{cmd}}",
        ),
    )


def _hits() -> Panel:
    hits = f"sum by (service) (rate(redis_keyspace_hits_total{{{SERVICE}}}[{RATE}]))"
    misses = f"sum by (service) (rate(redis_keyspace_misses_total{{{SERVICE}}}[{RATE}]))"
    return graph(
        "Found",
        "Share of look-ups that found their key.",
        units.PercentUnit,
        Query(expression=share(hits, f"({hits} + {misses})"), legend="{{service}}"),
        most=1,
    )


def _memory() -> Panel:
    return graph(
        "Memory",
        "Bytes in use.",
        units.BytesIEC,
        Query(expression=f"sum by (service) (redis_memory_used_bytes{{{SERVICE}}})", legend="{{service}}"),
    )


def _memory_share() -> Panel:
    used = share(f"redis_memory_used_bytes{{{SERVICE}}}", f"redis_memory_max_bytes{{{SERVICE}}}")
    return graph(
        "Memory of maxmemory",
        "At 100 % Redis drops keys or refuses writes, as its policy says. Without a limit there is nothing to show.",
        units.PercentUnit,
        Query(expression=f"max by (service) ({used})", legend="{{service}}"),
        limits=[(STORE_MEMORY_SHARE, RED)],
        most=1,
    )


def _evicted() -> Panel:
    return graph(
        "Evicted",
        "Keys a second that were dropped for lack of memory.",
        units.OpsPerSecond,
        Query(
            expression=f"sum by (service) (rate(redis_evicted_keys_total{{{SERVICE}}}[{RATE}]))", legend="{{service}}"
        ),
    )


def _keys() -> Panel:
    return graph(
        "Keys",
        "Keys in all databases.",
        units.Short,
        Query(expression=f"sum by (service) (redis_db_keys{{{SERVICE}}})", legend="{{service}}"),
    )


def _volumes(args: ObservabilityArgs) -> Panel:
    of = in_namespace(args)
    return graph(
        "Volumes",
        "Share in use, by claim: of all volumes, the broker's and Prometheus' among them. The lines are the alerts'.",
        units.PercentUnit,
        Query(
            expression=(f"1 - kubelet_volume_stats_available_bytes{of} / kubelet_volume_stats_capacity_bytes{of}"),
            legend="{{persistentvolumeclaim}}",
        ),
        limits=[(VOLUME_SHARE, ORANGE), (VOLUME_FULL_SHARE, RED)],
        most=1,
    )
