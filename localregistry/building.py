"""Builds an image as the platform says, with buildx and nothing else: what the tests and the measurements look at."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from components.specs.images import ImageBuildSpec
from launcher.buildx import buildx_binary
from launcher.failures import Failure
from launcher.standin.docker.build import Build, command

LINES_SHOWN = 25


class BuildFailed(Failure):
    """A build failed; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Built:
    """What a build did."""

    ran: tuple[str, ...]
    """The steps that were done."""
    cached: tuple[str, ...]
    """The steps whose results were there."""


def build(
    spec: ImageBuildSpec,
    *,
    project: Path,
    builder: str | None = None,
    ca_bundle: Path | None = None,
) -> Built:
    """Build an image and load it into the engine, or push it where the builder is another one.

    `project` is the folder that the paths in `spec` start from. Raises BuildFailed, and ToolUnavailable without buildx.
    """
    asked = Build(
        tags=(spec.reference,),
        context=spec.context,
        dockerfile=spec.dockerfile,
        platforms=tuple(spec.platforms),
        arguments=spec.arguments,
        push=builder is not None,
        builder=builder,
        attestations=builder is not None,
    )
    secrets = {"ca-bundle": ca_bundle} if ca_bundle else {}
    with tempfile.TemporaryDirectory(prefix="localregistry-") as folder:
        line = command(buildx_binary(), asked, metadata=Path(folder) / "metadata.json", secrets=secrets)
        finished = subprocess.run(line, cwd=project, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        said = "\n".join(finished.stderr.splitlines()[-LINES_SHOWN:])
        raise BuildFailed(f"'buildx build' of {spec.dockerfile} ended with exit code {finished.returncode}:\n{said}")
    return _steps(finished.stderr)


def _steps(log: str) -> Built:
    """Read the log of `--progress=rawjson`: one status a line, in which steps appear again as they go on."""
    names: dict[str, str] = {}
    cached: set[str] = set()
    for line in log.splitlines():
        if not line.startswith("{"):
            continue
        for vertex in json.loads(line).get("vertexes") or ():
            names[vertex["digest"]] = vertex["name"]
            if vertex.get("cached"):
                cached.add(vertex["digest"])
    # "[build 4/8] RUN ..."; what the builder does for itself is "[internal] ..." or has no brackets.
    steps = {
        digest: name for digest, name in names.items() if name.startswith("[") and not name.startswith("[internal]")
    }
    # A base image is never "cached": it is looked up each time.
    steps = {digest: name for digest, name in steps.items() if "] FROM " not in name}
    return Built(
        ran=tuple(name for digest, name in steps.items() if digest not in cached),
        cached=tuple(name for digest, name in steps.items() if digest in cached),
    )
