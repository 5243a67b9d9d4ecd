"""Prometheus and promtool, built from their Go module."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool, pinned_version

MODULE: Final = Path(__file__).parent / "prometheus"
_PATH: Final = "github.com/prometheus/prometheus"


def release_of(module_version: str) -> str:
    """Return the release for a version of the module, such as `3.15.0` for `0.315.0`.

    https://github.com/prometheus/prometheus#prometheus-code-base-as-a-library
    """
    _, number, patch = module_version.split(".")
    major, minor = divmod(int(number), 100)
    return f"{major}.{minor}.{patch}"


VERSION: Final = release_of(pinned_version(MODULE, _PATH))
_LDFLAGS: Final = ("-s", "-w", f"-X github.com/prometheus/common/version.Version={VERSION}")
# File and http are always in. Kubernetes is what the generated configurations use.
_TAGS: Final = ("remove_all_sd", "enable_kubernetes_sd", "enable_dns_sd")

PROMETHEUS: Final = GoTool(
    name="prometheus",
    module=MODULE,
    package=f"{_PATH}/cmd/prometheus",
    ldflags=_LDFLAGS,
    tags=_TAGS,
    takes="about 3 minutes",
)
PROMTOOL: Final = GoTool(
    name="promtool",
    module=MODULE,
    package=f"{_PATH}/cmd/promtool",
    ldflags=_LDFLAGS,
    tags=_TAGS,
    takes="about 3 minutes, or a few seconds after Prometheus",
)
