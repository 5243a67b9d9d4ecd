"""The Go runtime: goroutines, and memory against its limit. Pure.

Names are client_golang's: https://pkg.go.dev/github.com/prometheus/client_golang/prometheus/collectors#NewGoCollector.
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.examples import POD, written
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.observability.thresholds import GO_MEMORY_SHARE, GOROUTINE_GROWTH
from components.specs.container import Language
from components.specs.observability.alerts import Severity

_LABELS: Final = written(POD)
_BY_POD: Final = "by (service, team, pod)"


def go_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on Go's runtime, the platform's own parts included; none where nothing tells of it."""
    go = any(one.language is Language.GO and one.endpoint for one in args.workloads.values())
    return RuleGroup(name="go", rules=(_LEAK, _MEMORY) if go else ())


def _memory(total: str) -> dict[str, str]:
    return {
        f"go_memstats_sys_bytes{{{_LABELS}}}": f"{total}x30",
        f"go_memstats_heap_released_bytes{{{_LABELS}}}": "10e6x30",
        f"go_gc_gomemlimit_bytes{{{_LABELS}}}": "100e6x30",
    }


_LEAK: Final = Alert(
    name="GoroutinesLeak",
    # The least of an hour: bursts come and go, what leaks stays.
    expression=(
        f"min {_BY_POD} (min_over_time(go_goroutines[1h]))"
        f" - min {_BY_POD} (min_over_time(go_goroutines[1h] offset 3h)) > {GOROUTINE_GROWTH}"
    ),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} has {{ $value | humanize }} goroutines more than three hours ago, at its calmest",
    description="Goroutines are started that never end; each keeps memory, and often a connection.",
    dashboard="go-runtime",
    tests=(
        AlertTest(
            name="6 more each minute",
            series={f"go_goroutines{{{_LABELS}}}": "20+6x300"},
            at=timedelta(hours=5),
            fires=(
                Firing(
                    labels=POD,
                    summary="example-1 has 1.08k goroutines more than three hours ago, at its calmest",
                ),
            ),
        ),
        AlertTest(
            name="bursts of 2,000 and calm between them",
            series={f"go_goroutines{{{_LABELS}}}": "20x200 2000x50 20x50"},
            at=timedelta(hours=5),
        ),
        AlertTest(
            name="500 more, once",
            series={f"go_goroutines{{{_LABELS}}}": "20x120 520x180"},
            at=timedelta(hours=5),
        ),
    ),
)

_MEMORY: Final = Alert(
    name="GoMemoryLimitNear",
    # What Go counts against its limit: all that it has got from the system and not given back. Without GOMEMLIMIT the
    # limit is the largest number there is (https://pkg.go.dev/runtime/debug#SetMemoryLimit).
    expression=(
        f"max {_BY_POD} (go_memstats_sys_bytes - go_memstats_heap_released_bytes)"
        f" / max {_BY_POD} (go_gc_gomemlimit_bytes) > {GO_MEMORY_SHARE}"
    ),
    hold=timedelta(minutes=15),
    severity=Severity.TICKET,
    summary="{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its GOMEMLIMIT",
    description="The closer Go's memory comes to GOMEMLIMIT, the more CPU it spends on collecting.",
    dashboard="go-runtime",
    tests=(
        AlertTest(
            name="91 of 100 MB",
            series=_memory("101e6"),
            at=timedelta(minutes=20),
            fires=(Firing(labels=POD, summary="example-1 uses 91% of its GOMEMLIMIT"),),
        ),
        AlertTest(name="90 of 100 MB", series=_memory("100e6"), at=timedelta(minutes=20)),
    ),
)
