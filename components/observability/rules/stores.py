"""Stores, as their exporters see them. Pure.

https://github.com/prometheus-community/postgres_exporter, https://github.com/oliver006/redis_exporter
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs, Role
from components.observability.names import exporter_name
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.observability.thresholds import POOL_SHARE, STORE_MEMORY_SHARE
from components.specs.observability.alerts import Severity

_NAMED: Final = f'service="{exporter_name("example")}",team="examples"'
_STORE: Final = {"service": "example", "team": "examples"}
UP: Final = {"postgres": "pg_up", "redis": "redis_up"}
"""Engine → what is 1 while a store of it answers its exporter."""


def store_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on the engines that exporters speak for here.

    Their label `service` is the store, not its exporter.
    """
    engines = {one.engine for one in args.workloads.values() if one.role is Role.EXPORTER}
    alerts = [_unreachable(engine) for engine in sorted(UP) if engine in engines]
    alerts += [_CONNECTIONS] if "postgres" in engines else []
    alerts += [_MEMORY, _REFUSED] if "redis" in engines else []
    return RuleGroup(name="stores", rules=tuple(alerts))


def _of_store(expression: str) -> str:
    return f'label_replace({expression}, "service", "$1", "service", "{exporter_name("(.+)")}")'


def _unreachable(engine: str) -> Alert:
    up = UP[engine]
    return Alert(
        name="StoreUnreachable",
        expression=_of_store(f"max by (service, team) ({up}) == 0"),
        hold=timedelta(minutes=2),
        severity=Severity.PAGE,
        labels={"engine": engine},
        summary="{{ $labels.service }} does not answer its exporter",
        description="The store is down, refuses the exporter's password, or is cut off from it.",
        dashboard="stores",
        tests=(
            AlertTest(
                name=f"{engine} does not answer",
                series={f"{up}{{{_NAMED}}}": "0x20"},
                at=timedelta(minutes=5),
                fires=(Firing(labels=_STORE, summary="example does not answer its exporter"),),
            ),
            AlertTest(name=f"{engine} answers", series={f"{up}{{{_NAMED}}}": "1x20"}, at=timedelta(minutes=5)),
        ),
    )


def _connections(used: int) -> dict[str, str]:
    return {
        f'pg_stat_database_numbackends{{datname="a",{_NAMED}}}': f"{used}x20",
        f'pg_stat_database_numbackends{{datname="b",{_NAMED}}}': "10x20",
        f'pg_settings_max_connections{{server="example:5432",{_NAMED}}}': "100x20",
    }


_CONNECTIONS: Final = Alert(
    name="StoreConnectionsExhausted",
    expression=_of_store(
        "sum by (service, team) (pg_stat_database_numbackends)"
        f" / max by (service, team) (pg_settings_max_connections) > {POOL_SHARE}"
    ),
    hold=timedelta(minutes=5),
    severity=Severity.TICKET,
    summary="{{ $value | humanizePercentage }} of the connections that {{ $labels.service }} takes are in use",
    description="When all are in use, further ones are refused: services can't start, pools can't grow.",
    dashboard="stores",
    tests=(
        AlertTest(
            name="91 of 100",
            series=_connections(81),
            at=timedelta(minutes=10),
            fires=(Firing(labels=_STORE, summary="91% of the connections that example takes are in use"),),
        ),
        AlertTest(name="90 of 100", series=_connections(80), at=timedelta(minutes=10)),
    ),
)


def _redis(used: str, policy: str) -> dict[str, str]:
    return {
        f"redis_memory_used_bytes{{{_NAMED}}}": f"{used}x20",
        f"redis_memory_max_bytes{{{_NAMED}}}": "100e6x20",
        f'redis_instance_info{{maxmemory_policy="{policy}",{_NAMED}}}': "1x20",
    }


_MEMORY: Final = Alert(
    name="StoreMemoryFills",
    # A cache that drops what is old is always full, and well. Without maxmemory the container's limit counts.
    expression=_of_store(
        "max by (service, team) (redis_memory_used_bytes)"
        " / (max by (service, team) (redis_memory_max_bytes) > 0)"
        ' and on (service) redis_instance_info{maxmemory_policy="noeviction"}'
    )
    + f" > {STORE_MEMORY_SHARE}",
    hold=timedelta(minutes=10),
    severity=Severity.TICKET,
    summary="{{ $labels.service }} uses {{ $value | humanizePercentage }} of its maxmemory",
    description="It drops nothing by itself: when it is full, it refuses whatever would add to it.",
    dashboard="stores",
    tests=(
        AlertTest(
            name="91 of 100 MB",
            series=_redis("91e6", "noeviction"),
            at=timedelta(minutes=15),
            fires=(Firing(labels=_STORE, summary="example uses 91% of its maxmemory"),),
        ),
        AlertTest(name="90 of 100 MB", series=_redis("90e6", "noeviction"), at=timedelta(minutes=15)),
        AlertTest(name="a full cache", series=_redis("99e6", "allkeys-lru"), at=timedelta(minutes=15)),
    ),
)

_REFUSED: Final = Alert(
    name="StoreRefusesConnections",
    expression=_of_store("sum by (service, team) (increase(redis_rejected_connections_total[5m])) > 0"),
    severity=Severity.TICKET,
    summary="{{ $labels.service }} has refused {{ $value | humanize }} connections in five minutes",
    description="It has as many clients as its maxclients allows.",
    dashboard="stores",
    tests=(
        AlertTest(
            name="10 refused",
            series={f"redis_rejected_connections_total{{{_NAMED}}}": "0+2x20"},
            at=timedelta(minutes=10),
            fires=(Firing(labels=_STORE, summary="example has refused 10 connections in five minutes"),),
        ),
        AlertTest(
            name="none since long",
            series={f"redis_rejected_connections_total{{{_NAMED}}}": "7x20"},
            at=timedelta(minutes=10),
        ),
    ),
)
