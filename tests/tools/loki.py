"""Loki, built from its Go module."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool, pinned_version

MODULE: Final = Path(__file__).parent / "loki"
_PATH: Final = "github.com/grafana/loki/v3"
VERSION: Final = pinned_version(MODULE, _PATH)

LOKI: Final = GoTool(
    name="loki",
    module=MODULE,
    package=f"{_PATH}/cmd/loki",
    ldflags=("-s", "-w", f"-X {_PATH}/pkg/util/build.Version={VERSION}"),
    takes="about 6 minutes",
)
