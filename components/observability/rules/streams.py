"""Streams: consumers that fall behind, messages that come again or are given up. Pure.

Names are the exporter's: https://github.com/nats-io/prometheus-nats-exporter.
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import Interface, MonitoredWorkload, ObservabilityArgs
from components.observability.measures import MEASURES
from components.observability.rules.broker import broker_exporters
from components.observability.rules.counters import grown
from components.observability.rules.examples import SERVICE, written
from components.observability.rules.model import Alert, AlertTest, Firing, RecordingRule, RuleGroup
from components.observability.thresholds import LAG_SECONDS, LONG_LAG_SECONDS
from components.specs.observability.alerts import Severity

_NAMED: Final = written(SERVICE)
_CONSUMER: Final = {"stream_name": "EXAMPLES", "consumer_name": "example"}
_LEADER: Final = 'stream_name="EXAMPLES",consumer_name="example",is_consumer_leader="true"'
_INFO: Final = {f'consumer:service:info{{stream_name="EXAMPLES",consumer_name="example",{_NAMED}}}': "1x60"}
_BY: Final = "by (stream_name, consumer_name)"
_OWNER: Final = "on (stream_name, consumer_name) group_left (service, team) consumer:service:info"


def stream_rules(args: ObservabilityArgs) -> RuleGroup:
    """Return whose consumers are whose, and the alerts on them; each where its metrics are."""
    handlers = any(Interface.MESSAGING in service.interfaces for service in args.services)
    dead = (_DEAD_LETTERS,) if handlers else ()
    if not broker_exporters(args):
        return RuleGroup(name="streams", rules=dead)
    owners = tuple(rule for service in args.services for rule in _owners(service))
    lags = (_lag(Severity.TICKET, LAG_SECONDS), _lag(Severity.PAGE, LONG_LAG_SECONDS), _REDELIVERS) if owners else ()
    return RuleGroup(name="streams", rules=(*owners, *lags, *dead))


def _owners(service: MonitoredWorkload) -> list[RecordingRule]:
    """Return whose a consumer is: the broker knows names of streams and consumers only."""
    return [
        RecordingRule(
            record="consumer:service:info",
            expression="vector(1)",
            labels={
                "stream_name": consumer.stream,
                "consumer_name": consumer.name,
                "service": service.name,
                "team": service.team,
            },
        )
        for consumer in service.consumers
    ]


def _backlog(pending: int, per_minute: int) -> dict[str, str]:
    return {
        **_INFO,
        f"jetstream_consumer_num_pending{{{_LEADER}}}": f"{pending}x60",
        f"jetstream_consumer_delivered_consumer_seq{{{_LEADER}}}": f"0+{per_minute}x60",
    }


def _lag(severity: Severity, seconds: int) -> Alert:
    waiting = f'max {_BY} (jetstream_consumer_num_pending{{is_consumer_leader="true"}})'
    taken = f'max {_BY} (rate(jetstream_consumer_delivered_consumer_seq{{is_consumer_leader="true"}}[5m]))'
    return Alert(
        name="ConsumerLags",
        # One that takes nothing at all is as slow as one that takes a message in a quarter of an hour.
        expression=f"{waiting} / clamp_min({taken}, 0.001) * {_OWNER} > {seconds}",
        hold=timedelta(minutes=10),
        severity=severity,
        summary=(
            "{{ $labels.consumer_name }} needs {{ $value | humanizeDuration }}"
            " for what waits in {{ $labels.stream_name }}"
        ),
        description="Messages wait for longer than five minutes (page: an hour) at the pace at which they are taken.",
        dashboard="streams",
        tests=_lag_tests(severity),
    )


def _lag_tests(severity: Severity) -> tuple[AlertTest, ...]:
    at = timedelta(minutes=30)
    labels = {**SERVICE, **_CONSUMER}

    def firing(duration: str, told: Severity) -> Firing:
        return Firing(
            labels={**labels, "severity": told.value}, summary=f"example needs {duration} for what waits in EXAMPLES"
        )

    if severity is Severity.TICKET:
        return (
            AlertTest(
                name="400 wait, one a second is taken",
                series=_backlog(400, 60),
                at=at,
                fires=(firing("6m 40s", Severity.TICKET),),
            ),
            AlertTest(name="300 wait, one a second is taken", series=_backlog(300, 60), at=at),
            AlertTest(
                name="one waits, and none is taken",
                series=_backlog(1, 0),
                at=at,
                fires=(firing("16m 40s", Severity.TICKET),),
            ),
        )
    return (
        AlertTest(
            name="4,000 wait, one a second is taken",
            series=_backlog(4000, 60),
            at=at,
            fires=(firing("1h 6m 40s", Severity.TICKET), firing("1h 6m 40s", Severity.PAGE)),
        ),
        AlertTest(
            name="3,600 wait, one a second is taken",
            series=_backlog(3600, 60),
            at=at,
            fires=(firing("1h 0m 0s", Severity.TICKET),),
        ),
    )


_REDELIVERS: Final = Alert(
    name="ConsumerRedelivers",
    expression=f'max {_BY} (jetstream_consumer_num_redelivered{{is_consumer_leader="true"}}) * {_OWNER} > 0',
    hold=timedelta(minutes=15),
    severity=Severity.TICKET,
    summary="{{ $value }} messages of {{ $labels.stream_name }} come to {{ $labels.consumer_name }} again and again",
    description="For 15 minutes there have always been messages delivered more than once and not acknowledged.",
    dashboard="streams",
    tests=(
        AlertTest(
            name="2 come again",
            series={**_INFO, f"jetstream_consumer_num_redelivered{{{_LEADER}}}": "2x30"},
            at=timedelta(minutes=20),
            fires=(
                Firing(
                    labels={**SERVICE, **_CONSUMER},
                    summary="2 messages of EXAMPLES come to example again and again",
                ),
            ),
        ),
        AlertTest(
            name="one, once",
            series={**_INFO, f"jetstream_consumer_num_redelivered{{{_LEADER}}}": "0x5 1x5 0x20"},
            at=timedelta(minutes=20),
        ),
    ),
)

_DELIVERIES: Final = MEASURES[Interface.MESSAGING]
_GIVEN_UP: Final = f"{_DELIVERIES.histogram}_count{{{_DELIVERIES.fault}}}"
_GIVEN_UP_HERE: Final = f'{_DELIVERIES.histogram}_count{{{_DELIVERIES.fault},destination="a",pod="example-1",{_NAMED}}}'
_DEAD_LETTERS: Final = Alert(
    name="MessagesGivenUp",
    expression=f"sum by (service, team) {grown(_GIVEN_UP)}",
    severity=Severity.TICKET,
    summary="Messages that {{ $labels.service }} has given up in 15 minutes: {{ $value | humanize }}",
    description="They have failed as often as they may and are not tried again: what they asked for is not done.",
    dashboard="streams",
    tests=(
        AlertTest(
            name="the first one",
            series={_GIVEN_UP_HERE: "_x20 1x5"},
            at=timedelta(minutes=22),
            fires=(Firing(labels=SERVICE, summary="Messages that example has given up in 15 minutes: 1"),),
        ),
        AlertTest(
            name="3 more",
            series={_GIVEN_UP_HERE: "1x30 4x2"},
            at=timedelta(minutes=32),
            fires=(Firing(labels=SERVICE, summary="Messages that example has given up in 15 minutes: 3.214"),),
        ),
        AlertTest(name="none since an hour", series={_GIVEN_UP_HERE: "1x60"}, at=timedelta(minutes=60)),
        AlertTest(name="a new Pod counts from 0", series={_GIVEN_UP_HERE: "_x20 0x20"}, at=timedelta(minutes=25)),
    ),
)
