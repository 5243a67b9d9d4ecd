"""Whether workloads run: restarts, memory, readiness, rollouts. Pure.

https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics/workload
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs, Role
from components.observability.names import KUBE_STATE_METRICS, exporter_name
from components.observability.rules.examples import SERVICE, written
from components.observability.rules.inventory import knows_objects, of_service
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.specs.observability.alerts import Severity

_NAMED: Final = written(SERVICE)
_POD: Final = 'namespace="shop",pod="example-1"'
_FIRING_POD: Final = {**SERVICE, "namespace": "shop", "pod": "example-1"}
_FIRING_CONTAINER: Final = {**_FIRING_POD, "container": "main"}
_INFO: Final = {f"pod:service:info{{{_POD},{_NAMED}}}": "1x90"}
_RESTARTS: Final = "kube_pod_container_status_restarts_total"
_BY_CONTAINER: Final = "by (namespace, pod, container)"
_KINDS: Final = {
    "deployment": ("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
    "statefulset": ("kube_statefulset_replicas", "kube_statefulset_status_replicas_ready"),
}
"""Kind → replicas that are to be, and that there are."""


def workload_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on Pods and replicas; none where nothing tells of the cluster's objects."""
    if not knows_objects(args):
        return RuleGroup(name="workloads", rules=())
    aside = [name for name, one in args.workloads.items() if one.role is Role.PLATFORM]
    aside += [exporter_name(".+")] if any(one.role is Role.EXPORTER for one in args.workloads.values()) else []
    names = "|".join(sorted(aside))
    # Users don't notice the platform's own parts; of Prometheus and Alertmanager the Watchdog tells.
    down = (
        _down(Severity.PAGE, f'{{service!~"{names}"}}', "example"),
        _down(Severity.TICKET, f'{{service=~"{names}"}}', KUBE_STATE_METRICS),
    )
    return RuleGroup(name="workloads", rules=(_RESTARTING, _OUT_OF_MEMORY, _NOT_READY, *_STUCK, *down))


_RESTARTING: Final = Alert(
    name="ContainerRestarts",
    expression=of_service(f"max {_BY_CONTAINER} (increase({_RESTARTS}[1h]))", "pod") + " > 3",
    severity=Severity.TICKET,
    summary="{{ $labels.container }} in {{ $labels.pod }} has restarted {{ $value | humanize }} times in an hour",
    description="The container ends again and again; its requests fail each time.",
    dashboard="deployments",
    tests=(
        AlertTest(
            name="6 times in an hour",
            series={**_INFO, f'{_RESTARTS}{{{_POD},container="main"}}': "0+0.1x90"},
            at=timedelta(minutes=80),
            fires=(Firing(labels=_FIRING_CONTAINER, summary="main in example-1 has restarted 6 times in an hour"),),
        ),
        AlertTest(
            name="3 times in an hour",
            series={**_INFO, f'{_RESTARTS}{{{_POD},container="main"}}': "0+0.05x90"},
            at=timedelta(minutes=80),
        ),
    ),
)

_KILLED: Final = 'kube_pod_container_status_last_terminated_reason{reason="OOMKilled"}'
_KILLED_HERE: Final = f'kube_pod_container_status_last_terminated_reason{{{_POD},container="main",reason="OOMKilled"}}'
_OUT_OF_MEMORY: Final = Alert(
    name="ContainerOutOfMemory",
    # A restart says when, the reason of the last end says why; the reason alone would stay for the Pod's life.
    expression=of_service(
        f"max {_BY_CONTAINER} (increase({_RESTARTS}[15m]) > 0 and on (namespace, pod, container) {_KILLED} == 1)",
        "pod",
    ),
    severity=Severity.TICKET,
    summary="{{ $labels.container }} in {{ $labels.pod }} has been ended for want of memory",
    description="The container has reached its memory limit, and the kernel has ended it with all that it was doing.",
    dashboard="deployments",
    tests=(
        AlertTest(
            name="restarted, and the kernel was the reason",
            series={**_INFO, f'{_RESTARTS}{{{_POD},container="main"}}': "0x10 1x20", _KILLED_HERE: "0x10 1x20"},
            at=timedelta(minutes=15),
            fires=(Firing(labels=_FIRING_CONTAINER, summary="main in example-1 has been ended for want of memory"),),
        ),
        AlertTest(
            name="restarted for another reason",
            series={**_INFO, f'{_RESTARTS}{{{_POD},container="main"}}': "0x10 1x20", _KILLED_HERE: "0x30"},
            at=timedelta(minutes=15),
        ),
        AlertTest(
            name="half an hour later",
            series={**_INFO, f'{_RESTARTS}{{{_POD},container="main"}}': "0x10 1x40", _KILLED_HERE: "0x10 1x40"},
            at=timedelta(minutes=45),
        ),
    ),
)

_ALIVE: Final = 'max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Running|Unknown"}) == 1'


def _readiness(phase: str) -> dict[str, str]:
    return {
        **_INFO,
        f'kube_pod_status_ready{{{_POD},condition="true"}}': "0x40",
        f'kube_pod_status_phase{{{_POD},phase="{phase}"}}': "1x40",
    }


_NOT_READY: Final = Alert(
    name="PodNotReady",
    expression=of_service(
        f'max by (namespace, pod) (kube_pod_status_ready{{condition="true"}}) == 0 and on (namespace, pod) ({_ALIVE})',
        "pod",
    ),
    hold=timedelta(minutes=15),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} has not been ready for 15 minutes",
    description="The Pod can't start, or says itself that it can't serve; it gets no requests.",
    dashboard="deployments",
    tests=(
        AlertTest(
            name="it runs and is not ready",
            series=_readiness("Running"),
            at=timedelta(minutes=20),
            fires=(Firing(labels=_FIRING_POD, summary="example-1 has not been ready for 15 minutes"),),
        ),
        AlertTest(name="for 14 minutes", series=_readiness("Running"), at=timedelta(minutes=14)),
        AlertTest(name="it has done its work", series=_readiness("Succeeded"), at=timedelta(minutes=20)),
    ),
)


def _stuck(kind: str, expression: str, hold: timedelta, stuck: dict[str, str], moving: dict[str, str]) -> Alert:
    info = {f'{kind}:service:info{{namespace="shop",{kind}="example",{_NAMED}}}': "1x40"}
    return Alert(
        name="RolloutStuck",
        expression=of_service(f"max by (namespace, {kind}) ({expression})", kind),
        hold=hold,
        severity=Severity.TICKET,
        labels={"kind": kind},
        summary=f"The rollout of the {kind} {{{{ $labels.{kind} }}}} does not end",
        description="New Pods don't become ready, or can't be made; the old ones still serve.",
        dashboard="deployments",
        tests=(
            AlertTest(
                name=f"a {kind} that is stuck",
                series={**info, **stuck},
                at=timedelta(minutes=35),
                fires=(
                    Firing(
                        labels={**SERVICE, "namespace": "shop", kind: "example"},
                        summary=f"The rollout of the {kind} example does not end",
                    ),
                ),
            ),
            AlertTest(name=f"a {kind} that is complete", series={**info, **moving}, at=timedelta(minutes=35)),
        ),
    )


_CONDITION: Final = "kube_deployment_status_condition"
_PROGRESS: Final = f'{_CONDITION}{{namespace="shop",deployment="example",condition="Progressing",status="false"}}'
_SET: Final = '{namespace="shop",statefulset="example"}'
_STUCK: Final = (
    _stuck(
        "deployment",
        f'{_CONDITION}{{condition="Progressing",status="false"}} == 1',
        timedelta(minutes=1),
        {_PROGRESS: "1x40"},
        {_PROGRESS: "0x40"},
    ),
    _stuck(
        "statefulset",
        "kube_statefulset_replicas - kube_statefulset_status_replicas_ready > 0",
        timedelta(minutes=30),
        {f"kube_statefulset_replicas{_SET}": "3x40", f"kube_statefulset_status_replicas_ready{_SET}": "2x40"},
        {f"kube_statefulset_replicas{_SET}": "3x40", f"kube_statefulset_status_replicas_ready{_SET}": "3x40"},
    ),
)


def _down(severity: Severity, matcher: str, example: str) -> Alert:
    def total(kind: str, metric: str) -> str:
        return (
            f"sum by (namespace, service, team) ({of_service(f'max by (namespace, {kind}) ({metric})', kind, matcher)})"
        )

    return Alert(
        name="WorkloadDown",
        # By service: as long as one of its versions answers, it is not down.
        expression=" or ".join(
            f"({total(kind, present)} == 0 and {total(kind, wanted)} > 0)" for kind, (wanted, present) in _KINDS.items()
        ),
        hold=timedelta(minutes=5),
        severity=severity,
        summary="No Pod of {{ $labels.service }} has been ready for five minutes",
        description="Every request to it fails. It is a page for services, stores and the broker.",
        dashboard="deployments",
        tests=_down_tests(example),
    )


def _down_tests(service: str) -> tuple[AlertTest, ...]:
    def replicas(wanted: int, stable: int, canary: int) -> dict[str, str]:
        series: dict[str, str] = {}
        for name, present in ((service, stable), (f"{service}-canary", canary)):
            labels = f'{{namespace="shop",deployment="{name}"}}'
            of = f'namespace="shop",deployment="{name}",service="{service}",team="examples"'
            series[f"deployment:service:info{{{of}}}"] = "1x20"
            series[f"kube_deployment_spec_replicas{labels}"] = f"{wanted}x20"
            series[f"kube_deployment_status_replicas_available{labels}"] = f"{present}x20"
        return series

    at = timedelta(minutes=10)
    return (
        AlertTest(
            name=f"none of 2 of {service}",
            series=replicas(2, 0, 0),
            at=at,
            fires=(
                Firing(
                    labels={"service": service, "team": "examples", "namespace": "shop"},
                    summary=f"No Pod of {service} has been ready for five minutes",
                ),
            ),
        ),
        AlertTest(name=f"1 of 2 of {service}, of another version", series=replicas(2, 0, 1), at=at),
        AlertTest(name=f"none of {service} are wanted", series=replicas(0, 0, 0), at=at),
    )
