"""Whether alerts reach anybody: from Prometheus to Alertmanager, and from there to people. Pure."""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.names import ALERTMANAGER, PROMETHEUS
from components.observability.rules.examples import part_labels, part_series
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.specs.observability.alerts import Severity


def notification_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on Alertmanager and the way to it; none where nobody is told of anything."""
    alerts = args.settings.alerts
    if alerts is None:
        return RuleGroup(name="notifications", rules=())
    gossip = (_cluster(alerts.replicas),) if alerts.replicas > 1 else ()
    return RuleGroup(name="notifications", rules=(_UNREACHABLE, _UNDELIVERED, *gossip))


_UNREACHABLE: Final = Alert(
    name="AlertmanagerUnreachable",
    expression=(
        "sum by (service, team, pod) (rate(prometheus_notifications_errors_total[5m]))"
        " / sum by (service, team, pod) (rate(prometheus_notifications_sent_total[5m])) > 0.1"
    ),
    hold=timedelta(minutes=10),
    severity=Severity.PAGE,
    summary="{{ $labels.pod }} loses {{ $value | humanizePercentage }} of the alerts that it sends",
    description="Of several Alertmanagers at least one does not answer; of one, nobody is told of anything.",
    dashboard="monitoring",
    tests=(
        AlertTest(
            name="2 of 10",
            series={
                part_series("prometheus_notifications_errors_total", PROMETHEUS, alertmanager="a"): "0+2x30",
                part_series("prometheus_notifications_sent_total", PROMETHEUS, alertmanager="a"): "0+10x30",
            },
            at=timedelta(minutes=20),
            fires=(
                Firing(labels=part_labels(PROMETHEUS), summary="prometheus-0 loses 20% of the alerts that it sends"),
            ),
        ),
        AlertTest(
            name="1 of 10",
            series={
                part_series("prometheus_notifications_errors_total", PROMETHEUS, alertmanager="a"): "0+1x30",
                part_series("prometheus_notifications_sent_total", PROMETHEUS, alertmanager="a"): "0+10x30",
            },
            at=timedelta(minutes=20),
        ),
    ),
)

_UNDELIVERED: Final = Alert(
    name="NotificationsFail",
    # By kind of receiver; the other kinds, it is hoped, tell of it.
    expression=(
        "sum by (service, team, integration) (rate(alertmanager_notifications_failed_total[15m]))"
        " / sum by (service, team, integration) (rate(alertmanager_notifications_total[15m])) > 0.1"
    ),
    hold=timedelta(minutes=5),
    severity=Severity.PAGE,
    summary="{{ $value | humanizePercentage }} of the messages by {{ $labels.integration }} don't arrive",
    description="The receiver refuses them or can't be reached: whoever relies on it is not told.",
    dashboard="monitoring",
    tests=(
        AlertTest(
            name="half of them",
            series={
                part_series("alertmanager_notifications_failed_total", ALERTMANAGER, integration="slack"): "0+1x40",
                part_series("alertmanager_notifications_total", ALERTMANAGER, integration="slack"): "0+2x40",
            },
            at=timedelta(minutes=30),
            fires=(
                Firing(
                    labels={"service": ALERTMANAGER, "team": "examples", "integration": "slack"},
                    summary="50% of the messages by slack don't arrive",
                ),
            ),
        ),
        AlertTest(
            name="1 of 10",
            series={
                part_series("alertmanager_notifications_failed_total", ALERTMANAGER, integration="slack"): "0+1x40",
                part_series("alertmanager_notifications_total", ALERTMANAGER, integration="slack"): "0+10x40",
            },
            at=timedelta(minutes=30),
        ),
    ),
)


def _cluster(replicas: int) -> Alert:
    def members(number: int) -> dict[str, str]:
        return {part_series("alertmanager_cluster_members", ALERTMANAGER): f"{number}x30"}

    return Alert(
        name="AlertmanagersApart",
        expression=f"min by (service, team, pod) (alertmanager_cluster_members) < {replicas}",
        hold=timedelta(minutes=15),
        severity=Severity.TICKET,
        summary=f"{{{{ $labels.pod }}}} knows of {{{{ $value }}}} Alertmanagers, of {replicas}",
        description="Those that don't know of each other tell people twice, and don't know of each other's silences.",
        dashboard="monitoring",
        tests=(
            AlertTest(
                name="it is alone",
                series=members(replicas - 1),
                at=timedelta(minutes=20),
                fires=(
                    Firing(
                        labels=part_labels(ALERTMANAGER),
                        summary=f"alertmanager-0 knows of {replicas - 1} Alertmanagers, of {replicas}",
                    ),
                ),
            ),
            AlertTest(name="it knows all", series=members(replicas), at=timedelta(minutes=20)),
        ),
    )
