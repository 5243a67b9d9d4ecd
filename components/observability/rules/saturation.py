"""What containers use of what they may: CPU, memory, volumes, replicas. Pure.

cAdvisor's and the kubelet's metrics: https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md,
https://kubernetes.io/docs/reference/instrumentation/metrics/.
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.examples import SERVICE, written
from components.observability.rules.inventory import knows_objects, of_service
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.observability.thresholds import MEMORY_SHARE, THROTTLED_SHARE, VOLUME_FULL_SHARE, VOLUME_SHARE
from components.specs.observability.alerts import Severity

_BY_CONTAINER: Final = "by (namespace, pod, container)"
_CONTAINER: Final = 'namespace="shop",pod="example-1",container="main"'
_NAMED: Final = written(SERVICE)
_SERVICE: Final = {"namespace": "shop", **SERVICE}
_FIRING: Final = {**_SERVICE, "pod": "example-1", "container": "main"}
_INFO: Final = {
    f'pod:service:info{{namespace="shop",pod="example-1",{_NAMED}}}': "1x60",
    f'persistentvolumeclaim:service:info{{namespace="shop",persistentvolumeclaim="data-1",{_NAMED}}}': "1x60",
    f'horizontalpodautoscaler:service:info{{namespace="shop",horizontalpodautoscaler="example",{_NAMED}}}': "1x60",
}


def saturation_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on scarce means, each where its metrics are."""
    if not knows_objects(args):
        return RuleGroup(name="saturation", rules=())
    nodes = (_THROTTLED, _MEMORY, _VOLUME_FILLS, _VOLUME_FULL) if args.settings.metrics.nodes else ()
    scaled = any(one.autoscaling for one in args.workloads.values())
    return RuleGroup(name="saturation", rules=(*nodes, *((_AT_MAXIMUM,) if scaled else ())))


_THROTTLED: Final = Alert(
    name="CpuThrottled",
    expression=of_service(
        f'sum {_BY_CONTAINER} (rate(container_cpu_cfs_throttled_periods_total{{container!=""}}[5m]))'
        f' / sum {_BY_CONTAINER} (rate(container_cpu_cfs_periods_total{{container!=""}}[5m]))',
        "pod",
    )
    + f" > {THROTTLED_SHARE}",
    hold=timedelta(minutes=15),
    severity=Severity.TICKET,
    summary="{{ $labels.container }} in {{ $labels.pod }} is throttled {{ $value | humanizePercentage }} of the time",
    description="The container wants more CPU than its limit; its requests take longer than they need.",
    dashboard="deployments",
    tests=(
        AlertTest(
            name="30 of 100 periods",
            series={
                **_INFO,
                f"container_cpu_cfs_throttled_periods_total{{{_CONTAINER}}}": "0+30x30",
                f"container_cpu_cfs_periods_total{{{_CONTAINER}}}": "0+100x30",
            },
            at=timedelta(minutes=25),
            fires=(Firing(labels=_FIRING, summary="main in example-1 is throttled 30% of the time"),),
        ),
        AlertTest(
            name="24 of 100 periods",
            series={
                **_INFO,
                f"container_cpu_cfs_throttled_periods_total{{{_CONTAINER}}}": "0+24x30",
                f"container_cpu_cfs_periods_total{{{_CONTAINER}}}": "0+100x30",
            },
            at=timedelta(minutes=25),
        ),
    ),
)

_MEMORY: Final = Alert(
    name="MemoryNearLimit",
    expression=of_service(
        f'max {_BY_CONTAINER} (container_memory_working_set_bytes{{container!=""}})'
        f' / max {_BY_CONTAINER} (kube_pod_container_resource_limits{{resource="memory"}})',
        "pod",
    )
    + f" > {MEMORY_SHARE}",
    hold=timedelta(minutes=15),
    severity=Severity.TICKET,
    summary="{{ $labels.container }} in {{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory limit",
    description="At 100 % the kernel ends the container, with all that it is doing.",
    dashboard="deployments",
    tests=(
        AlertTest(
            name="91 of 100 MB",
            series={
                **_INFO,
                f"container_memory_working_set_bytes{{{_CONTAINER}}}": "91e6x30",
                f'kube_pod_container_resource_limits{{resource="memory",unit="byte",{_CONTAINER}}}': "100e6x30",
            },
            at=timedelta(minutes=20),
            fires=(Firing(labels=_FIRING, summary="main in example-1 uses 91% of its memory limit"),),
        ),
        AlertTest(
            name="90 of 100 MB",
            series={
                **_INFO,
                f"container_memory_working_set_bytes{{{_CONTAINER}}}": "90e6x30",
                f'kube_pod_container_resource_limits{{resource="memory",unit="byte",{_CONTAINER}}}': "100e6x30",
            },
            at=timedelta(minutes=20),
        ),
    ),
)

_CLAIM: Final = 'namespace="shop",persistentvolumeclaim="data-1"'
_BY_CLAIM: Final = "by (namespace, persistentvolumeclaim)"
_VOLUME: Final = {**_SERVICE, "persistentvolumeclaim": "data-1"}
_USED: Final = (
    f"1 - min {_BY_CLAIM} (kubelet_volume_stats_available_bytes)"
    f" / max {_BY_CLAIM} (kubelet_volume_stats_capacity_bytes)"
)
_VOLUME_SUMMARY: Final = "{{ $labels.persistentvolumeclaim }} is {{ $value | humanizePercentage }} full"
_VOLUME_DESCRIPTION: Final = (
    "What writes to a full volume fails: a database refuses changes, a broker refuses messages."
)


def _volume(available: str) -> dict[str, str]:
    return {
        **_INFO,
        f"kubelet_volume_stats_available_bytes{{{_CLAIM}}}": f"{available}x30",
        f"kubelet_volume_stats_capacity_bytes{{{_CLAIM}}}": "100e9x30",
    }


_VOLUME_FILLS: Final = Alert(
    name="VolumeFills",
    expression=f"{of_service(_USED, 'persistentvolumeclaim')} > {VOLUME_SHARE}",
    hold=timedelta(minutes=10),
    severity=Severity.TICKET,
    summary=_VOLUME_SUMMARY,
    description=_VOLUME_DESCRIPTION,
    dashboard="stores",
    tests=(
        AlertTest(
            name="9 of 100 GB are left",
            series=_volume("9e9"),
            at=timedelta(minutes=15),
            fires=(Firing(labels=_VOLUME, summary="data-1 is 91% full"),),
        ),
        AlertTest(name="11 of 100 GB are left", series=_volume("11e9"), at=timedelta(minutes=15)),
    ),
)

_VOLUME_FULL: Final = Alert(
    name="VolumeFull",
    expression=f"{of_service(_USED, 'persistentvolumeclaim')} > {VOLUME_FULL_SHARE}",
    hold=timedelta(minutes=2),
    severity=Severity.PAGE,
    summary=_VOLUME_SUMMARY,
    description=_VOLUME_DESCRIPTION,
    dashboard="stores",
    tests=(
        AlertTest(
            name="2 of 100 GB are left",
            series=_volume("2e9"),
            at=timedelta(minutes=15),
            fires=(Firing(labels=_VOLUME, summary="data-1 is 98% full"),),
        ),
        AlertTest(name="4 of 100 GB are left", series=_volume("4e9"), at=timedelta(minutes=15)),
    ),
)

_AUTOSCALER: Final = "horizontalpodautoscaler"
_REPLICAS: Final = f"kube_{_AUTOSCALER}_status_current_replicas >= kube_{_AUTOSCALER}_spec_max_replicas"
_ROOM: Final = f"kube_{_AUTOSCALER}_spec_max_replicas > kube_{_AUTOSCALER}_spec_min_replicas"


def _replicas(current: int, least: int, most: int) -> dict[str, str]:
    labels = f'namespace="shop",{_AUTOSCALER}="example"'
    return {
        **_INFO,
        f"kube_{_AUTOSCALER}_status_current_replicas{{{labels}}}": f"{current}x60",
        f"kube_{_AUTOSCALER}_spec_min_replicas{{{labels}}}": f"{least}x60",
        f"kube_{_AUTOSCALER}_spec_max_replicas{{{labels}}}": f"{most}x60",
    }


_AT_MAXIMUM: Final = Alert(
    name="AutoscalerAtMaximum",
    expression=of_service(f"max by (namespace, {_AUTOSCALER}) ({_REPLICAS} and {_ROOM})", _AUTOSCALER),
    hold=timedelta(minutes=30),
    severity=Severity.TICKET,
    summary="{{ $labels.horizontalpodautoscaler }} has had all of its {{ $value }} replicas for half an hour",
    description="The autoscaler can add no more: a further rise in traffic makes the service slow.",
    dashboard="deployments",
    tests=(
        AlertTest(
            name="6 of 2 to 6",
            series=_replicas(6, 2, 6),
            at=timedelta(minutes=35),
            fires=(
                Firing(
                    labels={**_SERVICE, _AUTOSCALER: "example"},
                    summary="example has had all of its 6 replicas for half an hour",
                ),
            ),
        ),
        AlertTest(name="5 of 2 to 6", series=_replicas(5, 2, 6), at=timedelta(minutes=35)),
        AlertTest(name="2 of 2 to 2", series=_replicas(2, 2, 2), at=timedelta(minutes=35)),
    ),
)
