"""The adapter that serves Prometheus' metrics to autoscalers, built from its Go module."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool, pinned_version

MODULE: Final = Path(__file__).parent / "prometheus_adapter"
VERSION: Final = pinned_version(MODULE, "sigs.k8s.io/prometheus-adapter")

PROMETHEUS_ADAPTER: Final = GoTool(
    name="prometheus-adapter",
    module=MODULE,
    package="sigs.k8s.io/prometheus-adapter/cmd/adapter",
    ldflags=("-s", "-w"),
    takes="about 3 minutes",
)
