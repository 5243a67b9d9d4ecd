"""Alertmanager and amtool, built from their Go module."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool, pinned_version

MODULE: Final = Path(__file__).parent / "alertmanager"
_PATH: Final = "github.com/prometheus/alertmanager"


VERSION: Final = pinned_version(MODULE, _PATH)
"""The newest whose module holds its compiled web page, without which it does not build: from 0.32 it does not."""
_LDFLAGS: Final = ("-s", "-w", f"-X github.com/prometheus/common/version.Version={VERSION}")

ALERTMANAGER: Final = GoTool(
    name="alertmanager",
    module=MODULE,
    package=f"{_PATH}/cmd/alertmanager",
    ldflags=_LDFLAGS,
    takes="about 2 minutes",
)
AMTOOL: Final = GoTool(
    name="amtool",
    module=MODULE,
    package=f"{_PATH}/cmd/amtool",
    ldflags=_LDFLAGS,
    takes="about 1 minute",
)
