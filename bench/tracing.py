"""What Collectors cost: CPU for each span against one that only hands on, memory against what validation computes.

On real Collectors with the generated configurations (`bench.traced`), each with one core.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.measure import interleaved
from bench.table import Row
from bench.traced import SPANS_PER_TRACE, TOGETHER, bare, dropped, measured, messages, peak, send, sink
from components.observability.collector.config import collector_config, sampler_config
from components.quantities import byte_count
from components.specs.observability.tracing import SPAN_BYTES
from tests.integration.servers.collector import Collector
from tests.integration.servers.processes import eventually
from tests.integration.tracing import tiers
from tests.observability.tracing.traced import traced

MEMORY: Final = "512Mi"
"""Of a Collector, by default."""
SENT: Final = 40_000
"""Traces of a run: a core takes them in about fifteen seconds."""
MADE: Final = 2_000
"""Traces that are made; they are sent again and again."""
WAITING: Final = 6_500
"""Traces that wait at one time in the measurement of tail sampling: the most that validation allows here."""
WAIT: Final = 60
"""Seconds: longer than sending them takes, so that all of them wait together."""
_HEAP: Final = "otelcol_process_runtime_heap_alloc_bytes"
_CPU: Final = "otelcol_process_cpu_seconds_total"
_COLLECTED: Final = {"GOGC": "5"}
"""Garbage is collected soon, so that the heap is what is in use, and a twentieth."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One Collector's run."""

    per_second: float
    """Spans for each second of CPU time: what one core takes."""
    dropped: float
    refused: int
    memory: float
    """At most, in bytes."""


def costs(runs: int, folder: Path) -> list[Row]:
    """Measure one Collector of the platform's, against a bare one, and then a sampler."""
    return [*throughput(runs, folder), *waiting(folder)]


def throughput(runs: int, folder: Path) -> list[Row]:
    """Measure spans per second of one core, and memory, as fast as spans are taken."""
    ours, limit = tiers.here(collector_config(traced(replicas=1))), byte_count(MEMORY)
    with sink(_made(folder / "sink")) as backend:
        plain = bare("jaeger:4317")
        works: dict[str, Callable[[], Run]] = {
            "ours": lambda: _run(ours, backend, folder),
            "bare": lambda: _run(plain, backend, folder),
        }
        found = interleaved(works, runs)
    speed = {name: statistics.median(run.per_second for run in some) for name, some in found.items()}
    memory = max(run.memory for run in found["ours"])
    lost = sum(run.dropped for run in found["ours"])
    refused = statistics.median(run.refused for run in found["ours"])
    return [
        Row(
            "spans that a gateway Collector takes with one core, against one that hands on", "/s", *_pair(speed), "none"
        ),
        Row("spans dropped meanwhile", "", lost, None, "0"),
        Row("messages sent again, since it was short of memory", "", refused, None, "none"),
        Row("its memory at most, against its container's limit", "MB", memory / 1e6, limit / 1e6, "< 1"),
    ]


def waiting(folder: Path) -> list[Row]:
    """Measure the memory of traces that wait for the decision, as many as validation allows."""
    words = {
        "rest": "10%",
        "wait": f"{WAIT}s",
        "traces-per-second": WAITING // WAIT,
        "spans-per-trace": SPANS_PER_TRACE,
    }
    limit = byte_count(MEMORY)
    # Validation accepts this, and nothing much larger.
    text = sampler_config(traced(tail=words, replicas=1, collector={"resources": {"cpu": "1", "memory": MEMORY}}))
    config = tiers.here(text)
    with sink(_made(folder / "samplers-sink")) as backend:
        shared, _ = _waiting(config, backend, folder, TOGETHER, **_COLLECTED)
        alone, _ = _waiting(config, backend, folder, 1, **_COLLECTED)
        _, most = _waiting(config, backend, folder, TOGETHER)
    spans = WAITING * SPANS_PER_TRACE
    what = "memory of a waiting span against the estimate, where a service has"
    return [
        Row(f"{what} {TOGETHER} of a trace", "B", shared / spans, SPAN_BYTES, "<= 1"),
        Row(f"{what} 1 of a trace", "B", alone / spans, SPAN_BYTES, "none"),
        Row(f"memory of a sampler in which {spans} spans wait, at most, against its container's limit", "MB",
            most / 1e6, limit / 1e6, "< 1"),
    ]  # fmt: skip


def _run(text: str, backend: Collector, folder: Path) -> Run:
    with measured(_fresh(folder), text, backend, MEMORY) as server, peak(server) as memory:
        again = list(messages(MADE))
        before = server.total(_CPU)
        sent = send(itertools.islice(itertools.cycle(again), len(again) * SENT // MADE), server.otlp)
        eventually(lambda: not dropped(server, sent.taken), "all is sent on", within=120)
        took = server.total(_CPU) - before
        lost = dropped(server, sent.taken)
    return Run(per_second=sent.taken / took, dropped=lost, refused=sent.refusals.total(), memory=max(memory))


def _waiting(text: str, backend: Collector, folder: Path, together: int, **variables: str) -> tuple[float, float]:
    """Return the bytes of heap that the waiting traces take, and the process's most."""
    with measured(_fresh(folder), text, backend, MEMORY, **variables) as server, peak(server) as memory:
        before = server.total(_HEAP)
        sent = send(messages(WAITING, together=together), server.otlp)
        assert sent.taken == WAITING * SPANS_PER_TRACE
        assert not server.total(tiers.ENDED), "all wait"
        # What was only needed to take them goes with the next collections.
        used = min(server.total(_HEAP) for _ in range(20)) - before
        return used, max(memory)


def _fresh(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=folder)) / "collector"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _pair(speed: dict[str, float]) -> tuple[float, float]:
    return speed["ours"], speed["bare"]
