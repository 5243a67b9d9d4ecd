"""Helm, built from its Go module once."""

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool

HELM: Final = GoTool(
    name="helm",
    module=Path(__file__).parent / "helm",
    package="helm.sh/helm/v3/cmd/helm",
    ldflags=("-s", "-w"),
    takes="about 3 minutes",
)
