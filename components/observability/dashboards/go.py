"""The Go runtime, of services and of the platform's own parts that are written in Go."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import index
from components.observability.dashboards.expressions import RATE, SERVICE, slowest
from components.observability.dashboards.page import Row, page, services
from components.observability.dashboards.panels import RED, Panel, Query, graph
from components.observability.thresholds import GO_MEMORY_SHARE
from components.specs.container import Language

_POD = "{{pod}}"
# What GOMEMLIMIT limits: https://pkg.go.dev/runtime/debug#SetMemoryLimit
_MEMORY = f"(go_memstats_sys_bytes{{{SERVICE}}} - go_memstats_heap_released_bytes{{{SERVICE}}})"
_LIMIT = f"go_gc_gomemlimit_bytes{{{SERVICE}}}"
# Without a limit the metric is the largest number there is.
_LIMITED = f"({_LIMIT} < 2^62)"


def go(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of programs in Go."""
    return page(
        index.GO,
        "Goroutines, memory and garbage collection of programs in Go, by Pod.",
        [
            Row(title="Goroutines", panels=[_goroutines(), _waiting(), _threads()]),
            Row(title="Memory", panels=[_memory(), _limit_share(), _allocated()]),
            Row(title="Garbage collection", panels=[_collections(), _pauses(), _live()]),
            Row(title="Process", panels=[_processor(), _descriptors()]),
        ],
        choice=services(index.written_in(args, Language.GO)),
    )


def _goroutines() -> Panel:
    return graph(
        "Goroutines",
        "A number that only ever grows is a leak: something waits for what never comes.",
        units.Short,
        Query(expression=f"go_goroutines{{{SERVICE}}}", legend=_POD),
    )


def _waiting() -> Panel:
    return graph(
        "Wait for a thread, P99",
        "How long goroutines that could run wait for a thread. Above some milliseconds the CPU limit is too small.",
        units.Seconds,
        Query(expression=slowest("go_sched_latencies_seconds", "pod"), legend=_POD),
    )


def _threads() -> Panel:
    return graph(
        "Threads",
        "Threads of the operating system, and how many may run Go at once (GOMAXPROCS). Many threads: blocking calls.",
        units.Short,
        Query(expression=f"go_threads{{{SERVICE}}}", legend=_POD),
        Query(expression=f"go_sched_gomaxprocs_threads{{{SERVICE}}}", legend=f"{_POD} GOMAXPROCS"),
    )


def _memory() -> Panel:
    return graph(
        "Memory and GOMEMLIMIT",
        "What the runtime has of the operating system, and the limit that it keeps to.",
        units.BytesIEC,
        Query(expression=_MEMORY, legend=_POD),
        Query(expression=_LIMITED, legend=f"{_POD} limit"),
    )


def _limit_share() -> Panel:
    return graph(
        "Memory of GOMEMLIMIT",
        "Near the limit Go collects ever more often, and the service slows down. The line is the alert's.",
        units.PercentUnit,
        Query(expression=f"{_MEMORY} / {_LIMITED}", legend=_POD),
        limits=[(GO_MEMORY_SHARE, RED)],
    )


def _allocated() -> Panel:
    return graph(
        "Allocated",
        "Bytes a second for new objects: what the garbage collector has to keep up with.",
        units.BytesPerSecondIEC,
        Query(expression=f"rate(go_memstats_alloc_bytes_total{{{SERVICE}}}[{RATE}])", legend=_POD),
    )


def _collections() -> Panel:
    return graph(
        "Collections",
        "Garbage collections a second.",
        units.CountsPerSecond,
        Query(expression=f"rate(go_gc_duration_seconds_count{{{SERVICE}}}[{RATE}])", legend=_POD),
    )


def _pauses() -> Panel:
    # Prometheus 3 spells whole numbers so, whatever the exporter does.
    return graph(
        "Longest pause",
        "The longest of the last collections' pauses, in which no goroutine runs.",
        units.Seconds,
        Query(expression=f'go_gc_duration_seconds{{{SERVICE}, quantile="1.0"}}', legend=_POD),
    )


def _live() -> Panel:
    return graph(
        "Heap and its goal",
        "Bytes in use on the heap, and at how many the next collection begins.",
        units.BytesIEC,
        Query(expression=f"go_memstats_heap_inuse_bytes{{{SERVICE}}}", legend=_POD),
        Query(expression=f"go_memstats_next_gc_bytes{{{SERVICE}}}", legend=f"{_POD} goal"),
    )


def _processor() -> Panel:
    return graph(
        "CPU",
        "Cores in use, as the process itself counts them.",
        units.Short,
        Query(expression=f"rate(process_cpu_seconds_total{{{SERVICE}}}[{RATE}])", legend=_POD),
    )


def _descriptors() -> Panel:
    return graph(
        "Open files and connections",
        "Of as many as the process may have. A number that only ever grows is a leak.",
        units.PercentUnit,
        Query(expression=f"process_open_fds{{{SERVICE}}} / process_max_fds{{{SERVICE}}}", legend=_POD),
        most=1,
    )
