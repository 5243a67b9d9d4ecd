"""The Java runtime: memory, collections, threads, pools of connections. Pure.

Names are Micrometer's: https://docs.micrometer.io/micrometer/reference/reference/jvm.html.
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.examples import POD, written
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.observability.thresholds import GC_PAUSE_SECONDS, GC_PAUSE_SHARE, OLD_GENERATION_SHARE
from components.specs.container import Language
from components.specs.observability.alerts import Severity

_LABELS: Final = written(POD)
_BY_POD: Final = "by (service, team, pod)"


def jvm_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on JVMs; none where no Java service tells of its own."""
    java = [one for one in args.services if one.language is Language.JAVA and one.endpoint]
    pools = (_CONNECTIONS_AWAITED,) if any(one.stores for one in java) else ()
    alerts = (_OLD_GENERATION, _PAUSES, _LONG_PAUSES, _THREADS_BUSY, *pools) if java else ()
    return RuleGroup(name="jvm", rules=alerts)


_OLD_GENERATION: Final = Alert(
    name="JvmOldGenerationFills",
    # What a collection has left: use alone rises up to the next one in a healthy JVM too. Micrometer finds the old
    # generation under each collector's name for it (Tenured Gen, G1 Old Gen, PS Old Gen).
    expression=(
        f"max {_BY_POD} (jvm_gc_live_data_size_bytes) / max {_BY_POD} (jvm_gc_max_data_size_bytes)"
        f" > {OLD_GENERATION_SHARE}"
    ),
    hold=timedelta(minutes=5),
    severity=Severity.TICKET,
    summary="{{ $value | humanizePercentage }} of the old generation of {{ $labels.pod }} stays after collections",
    description="The JVM is about to spend its time collecting, and then to end with OutOfMemoryError.",
    dashboard="jvm",
    tests=(
        AlertTest(
            name="81 of 100 MB",
            series={
                f"jvm_gc_live_data_size_bytes{{{_LABELS}}}": "81e6x20",
                f"jvm_gc_max_data_size_bytes{{{_LABELS}}}": "100e6x20",
            },
            at=timedelta(minutes=10),
            fires=(Firing(labels=POD, summary="81% of the old generation of example-1 stays after collections"),),
        ),
        AlertTest(
            name="80 of 100 MB",
            series={
                f"jvm_gc_live_data_size_bytes{{{_LABELS}}}": "80e6x20",
                f"jvm_gc_max_data_size_bytes{{{_LABELS}}}": "100e6x20",
            },
            at=timedelta(minutes=10),
        ),
    ),
)

_PAUSES: Final = Alert(
    name="JvmPausesOften",
    expression=f"sum {_BY_POD} (rate(jvm_gc_pause_seconds_sum[5m])) > {GC_PAUSE_SHARE}",
    hold=timedelta(minutes=10),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} stands still for {{ $value | humanizePercentage }} of its time",
    description="Garbage collection takes more than a tenth of the time; requests wait meanwhile.",
    dashboard="jvm",
    tests=(
        AlertTest(
            name="9 s in each minute",
            series={f'jvm_gc_pause_seconds_sum{{gc="Copy",{_LABELS}}}': "0+9x20"},
            at=timedelta(minutes=18),
            fires=(Firing(labels=POD, summary="example-1 stands still for 15% of its time"),),
        ),
        AlertTest(
            name="5 s in each minute",
            series={f'jvm_gc_pause_seconds_sum{{gc="Copy",{_LABELS}}}': "0+5x20"},
            at=timedelta(minutes=18),
        ),
    ),
)

_LONG_PAUSES: Final = Alert(
    name="JvmPausesLong",
    expression=f"max {_BY_POD} (jvm_gc_pause_seconds_max) > {GC_PAUSE_SECONDS}",
    hold=timedelta(minutes=10),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} stands still for {{ $value | humanizeDuration }} at a time",
    description="Single collections have been longer than half a second again and again for ten minutes.",
    dashboard="jvm",
    tests=(
        AlertTest(
            name="700 ms",
            series={f'jvm_gc_pause_seconds_max{{gc="MarkSweepCompact",{_LABELS}}}': "0.7x20"},
            at=timedelta(minutes=15),
            fires=(Firing(labels=POD, summary="example-1 stands still for 700ms at a time"),),
        ),
        AlertTest(
            name="500 ms",
            series={f'jvm_gc_pause_seconds_max{{gc="MarkSweepCompact",{_LABELS}}}': "0.5x20"},
            at=timedelta(minutes=15),
        ),
    ),
)

_THREADS_BUSY: Final = Alert(
    name="JvmThreadPoolExhausted",
    expression=(
        "sum by (service, team, pod, name) (executor_queued_tasks) > 0"
        " and sum by (service, team, pod, name) (executor_active_threads)"
        " >= sum by (service, team, pod, name) (executor_pool_max_threads)"
    ),
    hold=timedelta(minutes=5),
    severity=Severity.TICKET,
    summary="{{ $value }} tasks wait for a thread of {{ $labels.name }} in {{ $labels.pod }}",
    description="All threads of a pool have been busy for five minutes, and work waits for them.",
    dashboard="jvm",
    tests=(
        AlertTest(
            name="12 wait for 10 busy threads",
            series={
                f'executor_queued_tasks{{name="calls",{_LABELS}}}': "12x20",
                f'executor_active_threads{{name="calls",{_LABELS}}}': "10x20",
                f'executor_pool_max_threads{{name="calls",{_LABELS}}}': "10x20",
            },
            at=timedelta(minutes=10),
            fires=(
                Firing(labels={**POD, "name": "calls"}, summary="12 tasks wait for a thread of calls in example-1"),
            ),
        ),
        AlertTest(
            name="all are busy, and nothing waits",
            series={
                f'executor_queued_tasks{{name="calls",{_LABELS}}}': "0x20",
                f'executor_active_threads{{name="calls",{_LABELS}}}': "10x20",
                f'executor_pool_max_threads{{name="calls",{_LABELS}}}': "10x20",
            },
            at=timedelta(minutes=10),
        ),
    ),
)

_CONNECTIONS_AWAITED: Final = Alert(
    name="ConnectionPoolExhausted",
    expression="max by (service, team, pod, pool) (hikaricp_connections_pending) > 0",
    hold=timedelta(minutes=5),
    severity=Severity.TICKET,
    summary="{{ $value }} threads of {{ $labels.pod }} wait for a connection of the pool {{ $labels.pool }}",
    description="For five minutes somebody has always been waiting for a connection to the database.",
    dashboard="stores",
    tests=(
        AlertTest(
            name="3 wait",
            series={f'hikaricp_connections_pending{{pool="main",{_LABELS}}}': "3x20"},
            at=timedelta(minutes=10),
            fires=(
                Firing(
                    labels={**POD, "pool": "main"},
                    summary="3 threads of example-1 wait for a connection of the pool main",
                ),
            ),
        ),
        AlertTest(
            name="one waits now and then",
            series={f'hikaricp_connections_pending{{pool="main",{_LABELS}}}': "1 0 1 0 1 0 1 0 1 0 1 0 1"},
            at=timedelta(minutes=10),
        ),
    ),
)
