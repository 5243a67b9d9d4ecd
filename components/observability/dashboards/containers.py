"""What containers use of what they may: rows of several dashboards. From kubelets and kube-state-metrics."""

from grafana_foundation_sdk.models import units

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards.expressions import RATE, of_chosen_services, of_services, share
from components.observability.dashboards.panels import RED, Panel, Query, graph
from components.observability.rules.inventory import knows_objects
from components.observability.thresholds import MEMORY_SHARE, THROTTLED_SHARE

# The Pod's sandbox, and the sum of a Pod's containers, have no name.
_CPU = f'rate(container_cpu_usage_seconds_total{{container!=""}}[{RATE}])'
_MEMORY = 'container_memory_working_set_bytes{container!=""}'


def are_known(args: ObservabilityArgs) -> bool:
    """Return whether kubelets are asked, and it is known which Pod is of which service."""
    return args.settings.metrics.nodes and knows_objects(args)


def panels() -> list[Panel]:
    """Return what the chosen services' Pods use."""
    return [_processor(), _throttled(), _memory(), _memory_share()]


def by_service() -> list[Panel]:
    """Return what all services use."""
    return [_processor_by_service(), _memory_by_service()]


def _processor() -> Panel:
    return graph(
        "CPU",
        "Cores in use, by Pod.",
        units.Short,
        Query(expression=of_chosen_services(_CPU), legend="{{pod}}"),
    )


def _throttled() -> Panel:
    periods = 'rate(container_cpu_cfs_{}periods_total{{container!=""}}[{}])'
    return graph(
        "CPU throttled",
        "Share of the 100 ms periods in which a Pod wanted more CPU than its limit, and so waited.",
        units.PercentUnit,
        Query(
            expression=share(
                of_chosen_services(periods.format("throttled_", RATE)), of_chosen_services(periods.format("", RATE))
            ),
            legend="{{pod}}",
        ),
        limits=[(THROTTLED_SHARE, RED)],
        most=1,
    )


def _memory() -> Panel:
    return graph(
        "Memory",
        "Working set by Pod: what the kernel can't reclaim without ending something.",
        units.BytesIEC,
        Query(expression=of_chosen_services(_MEMORY), legend="{{pod}}"),
    )


def _memory_share() -> Panel:
    limit = 'kube_pod_container_resource_limits{resource="memory"}'
    return graph(
        "Memory of its limit",
        "Working set as a share of the Pod's memory limits: at 100 % the kernel ends a container.",
        units.PercentUnit,
        Query(expression=f"{of_chosen_services(_MEMORY)} / {of_chosen_services(limit)}", legend="{{pod}}"),
        limits=[(MEMORY_SHARE, RED)],
    )


def _processor_by_service() -> Panel:
    return graph(
        "CPU by service",
        "Cores in use by all Pods of a service.",
        units.Short,
        Query(expression=of_services(_CPU), legend="{{service}}"),
        stacked=True,
    )


def _memory_by_service() -> Panel:
    return graph(
        "Memory by service",
        "Working set of all Pods of a service.",
        units.BytesIEC,
        Query(expression=of_services(_MEMORY), legend="{{service}}"),
        stacked=True,
    )
