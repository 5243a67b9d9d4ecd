"""The Python runtime, as its Prometheus client measures it."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import index
from components.observability.dashboards.expressions import RATE, SERVICE
from components.observability.dashboards.page import Row, page, services
from components.observability.dashboards.panels import Panel, Query, graph
from components.specs.container import Language

_POD = "{{pod}}"


def python(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of programs in Python."""
    return page(
        index.PYTHON,
        "CPU, memory and garbage collection of programs in Python, by Pod.",
        [
            Row(title="Process", panels=[_processor(), _memory(), _descriptors()]),
            Row(title="Garbage collection", panels=[_collections(), _collected(), _uncollectable()]),
        ],
        choice=services(index.written_in(args, Language.PYTHON)),
    )


def _processor() -> Panel:
    return graph(
        "CPU",
        "Cores in use. One process runs Python code on one core at a time: near 1 it is at its end.",
        units.Short,
        Query(expression=f"rate(process_cpu_seconds_total{{{SERVICE}}}[{RATE}])", legend=_POD),
    )


def _memory() -> Panel:
    return graph(
        "Memory",
        "Resident memory. What only ever grows is a leak, or a cache without a bound.",
        units.BytesIEC,
        Query(expression=f"process_resident_memory_bytes{{{SERVICE}}}", legend=_POD),
    )


def _descriptors() -> Panel:
    return graph(
        "Open files and connections",
        "Of as many as the process may have. A number that only ever grows is a leak.",
        units.PercentUnit,
        Query(expression=f"process_open_fds{{{SERVICE}}} / process_max_fds{{{SERVICE}}}", legend=_POD),
        most=1,
    )


def _collections() -> Panel:
    return graph(
        "Collections",
        "Collections of cycles a second, by generation; those of generation 2 look at every object.",
        units.CountsPerSecond,
        Query(
            expression=f"sum by (pod, generation) (rate(python_gc_collections_total{{{SERVICE}}}[{RATE}]))",
            legend=f"{_POD} generation {{{{generation}}}}",
        ),
    )


def _collected() -> Panel:
    return graph(
        "Collected",
        "Objects a second that only a collection could free: they refer to each other.",
        units.CountsPerSecond,
        Query(expression=f"sum by (pod) (rate(python_gc_objects_collected_total{{{SERVICE}}}[{RATE}]))", legend=_POD),
    )


def _uncollectable() -> Panel:
    return graph(
        "Not collectable",
        "Objects found that nothing can free: each is a leak in a C extension.",
        units.Short,
        Query(expression=f"sum by (pod) (python_gc_objects_uncollectable_total{{{SERVICE}}})", legend=_POD),
    )
