"""The exporters beside stores and brokers, and kube-state-metrics, each built from its Go module.

Each is of the newest release whose module, with all that it requires, could be had when it was pinned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool, pinned_version

_HERE: Final = Path(__file__).parent
_STRIPPED: Final = ("-s", "-w")


def _pinned(folder: str, path: str) -> tuple[Path, str]:
    """Return the folder of a module, and the version that its go.mod pins."""
    module = _HERE / folder
    return module, pinned_version(module, path)


_NATS, NATS_EXPORTER_VERSION = _pinned("nats_exporter", "github.com/nats-io/prometheus-nats-exporter")
_POSTGRES, POSTGRES_EXPORTER_VERSION = _pinned("postgres_exporter", "github.com/prometheus-community/postgres_exporter")
_REDIS, REDIS_EXPORTER_VERSION = _pinned("redis_exporter", "github.com/oliver006/redis_exporter")
_KUBERNETES, KUBE_STATE_METRICS_VERSION = _pinned("kube_state_metrics", "k8s.io/kube-state-metrics/v2")

NATS_EXPORTER: Final = GoTool(
    name="prometheus-nats-exporter",
    module=_NATS,
    package="github.com/nats-io/prometheus-nats-exporter",
    ldflags=_STRIPPED,
    takes="about half a minute",
)
POSTGRES_EXPORTER: Final = GoTool(
    name="postgres_exporter",
    module=_POSTGRES,
    package="github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter",
    ldflags=(*_STRIPPED, f"-X github.com/prometheus/common/version.Version={POSTGRES_EXPORTER_VERSION}"),
    takes="about half a minute",
)
REDIS_EXPORTER: Final = GoTool(
    name="redis_exporter",
    module=_REDIS,
    package="github.com/oliver006/redis_exporter",
    ldflags=(*_STRIPPED, f"-X main.BuildVersion=v{REDIS_EXPORTER_VERSION}"),
    takes="about half a minute",
)
KUBE_STATE_METRICS: Final = GoTool(
    name="kube-state-metrics",
    module=_KUBERNETES,
    package="k8s.io/kube-state-metrics/v2",
    ldflags=(*_STRIPPED, f"-X github.com/prometheus/common/version.Version={KUBE_STATE_METRICS_VERSION}"),
    takes="about 2 minutes",
)
