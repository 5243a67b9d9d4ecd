"""Prometheus and Alertmanager, which watch each other; and the alert that always fires. Pure.

If all of it is down, nothing here can fire: then the Watchdog stops coming, and whoever waits for it notices.
"""

from datetime import timedelta
from typing import Final

from components.observability.alertmanager.routes import WATCHDOG
from components.observability.arguments import ObservabilityArgs
from components.observability.names import ALERTMANAGER, PROMETHEUS
from components.observability.rules.examples import part_labels, part_series, written
from components.observability.rules.inventory import of_prometheus
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.specs.observability.alerts import Severity
from components.specs.observability.metrics import MetricsBackend


def monitoring_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on the servers that are ours; an operator's installation watches itself."""
    if args.settings.metrics.run_by is not MetricsBackend.PLATFORM:
        return RuleGroup(name="monitoring", rules=())
    servers = (PROMETHEUS, ALERTMANAGER) if args.settings.alerts else (PROMETHEUS,)
    sent_on = (_REMOTE_WRITE,) if args.settings.metrics.remote_write else ()
    return RuleGroup(
        name="monitoring",
        rules=(_watchdog(of_prometheus(args)), *map(_config, servers), _RULES_FAIL, _RULES_SLOW, _STORAGE, *sent_on),
    )


def _watchdog(labels: dict[str, str]) -> Alert:
    return Alert(
        name=WATCHDOG,
        expression="vector(1)",
        severity=Severity.INFO,
        labels=labels,
        summary="Prometheus and Alertmanager work",
        description="It always fires. When it stops coming, monitoring is down and no other alert can come.",
        dashboard="monitoring",
        tests=(
            AlertTest(
                name="always",
                series={},
                at=timedelta(minutes=1),
                fires=(Firing(labels={}, summary="Prometheus and Alertmanager work"),),
            ),
        ),
    )


def _config(server: str) -> Alert:
    metric = f"{server}_config_last_reload_successful"
    return Alert(
        name="ConfigurationRefused",
        expression=f"max by (service, team, pod) ({metric}) == 0",
        hold=timedelta(minutes=5),
        severity=Severity.TICKET,
        labels={"server": server},
        summary="{{ $labels.pod }} has refused its new configuration, and works by the old one",
        description="The last change has no effect, and the server will not start again with it.",
        dashboard="monitoring",
        tests=(
            AlertTest(
                name=f"{server} has refused it",
                series={part_series(metric, server): "0x20"},
                at=timedelta(minutes=10),
                fires=(
                    Firing(
                        labels=part_labels(server),
                        summary=f"{server}-0 has refused its new configuration, and works by the old one",
                    ),
                ),
            ),
            AlertTest(
                name=f"{server} has taken it",
                series={part_series(metric, server): "1x20"},
                at=timedelta(minutes=10),
            ),
        ),
    )


_RULES_FAIL: Final = Alert(
    name="RulesFail",
    expression="sum by (service, team, pod) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0",
    hold=timedelta(minutes=5),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} could not evaluate rules {{ $value | humanize }} times in five minutes",
    description="Alerts of the failing rules can't fire, and what is recorded by them has gaps.",
    dashboard="monitoring",
    tests=(
        AlertTest(
            name="2 a minute",
            series={part_series("prometheus_rule_evaluation_failures_total", PROMETHEUS): "0+2x30"},
            at=timedelta(minutes=20),
            fires=(
                Firing(
                    labels=part_labels(PROMETHEUS),
                    summary="prometheus-0 could not evaluate rules 10 times in five minutes",
                ),
            ),
        ),
        AlertTest(
            name="none since long",
            series={part_series("prometheus_rule_evaluation_failures_total", PROMETHEUS): "7x30"},
            at=timedelta(minutes=20),
        ),
    ),
)

_RULES_SLOW: Final = Alert(
    name="RulesLate",
    expression="sum by (service, team, pod) (increase(prometheus_rule_group_iterations_missed_total[5m])) > 0",
    hold=timedelta(minutes=15),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} has left out {{ $value | humanize }} evaluations of rules in five minutes",
    description="Rules take longer than their interval: alerts come late, and rates have gaps.",
    dashboard="monitoring",
    tests=(
        AlertTest(
            name="1 a minute",
            series={part_series("prometheus_rule_group_iterations_missed_total", PROMETHEUS): "0+1x40"},
            at=timedelta(minutes=30),
            fires=(
                Firing(
                    labels=part_labels(PROMETHEUS),
                    summary="prometheus-0 has left out 5 evaluations of rules in five minutes",
                ),
            ),
        ),
        AlertTest(
            name="1, once",
            series={part_series("prometheus_rule_group_iterations_missed_total", PROMETHEUS): "0x20 1x20"},
            at=timedelta(minutes=30),
        ),
    ),
)

_STORAGE: Final = Alert(
    name="PrometheusStorageFails",
    expression=(
        "sum by (service, team, pod) (increase(prometheus_tsdb_compactions_failed_total[3h])"
        " + increase(prometheus_tsdb_wal_writes_failed_total[3h])) > 0"
    ),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} has failed to write its storage in the last three hours: {{ $value | humanize }} times",
    description="Samples are being lost, or memory and disk fill with what is not compacted.",
    dashboard="monitoring",
    tests=(
        AlertTest(
            name="a compaction has failed",
            series={
                part_series("prometheus_tsdb_compactions_failed_total", PROMETHEUS): "0x120 1x90",
                part_series("prometheus_tsdb_wal_writes_failed_total", PROMETHEUS): "0x210",
            },
            at=timedelta(minutes=200),
            fires=(
                Firing(
                    labels=part_labels(PROMETHEUS),
                    summary="prometheus-0 has failed to write its storage in the last three hours: 1 times",
                ),
            ),
        ),
        AlertTest(
            name="none has",
            series={
                part_series("prometheus_tsdb_compactions_failed_total", PROMETHEUS): "1x210",
                part_series("prometheus_tsdb_wal_writes_failed_total", PROMETHEUS): "0x210",
            },
            at=timedelta(minutes=200),
        ),
    ),
)

_SENT: Final = "prometheus_remote_storage_queue"
_QUEUE: Final = written(part_labels(PROMETHEUS, url="https://a"))
_REMOTE_WRITE: Final = Alert(
    name="RemoteWriteBehind",
    # Seconds between the newest sample that is to be sent and the newest that has been.
    expression=(
        f"max by (service, team, pod, url) ({_SENT}_highest_timestamp_seconds)"
        f" - max by (service, team, pod, url) ({_SENT}_highest_sent_timestamp_seconds) > 300"
    ),
    hold=timedelta(minutes=10),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} is {{ $value | humanizeDuration }} behind with what it sends to {{ $labels.url }}",
    description="After two hours samples are lost there; here they are kept as always.",
    dashboard="monitoring",
    tests=(
        AlertTest(
            name="10 minutes",
            series={
                f"{_SENT}_highest_timestamp_seconds{{{_QUEUE}}}": "1000+60x30",
                f"{_SENT}_highest_sent_timestamp_seconds{{{_QUEUE}}}": "400+60x30",
            },
            at=timedelta(minutes=20),
            fires=(
                Firing(
                    labels=part_labels(PROMETHEUS, url="https://a"),
                    summary="prometheus-0 is 10m 0s behind with what it sends to https://a",
                ),
            ),
        ),
        AlertTest(
            name="5 minutes",
            series={
                f"{_SENT}_highest_timestamp_seconds{{{_QUEUE}}}": "1000+60x30",
                f"{_SENT}_highest_sent_timestamp_seconds{{{_QUEUE}}}": "700+60x30",
            },
            at=timedelta(minutes=20),
        ),
    ),
)
