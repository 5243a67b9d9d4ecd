"""An OpenTelemetry Collector of the parts that the platform's configurations name, built from their Go modules."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool, pinned_version

MODULE: Final = Path(__file__).parent / "collector"
VERSION: Final = pinned_version(MODULE, "go.opentelemetry.io/collector/otelcol")
"""The newest of which all parts could be had when it was pinned: 0.159 lacks the service graph."""

COLLECTOR: Final = GoTool(
    name="otelcol",
    module=MODULE,
    package="polyglot/collector",
    ldflags=("-s", "-w", f"-X main.version={VERSION}"),
    takes="about 6 minutes",
)
