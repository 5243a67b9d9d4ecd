"""The launcher's commands that need no engine: `validate`, and `render` against Helm; whole processes."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Final

import yaml

from bench.catalogue import catalogue, catalogue_of_twelve
from bench.helm_tool import HELM
from bench.helm_values import values
from bench.measure import child, interleaved, run, seconds
from bench.projects import write_platform
from bench.table import Row
from launcher.gobuild import built

CHART: Final = Path(__file__).parent / "helm" / "chart"


def validation(services: int, runs: int, folder: Path) -> list[Row]:
    """Measure how long `validate` takes."""
    command = child("validate", write_platform(folder / f"validate-{services}", catalogue(services)))
    run(command)
    times = [seconds(command) for _ in range(runs)]
    return [Row(f"validate {services} services", "s", statistics.median(times), None, "< 1 s")]


def rendering(services: int, runs: int, folder: Path) -> list[Row]:
    """Measure `render` of all services against one `helm template` for each."""
    content = catalogue_of_twelve(services)
    render = child("render", write_platform(folder / f"render-{services}", content))
    helm = [_template(name, content, folder) for name in content["services"]]
    ours, theirs = run(render), b"".join(run(command) for command in helm)
    results = interleaved({"render": lambda: seconds(render), "helm": lambda: seconds(*helm)}, runs)
    medians = {name: statistics.median(times) for name, times in results.items()}
    what = f"render {services} services ({_extent(ours)}) against {len(helm)} helm template ({_extent(theirs)})"
    return [Row(what, "s", medians["render"], medians["helm"], "< 1")]


def _template(name: str, content: dict[str, object], folder: Path) -> list[str]:
    path = folder / f"values-{name}.yaml"
    path.write_text(yaml.safe_dump(values(name, content)))
    return [str(built(HELM)), "template", name, str(CHART), "--namespace", "bench", "--values", str(path)]


def _extent(manifests: bytes) -> str:
    objects = sum(line.startswith(b"kind: ") for line in manifests.splitlines())
    return f"{objects} objects, {len(manifests) / 1000:.0f} kB"
