"""A Collector's whole configuration: which parts there are, and how data flows through them. Pure.

https://opentelemetry.io/docs/collector/configuration/
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NotRequired, TypedDict

from components.observability.names import HEALTH_PATH, HEALTH_PORT, OWN_METRICS_PORT
from components.yaml_text import yaml_file

CONFIG_FILE: Final = "collector.yaml"
ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - a Pod's address isn't known here, and policies decide who reaches it
LOOPBACK: Final = "127.0.0.1"
HEALTH_CHECK: Final = "health_check"
FILE_STORAGE: Final = "file_storage"


class HealthCheck(TypedDict):
    """Answers probes: 200 from the start of all pipelines to the beginning of the end.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/healthcheckextension
    """

    endpoint: str
    path: str


class FileStorage(TypedDict):
    """Where queues are kept on disk.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/storage/filestorage
    """

    directory: str
    max_size: int
    """Bytes of each file; a write over it is refused. 0 is no limit."""
    recreate: bool
    """Whether a file that a crash of the node has broken is set aside, so that the Collector starts at all."""


class Pipeline(TypedDict):
    """A way through the Collector; connectors stand at the end of one and at the beginning of another."""

    receivers: list[str]
    processors: list[str]
    exporters: list[str]


class PrometheusReader(TypedDict):
    """Serves the Collector's own metrics."""

    host: str
    port: int
    without_type_suffix: bool
    """Whether counters go without ``_total``."""


class PullExporter(TypedDict):
    """What is pulled from."""

    prometheus: PrometheusReader


class Pull(TypedDict):
    """How."""

    exporter: PullExporter


class Reader(TypedDict):
    """Who reads the Collector's own metrics."""

    pull: Pull


class OwnMetrics(TypedDict):
    """How much the Collector tells of itself, and where."""

    level: Literal["none", "basic", "normal", "detailed"]
    readers: NotRequired[list[Reader]]


class OwnLogs(TypedDict):
    """The Collector's own logs, on standard error."""

    encoding: Literal["json", "console"]
    level: Literal["debug", "info", "warn", "error"]


class OwnTelemetry(TypedDict):
    """What the Collector tells of itself (https://opentelemetry.io/docs/collector/internal-telemetry/)."""

    logs: OwnLogs
    metrics: OwnMetrics


class CollectorService(TypedDict):
    """Which of the parts are used; what isn't named here does nothing."""

    extensions: list[str]
    pipelines: dict[str, Pipeline]
    telemetry: OwnTelemetry


class CollectorDocument(TypedDict):
    """The whole file. Keys are a part's type, or type/name; the values are the TypedDicts of this package."""

    extensions: Mapping[str, Any]
    receivers: Mapping[str, Any]
    processors: Mapping[str, Any]
    exporters: Mapping[str, Any]
    connectors: NotRequired[Mapping[str, Any]]
    service: CollectorService


def health_check() -> HealthCheck:
    """Return what kubelets ask."""
    return {"endpoint": f"{ANY_ADDRESS}:{HEALTH_PORT}", "path": HEALTH_PATH}


def file_storage(directory: str) -> FileStorage:
    """Return the storage of queues: files without a limit, in a folder that exists.

    A queue must be bounded by its own size: it has to write even to take out what has been sent, so a file at its limit
    would lock it up for good. Written pages are not forced to the disk one by one: they outlive the process, whatever
    kills it, and what a crash of the whole node may break is set aside. Files never shrink: nothing else wants their
    volume.
    """
    return {"directory": directory, "max_size": 0, "recreate": True}


def own_telemetry(*, scraped: bool = True) -> OwnTelemetry:
    """Return the Collector's own logs and, where somebody scrapes them, its metrics."""
    logs: OwnLogs = {"encoding": "json", "level": "info"}
    if not scraped:
        return {"logs": logs, "metrics": {"level": "none"}}
    # Names as Jaeger has them, which is a Collector, too: one rule watches both.
    served: PrometheusReader = {"host": ANY_ADDRESS, "port": OWN_METRICS_PORT, "without_type_suffix": False}
    reader: Reader = {"pull": {"exporter": {"prometheus": served}}}
    return {"logs": logs, "metrics": {"level": "normal", "readers": [reader]}}


def literal(text: str) -> str:
    """Return a text that the Collector takes as it is: it would look for variables behind a dollar sign."""
    return text.replace("$", "$$")


def config_map(document: CollectorDocument) -> dict[str, str]:
    """Return the ConfigMap's data."""
    return {CONFIG_FILE: yaml_file(document)}
