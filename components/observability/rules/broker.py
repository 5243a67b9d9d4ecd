"""The broker, as its exporter sees it. Pure.

Names are the exporter's: https://github.com/nats-io/prometheus-nats-exporter.
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import MonitoredWorkload, ObservabilityArgs, Role
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.observability.thresholds import BROKER_STORAGE_SHARE
from components.specs.observability.alerts import Severity

ENGINE: Final = "nats"
"""Of exporters that speak for a broker."""


def broker_exporters(args: ObservabilityArgs) -> tuple[MonitoredWorkload, ...]:
    """Return the exporters that tell of a broker and its streams: one or none."""
    return tuple(one for one in args.workloads.values() if one.role is Role.EXPORTER and one.engine == ENGINE)


def broker_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on the broker; none without its exporter. Their label `service` is the broker."""
    return RuleGroup(name="broker", rules=tuple(alert for one in broker_exporters(args) for alert in _broker(one)))


def _broker(speaker: MonitoredWorkload) -> list[Alert]:
    """Return the alerts on the broker; its exporter passes over in silence whatever doesn't answer it."""
    labels = {"service": speaker.speaks_for or speaker.name}
    here = f'service="{speaker.name}"'
    # The tests' own series have the exporter's name too.
    example = f'{here},team="examples"'
    team = {"team": "examples"}
    return [
        Alert(
            name="BrokerUnreachable",
            expression=(
                f"max by (service, team) (up{{{here}}}) == 1 unless on (service) gnatsd_varz_connections{{{here}}}"
            ),
            hold=timedelta(minutes=2),
            severity=Severity.PAGE,
            labels=labels,
            summary="No server of the broker {{ $labels.service }} answers its exporter",
            description="Nothing can be published or consumed.",
            dashboard="streams",
            tests=(
                AlertTest(
                    name="the exporter tells of no server",
                    series={f"up{{{example}}}": "1x20"},
                    at=timedelta(minutes=5),
                    fires=(
                        Firing(labels=team, summary=f"No server of the broker {speaker.name} answers its exporter"),
                    ),
                ),
                AlertTest(
                    name="it tells of one",
                    series={f"up{{{example}}}": "1x20", f"gnatsd_varz_connections{{{example}}}": "0x20"},
                    at=timedelta(minutes=5),
                ),
            ),
        ),
        Alert(
            name="BrokerStorageFills",
            expression=(
                "max by (service, team, server_id) (gnatsd_varz_jetstream_stats_storage"
                f" / gnatsd_varz_jetstream_config_max_storage) > {BROKER_STORAGE_SHARE}"
            ),
            hold=timedelta(minutes=10),
            severity=Severity.TICKET,
            labels=labels,
            summary="{{ $labels.server_id }} uses {{ $value | humanizePercentage }} of the storage for its streams",
            description="When it is full, JetStream refuses messages.",
            dashboard="streams",
            tests=(
                AlertTest(
                    name="86 of 100 MB",
                    series={
                        f'gnatsd_varz_jetstream_stats_storage{{server_id="nats-0",{example}}}': "86e6x20",
                        f'gnatsd_varz_jetstream_config_max_storage{{server_id="nats-0",{example}}}': "100e6x20",
                    },
                    at=timedelta(minutes=15),
                    fires=(
                        Firing(
                            labels={**team, "server_id": "nats-0"},
                            summary="nats-0 uses 86% of the storage for its streams",
                        ),
                    ),
                ),
                AlertTest(
                    name="85 of 100 MB",
                    series={
                        f'gnatsd_varz_jetstream_stats_storage{{server_id="nats-0",{example}}}': "85e6x20",
                        f'gnatsd_varz_jetstream_config_max_storage{{server_id="nats-0",{example}}}': "100e6x20",
                    },
                    at=timedelta(minutes=15),
                ),
            ),
        ),
    ]
