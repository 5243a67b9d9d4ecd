"""The Java virtual machine, as Micrometer measures it, and HikariCP's pools of connections."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import index
from components.observability.dashboards.expressions import RATE, SERVICE, share
from components.observability.dashboards.page import Row, page, services
from components.observability.dashboards.panels import RED, Panel, Query, graph
from components.observability.thresholds import GC_PAUSE_SHARE, OLD_GENERATION_SHARE, POOL_SHARE
from components.specs.container import Language

_POD = "{{pod}}"
# The serial, parallel and G1 collectors each have a name of their own for it.
_OLD = f'{SERVICE}, area="heap", id=~".*(Old|Tenured).*"'


def java(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of Java virtual machines; with their pools where one of them has a database."""
    rows = [
        Row(title="Memory", panels=[_heap(), _old_generation(), _outside(), _direct()]),
        Row(title="Garbage collection", panels=[_pause_share(), _longest_pause(), _collections(), _allocated()]),
        Row(title="Threads", panels=[_threads(), _thread_pools(), _queued_tasks()]),
        Row(title="Process", panels=[_processor(), _classes()]),
    ]
    machines = index.written_in(args, Language.JAVA)
    if any(args.workloads[name].stores for name in machines):
        rows.append(Row(title="Connections to databases", panels=[_pool(), _pool_share(), _waiting(), _acquired()]))
    return page(
        index.JAVA,
        "Memory, garbage collection, threads and connection pools of Java virtual machines, by Pod.",
        rows,
        choice=services(machines),
    )


def _heap() -> Panel:
    return graph(
        "Heap",
        "Bytes in use on the heap, what the machine has of the operating system for it, and the most that it may have.",
        units.BytesIEC,
        _summed("jvm_memory_used_bytes", "used"),
        _summed("jvm_memory_committed_bytes", "committed"),
        _summed("jvm_memory_max_bytes", "most"),
    )


def _summed(metric: str, what: str) -> Query:
    return Query(expression=f'sum by (pod) ({metric}{{{SERVICE}, area="heap"}})', legend=f"{_POD} {what}")


def _old_generation() -> Panel:
    return graph(
        "Old generation",
        "In use, now and after the last collection: what stays then, the program holds on to. The line is the alert's.",
        units.PercentUnit,
        Query(
            expression=(
                f"sum by (pod) (jvm_memory_used_bytes{{{_OLD}}}) / sum by (pod) (jvm_memory_max_bytes{{{_OLD}}})"
            ),
            legend=_POD,
        ),
        Query(
            expression=f"jvm_gc_live_data_size_bytes{{{SERVICE}}} / jvm_gc_max_data_size_bytes{{{SERVICE}}}",
            legend=f"{_POD} after collections",
        ),
        limits=[(OLD_GENERATION_SHARE, RED)],
        most=1,
    )


def _outside() -> Panel:
    return graph(
        "Outside the heap",
        "Metaspace, compiled code and the like: they count against the container's memory limit too.",
        units.BytesIEC,
        Query(
            expression=f'sum by (pod, id) (jvm_memory_used_bytes{{{SERVICE}, area="nonheap"}})',
            legend=f"{_POD} {{{{id}}}}",
        ),
        stacked=True,
    )


def _direct() -> Panel:
    return graph(
        "Buffers",
        "Direct and mapped buffers, outside the heap: network libraries use them.",
        units.BytesIEC,
        Query(expression=f"sum by (pod, id) (jvm_buffer_memory_used_bytes{{{SERVICE}}})", legend=f"{_POD} {{{{id}}}}"),
    )


def _pause_share() -> Panel:
    return graph(
        "Time in pauses",
        "Share of its time that the machine stood still for the garbage collector. The line is the alert's.",
        units.PercentUnit,
        Query(expression=f"sum by (pod) (rate(jvm_gc_pause_seconds_sum{{{SERVICE}}}[{RATE}]))", legend=_POD),
        limits=[(GC_PAUSE_SHARE, RED)],
    )


def _longest_pause() -> Panel:
    return graph(
        "Longest pause",
        "The longest of the last minutes. A request in flight took at least as long.",
        units.Seconds,
        Query(
            expression=f"max by (pod, action) (jvm_gc_pause_seconds_max{{{SERVICE}}})", legend=f"{_POD} {{{{action}}}}"
        ),
    )


def _collections() -> Panel:
    return graph(
        "Collections",
        "Garbage collections a second, by cause.",
        units.CountsPerSecond,
        Query(
            expression=f"sum by (pod, cause) (rate(jvm_gc_pause_seconds_count{{{SERVICE}}}[{RATE}]))",
            legend=f"{_POD} {{{{cause}}}}",
        ),
    )


def _allocated() -> Panel:
    return graph(
        "Allocated and promoted",
        "Bytes a second for new objects, and of those that outlived the young generation.",
        units.BytesPerSecondIEC,
        Query(expression=f"rate(jvm_gc_memory_allocated_bytes_total{{{SERVICE}}}[{RATE}])", legend=_POD),
        Query(expression=f"rate(jvm_gc_memory_promoted_bytes_total{{{SERVICE}}}[{RATE}])", legend=f"{_POD} promoted"),
    )


def _threads() -> Panel:
    return graph(
        "Threads",
        "By state. Many that are blocked wait for the same lock.",
        units.Short,
        Query(
            expression=f"sum by (pod, state) (jvm_threads_states_threads{{{SERVICE}}})", legend=f"{_POD} {{{{state}}}}"
        ),
        stacked=True,
    )


def _thread_pools() -> Panel:
    return graph(
        "Thread pools",
        "Share of a pool's threads at work, where the service has a pool that it measures.",
        units.PercentUnit,
        Query(
            expression=f"executor_active_threads{{{SERVICE}}} / executor_pool_max_threads{{{SERVICE}}}",
            legend=f"{_POD} {{{{name}}}}",
        ),
        most=1,
    )


def _queued_tasks() -> Panel:
    return graph(
        "Tasks that wait",
        "For a thread of their pool. The alert fires where some wait for long while all threads are at work.",
        units.Short,
        Query(expression=f"executor_queued_tasks{{{SERVICE}}}", legend=f"{_POD} {{{{name}}}}"),
    )


def _classes() -> Panel:
    return graph(
        "Classes",
        "Loaded classes. A number that only ever grows is a leak of class loaders.",
        units.Short,
        Query(expression=f"jvm_classes_loaded_classes{{{SERVICE}}}", legend=_POD),
    )


def _processor() -> Panel:
    return graph(
        "CPU",
        "Cores in use, of those that the machine knows of.",
        units.Short,
        Query(expression=f"process_cpu_usage{{{SERVICE}}} * system_cpu_count{{{SERVICE}}}", legend=_POD),
        Query(expression=f"system_cpu_count{{{SERVICE}}}", legend=f"{_POD} cores"),
    )


def _pool() -> Panel:
    return graph(
        "Connections",
        "In use and idle.",
        units.Short,
        Query(expression=f"sum by (pod, pool) (hikaricp_connections_active{{{SERVICE}}})", legend=f"{_POD} in use"),
        Query(expression=f"sum by (pod, pool) (hikaricp_connections_idle{{{SERVICE}}})", legend=f"{_POD} idle"),
    )


def _pool_share() -> Panel:
    return graph(
        "Connections of the pool",
        "Share of the pool in use: at 100 % requests wait for each other.",
        units.PercentUnit,
        Query(
            expression=f"hikaricp_connections_active{{{SERVICE}}} / hikaricp_connections_max{{{SERVICE}}}", legend=_POD
        ),
        limits=[(POOL_SHARE, RED)],
        most=1,
    )


def _waiting() -> Panel:
    return graph(
        "Waiting for a connection",
        "Requests that wait for a connection, and those a second that gave up.",
        units.Short,
        Query(expression=f"hikaricp_connections_pending{{{SERVICE}}}", legend=_POD),
        Query(expression=f"rate(hikaricp_connections_timeout_total{{{SERVICE}}}[{RATE}])", legend=f"{_POD} gave up"),
    )


def _acquired() -> Panel:
    return graph(
        "Wait for a connection",
        "On average, and the longest of the last minutes.",
        units.Seconds,
        Query(
            expression=share(
                f"rate(hikaricp_connections_acquire_seconds_sum{{{SERVICE}}}[{RATE}])",
                f"rate(hikaricp_connections_acquire_seconds_count{{{SERVICE}}}[{RATE}])",
            ),
            legend=_POD,
        ),
        Query(expression=f"hikaricp_connections_acquire_seconds_max{{{SERVICE}}}", legend=f"{_POD} longest"),
    )
