"""Measuring fresh processes: side by side, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from bench.projects import REPOSITORY

ENGINE_VARIABLES: Final = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""Without them the engine writes the whole state anew after each resource, and nothing else could be seen."""

T = TypeVar("T")


class BenchFailed(Exception):
    """A measured process failed; the message holds what it said."""


def child(task: str, project: Path) -> list[str]:
    """Return the command that runs a task of `bench.child` on a project."""
    return [sys.executable, "-m", "bench.child", task, str(project)]


def run(command: Sequence[str], folder: Path = REPOSITORY) -> bytes:
    """Run a command in a folder to its end and return what it prints. Raises BenchFailed."""
    environment = {**os.environ, **ENGINE_VARIABLES, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace")[-2000:]
        raise BenchFailed(f"'{' '.join(command)}' failed ({done.returncode}), so nothing was measured:\n{said}")
    return done.stdout


def seconds(*commands: Sequence[str], folder: Path = REPOSITORY) -> float:
    """Run commands one after another, and return how long they take together."""
    started = time.perf_counter()
    for command in commands:
        run(command, folder)
    return time.perf_counter() - started


def interleaved(works: Mapping[str, Callable[[], T]], runs: int) -> dict[str, list[T]]:
    """Do each work in turn, `runs` times over, and return its results in order."""
    results: dict[str, list[T]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            results[name].append(work())
    return results
