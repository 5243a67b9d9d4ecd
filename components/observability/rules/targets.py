"""Whether metrics come at all. Pure."""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.inventory import of_prometheus
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.specs.observability.alerts import Severity
from components.specs.observability.metrics import MetricsBackend

_EXAMPLE: Final = 'job="pods",service="example",team="examples"'


def target_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on missing targets: on all of them, and where Prometheus is ours on none being found."""
    ours = args.settings.metrics.run_by is MetricsBackend.PLATFORM
    return RuleGroup(name="targets", rules=(_DOWN, *((_none(of_prometheus(args)),) if ours else ())))


_DOWN: Final = Alert(
    name="TargetDown",
    expression='1 - avg by (job, service, team) (up{job=~"pods|kube-state-metrics|kubelet|cadvisor"}) > 0',
    hold=timedelta(minutes=10),
    severity=Severity.TICKET,
    summary=(
        "{{ $value | humanizePercentage }} of the targets"
        " {{ if $labels.service }}of {{ $labels.service }}{{ else }}{{ $labels.job }}{{ end }} don't answer"
    ),
    description="Prometheus can't read their metrics, so that other alerts on them can't fire.",
    dashboard="monitoring",
    tests=(
        AlertTest(
            name="1 of 2 Pods",
            series={f'up{{pod="a",{_EXAMPLE}}}': "0x20", f'up{{pod="b",{_EXAMPLE}}}': "1x20"},
            at=timedelta(minutes=15),
            fires=(
                Firing(
                    labels={"job": "pods", "service": "example", "team": "examples"},
                    summary="50% of the targets of example don't answer",
                ),
            ),
        ),
        AlertTest(
            name="a node",
            series={'up{job="kubelet",node="a"}': "0x20"},
            at=timedelta(minutes=15),
            fires=(Firing(labels={"job": "kubelet"}, summary="100% of the targets kubelet don't answer"),),
        ),
        AlertTest(
            name="each answers",
            series={f'up{{pod="a",{_EXAMPLE}}}': "1x20", f'up{{pod="b",{_EXAMPLE}}}': "1x20"},
            at=timedelta(minutes=15),
        ),
        AlertTest(name="for 9 minutes", series={f'up{{pod="a",{_EXAMPLE}}}': "0x20"}, at=timedelta(minutes=9)),
    ),
)


def _none(labels: dict[str, str]) -> Alert:
    return Alert(
        name="NoTargets",
        expression='absent(up{job="pods"})',
        hold=timedelta(minutes=5),
        severity=Severity.PAGE,
        labels=labels,
        summary="Prometheus finds no Pods to read metrics from",
        description="Discovery fails, or its rights are gone: no alert on any service can fire.",
        dashboard="monitoring",
        tests=(
            AlertTest(
                name="nothing is found",
                series={'up{job="kubelet"}': "1x20"},
                at=timedelta(minutes=10),
                fires=(Firing(labels={"job": "pods"}, summary="Prometheus finds no Pods to read metrics from"),),
            ),
            AlertTest(name="one is found", series={f"up{{{_EXAMPLE}}}": "0x20"}, at=timedelta(minutes=9)),
        ),
    )
