"""The program against a flat one that registers the same objects, ready-made: under mocks, and a no-op `up`."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.catalogue import catalogue
from bench.measure import child, interleaved, run, seconds
from bench.projects import write_flat, write_platform
from bench.table import Row


@dataclass(frozen=True)
class Evaluation:
    """One run of a program under mocks, in a process of its own."""

    seconds: float
    """CPU time of the program alone: what else the machine does is not in it, nor is the loading of modules."""
    megabytes: float
    """The most that the process ever had resident."""
    objects: int


def evaluation(sizes: Sequence[int], runs: int, folder: Path) -> list[Row]:
    """Measure time and memory at each size, and how the cost of one service grows."""
    rows, per_service = [], {}
    for size in sizes:
        platform, flat = _projects(size, folder)
        results = interleaved({"program": lambda p=platform: _evaluate(p), "flat": lambda f=flat: _evaluate(f)}, runs)
        objects = {result.objects for of_one in results.values() for result in of_one}
        if len(objects) != 1:
            raise AssertionError(f"the two programs registered different numbers of objects: {objects}")
        what = f"evaluation of {size} services ({objects.pop()} objects)"
        times = {name: _median(result.seconds for result in of_one) for name, of_one in results.items()}
        memory = {name: _median(result.megabytes for result in of_one) for name, of_one in results.items()}
        rows += [
            Row(f"{what}: CPU time", "s", times["program"], times["flat"], "<= 1.15"),
            Row(f"{what}: peak memory", "MB", memory["program"], memory["flat"], "<= 1.2"),
        ]
        per_service[size] = times["program"] * 1000 / size
    if len(sizes) > 1:
        small, large = min(sizes), max(sizes)
        what = f"CPU time per service, {large} against {small} services"
        rows.append(Row(what, "ms", per_service[large], per_service[small], "about 1"))
    return rows


def no_op_up(sizes: Sequence[int], runs: int, folder: Path) -> list[Row]:
    """Measure an `up` that changes nothing on the real engine, rendering into a folder; whole processes."""
    rows = []
    for size in sizes:
        platform, flat = _projects(size, folder)
        for project in (platform, flat):
            run(child("up", project))
        commands = {"program": child("up_again", platform), "flat": child("up_again", flat)}
        results = interleaved({name: lambda c=command: seconds(c) for name, command in commands.items()}, runs)
        medians = {name: statistics.median(times) for name, times in results.items()}
        rows.append(Row(f"no-op up of {size} services", "s", medians["program"], medians["flat"], "<= 1.15"))
    return rows


def _projects(size: int, folder: Path) -> tuple[Path, Path]:
    """Make both projects, unless an earlier part did; the flat one gets the objects that the program renders."""
    platform, flat = folder / f"program-{size}", folder / f"flat-{size}"
    if not platform.exists():
        write_platform(platform, catalogue(size))
        write_flat(flat, json.loads(run(child("objects", platform))))
    return platform, flat


def _evaluate(project: Path) -> Evaluation:
    return Evaluation(**json.loads(run(child("evaluate", project))))


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)
