"""What watching costs: evaluating the rules, series of each service, and the home dashboard with and without rules.

On a real Prometheus with the generated configuration and rules, whose targets are played (`bench.observed`).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from bench.measure import interleaved
from bench.observed import platform, running
from bench.recorded import overview_pairs
from bench.table import Row
from tests.integration.servers.prometheus import Prometheus

WARM: Final = 330.0
"""Seconds from the start until rates have all of the five minutes that they look back."""
_SHOWN: Final = 300
_STEP: Final = 15
"""What a dashboard shows, and in which steps, in seconds: what has been scraped. It grows alike on both sides."""
_TIMEOUT: Final = 120.0


def costs(sizes: Sequence[int], runs: int, folder: Path) -> list[Row]:
    """Measure platforms of these sizes; each has a Prometheus of its own, and they warm up side by side."""
    with ExitStack() as stack:
        servers = {}
        for size in sizes:
            (folder / str(size)).mkdir()
            servers[size] = stack.enter_context(running(folder / str(size), size))
        print(f"Waiting {WARM:g} s for five minutes of samples ...", file=sys.stderr, flush=True)
        time.sleep(WARM)
        return [row for size, server in servers.items() for row in _costs(size, server, runs)]


def _costs(size: int, server: Prometheus, runs: int) -> list[Row]:
    _check(server)
    rules = len(server.rules())
    groups = evaluations(server)
    slowest = max(groups, key=lambda name: groups[name])
    rows = [
        Row(f"all {rules} rules of {size} services, evaluated once", "s", sum(groups.values()), None, "none"),
        Row(f"the slowest group of them, {slowest}, of {size} services", "s", groups[slowest], None, "< 30 s"),
    ]
    per_service = server.active_series() / size
    rows.append(Row(f"active series per service, {size} services", "", per_service, None, "none"))
    pairs = overview_pairs(platform(size))
    works = {
        "recorded": lambda: sum(_milliseconds(server, pair.recorded) for pair in pairs),
        "raw": lambda: sum(_milliseconds(server, pair.raw) for pair in pairs),
    }
    taken = {name: statistics.median(found) for name, found in interleaved(works, runs).items()}
    what = f"{len(pairs)} queries of the overview of {size} services: on recorded series against raw ones"
    return [*rows, Row(what, "ms", taken["recorded"], taken["raw"], "<= 0.1")]


def evaluations(server: Prometheus) -> dict[str, float]:
    """Return the seconds that each group's last evaluation took. Groups are evaluated side by side."""
    text = httpx2.get(f"{server.url}/metrics", timeout=_TIMEOUT, trust_env=False).raise_for_status().text
    (family,) = (
        one for one in text_string_to_metric_families(text) if one.name == "prometheus_rule_group_last_duration_seconds"
    )
    return {Path(one.labels["rule_group"].partition(";")[0]).stem: one.value for one in family.samples}


def _milliseconds(server: Prometheus, query: str) -> float:
    """Ask, and return what the server itself says that the query took, without HTTP and JSON."""
    end = time.time()
    parameters = {"query": query, "start": end - _SHOWN, "end": end, "step": _STEP, "stats": "all"}
    answer = httpx2.get(f"{server.url}/api/v1/query_range", params=parameters, timeout=_TIMEOUT, trust_env=False)
    data = answer.raise_for_status().json()["data"]
    assert data["result"], f"nothing is measured by a query that finds nothing: {query}"
    return 1000 * data["stats"]["timings"]["execTotalTime"]


def _check(server: Prometheus) -> None:
    """Refuse to measure what doesn't work."""
    down = [one.url for one in server.targets() if one.health != "up"]
    failed = [one.name for one in server.rules() if one.health == "err"]
    assert not down and not failed, f"targets that don't answer: {down[:3]}; rules that fail: {failed}"
