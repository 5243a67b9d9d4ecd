"""The servers, each built from its Go module once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool

_HERE: Final = Path(__file__).parent

REGISTRY: Final = GoTool(
    name="registry",
    module=_HERE / "distribution",
    package="github.com/distribution/distribution/v3/cmd/registry",
    ldflags=("-s", "-w"),
    takes="about 1 minute",
)
BUILDKITD: Final = GoTool(
    name="buildkitd",
    module=_HERE / "buildkit",
    package="github.com/moby/buildkit/cmd/buildkitd",
    ldflags=("-s", "-w"),
    takes="about 2 minutes",
)
"""Builds for several platforms, exports its cache and attests provenance; the BuildKit in an engine does not."""
