"""Whether Loki keeps what it is sent. Pure.

https://grafana.com/docs/loki/latest/operations/observability/
"""

from datetime import timedelta
from typing import Final

from components.observability.names import LOKI
from components.observability.rules.counters import grown
from components.observability.rules.examples import part_labels, part_series
from components.observability.rules.model import Alert, AlertTest, Firing
from components.specs.observability.alerts import Severity


def _not_stored() -> Alert:
    flushes, full = "loki_ingester_chunks_flush_failures_total", "loki_ingester_wal_disk_full_failures_total"
    return Alert(
        name="LogsNotStored",
        expression=f"sum by (service, team, pod) (increase({flushes}[15m]) + increase({full}[15m])) > 0",
        severity=Severity.TICKET,
        summary="{{ $labels.pod }} could not write to its volume {{ $value | humanize }} times in 15 minutes",
        description="Logs are kept in memory, and are lost when Loki restarts.",
        dashboard="telemetry",
        tests=(
            AlertTest(
                name="1 a minute",
                series={part_series(flushes, LOKI): "0+1x40", part_series(full, LOKI): "0x40"},
                at=timedelta(minutes=30),
                fires=(
                    Firing(
                        labels=part_labels(LOKI), summary="loki-0 could not write to its volume 15 times in 15 minutes"
                    ),
                ),
            ),
            AlertTest(
                name="once, long ago",
                series={part_series(flushes, LOKI): "1x40", part_series(full, LOKI): "0x40"},
                at=timedelta(minutes=30),
            ),
        ),
    )


def _discarded() -> Alert:
    metric = "loki_discarded_samples_total"
    late = {"reason": "greater_than_max_sample_age"}
    return Alert(
        name="LogsDiscarded",
        expression=f"sum by (service, team, pod, reason) {grown(metric)}",
        severity=Severity.TICKET,
        summary="{{ $labels.pod }} has discarded {{ $value | humanize }} lines in 15 minutes: {{ $labels.reason }}",
        description="Loki takes no lines that are too old, or more of them than its limits allow.",
        dashboard="telemetry",
        tests=(
            AlertTest(
                name="the first 8",
                series={part_series(metric, LOKI, tenant="fake", **late): "_x20 8x20"},
                at=timedelta(minutes=25),
                fires=(
                    Firing(
                        labels=part_labels(LOKI, **late),
                        summary="loki-0 has discarded 8 lines in 15 minutes: greater_than_max_sample_age",
                    ),
                ),
            ),
            AlertTest(
                name="none for long",
                series={part_series(metric, LOKI, tenant="fake", **late): "8x60"},
                at=timedelta(minutes=45),
            ),
        ),
    )


LOG_STORAGE_ALERTS: Final = (_not_stored(), _discarded())
"""For platforms that have a Loki of their own."""
