"""What images cost an `up` that finds nothing changed: the stack `ci`, against the same that only names its images."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from bench.measure import BenchFailed, interleaved, run, seconds
from bench.projects import REPOSITORY
from bench.table import Row
from launcher.buildx import buildx_binary
from launcher.engine import pulumi_binary

STACK: Final = "ci"
RUNS: Final = 5
NOTHING_CHANGED: Final = b"No changes: "


def unchanged(folder: Path, ca_bundle: Path | None) -> list[Row]:
    """Measure whole processes. The first `up` of each builds, or doesn't, and is not counted."""
    pulumi_binary(), buildx_binary()
    certificates = {"ca-bundle": str(ca_bundle)} if ca_bundle else {}
    projects = {
        "building": _project(folder / "building", certificates),
        "naming": _project(folder / "naming", {"build": "never", "base-registry": None}),
    }
    up = [sys.executable, "-m", "launcher", "up", STACK]
    for project in projects.values():
        run(up, project)
        if NOTHING_CHANGED not in run(up, project):
            raise BenchFailed("the second 'up' changed something, so it is not what is to be measured")
    works = {name: lambda project=project: seconds(up, folder=project) for name, project in projects.items()}
    medians = {name: statistics.median(times) for name, times in interleaved(works, RUNS).items()}
    more = medians["building"] - medians["naming"]
    what = f"up with five images, nothing changed ({more:+.2f} s)"
    return [Row(what, "s", medians["building"], medians["naming"], "< 2 s more")]


def _project(folder: Path, images: dict[str, Any]) -> Path:
    """Copy what git knows of the project, with other settings of images; None takes one out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    path = folder / "stacks" / f"Pulumi.{STACK}.yaml"
    document = yaml.safe_load(path.read_text())
    settings = document["config"]["polyglot:environment"]["images"] | images
    document["config"]["polyglot:environment"]["images"] = {
        key: value for key, value in settings.items() if value is not None
    }
    path.write_text(yaml.safe_dump(document))
    return folder
