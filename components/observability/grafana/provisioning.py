"""What Grafana finds when it starts: its data sources, the links between them, and folders of dashboards. Pure.

Grafana reads ``$NAME`` in these files as a variable of its environment; a dollar sign that is meant as one is doubled.
"""

from collections.abc import Iterator
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards.index import Entry, Folder, entries
from components.observability.grafana.document import (
    DashboardProvider,
    DashboardProviders,
    DataSource,
    DataSources,
    JaegerOptions,
    LokiOptions,
    PrometheusOptions,
    Source,
    SourceType,
)
from components.observability.names import ALERTMANAGER, ALERTMANAGER_PORT, PROMETHEUS, PROMETHEUS_PORT
from components.quantities import duration_text

DASHBOARDS: Final = "/var/lib/grafana/dashboards"
"""Each dashboard's ConfigMap is a folder of its own in here, in its folder's."""

METRICS_UID: Final[SourceType] = "prometheus"
ALERTS_UID: Final[SourceType] = "alertmanager"
TRACES_UID: Final[SourceType] = "jaeger"
LOGS_UID: Final[SourceType] = "loki"

_REREAD_SECONDS: Final = 30
"""How soon a changed dashboard is seen, once the node has the new ConfigMap."""
_BEFORE, _AFTER = "-5m", "5m"
"""How far beside a span its log lines and the effects on metrics are looked for."""


def data_sources(args: ObservabilityArgs, *, traces: str | None, logs: str | None) -> DataSources:
    """Return the file of data sources; `traces` and `logs` are the addresses of Jaeger and Loki, if there are any."""
    return {"apiVersion": 1, "datasources": [*_data_sources(args, traces, logs)]}


def dashboard_providers(args: ObservabilityArgs) -> DashboardProviders:
    """Return the file of folders: those that a dashboard of this platform stands in."""
    folders = dict.fromkeys(entry.folder for entry in entries(args))
    return {"apiVersion": 1, "providers": [_provider(folder) for folder in folders]}


def dashboard_folder(entry: Entry) -> str:
    """Return where the ConfigMap of a dashboard is mounted."""
    return f"{_path(entry.folder)}/{entry.uid}"


def _data_sources(args: ObservabilityArgs, traces: str | None, logs: str | None) -> Iterator[DataSource]:
    yield {
        **_source("Prometheus", METRICS_UID, f"http://{PROMETHEUS}:{PROMETHEUS_PORT}"),
        "isDefault": True,
        "jsonData": _prometheus(args, has_traces=traces is not None),
    }
    if args.settings.alerts is not None:
        yield {
            **_source("Alertmanager", ALERTS_UID, f"http://{ALERTMANAGER}:{ALERTMANAGER_PORT}"),
            "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
        }
    if traces is not None:
        yield {**_source("Jaeger", TRACES_UID, traces), "jsonData": _jaeger(has_logs=logs is not None)}
    if logs is not None:
        yield {**_source("Loki", LOGS_UID, logs), "jsonData": _loki(has_traces=traces is not None)}


def _source(name: str, kind: SourceType, url: str) -> Source:
    """Return what all sources have; what they are called by links is their type, as there is one of each."""
    return {"name": name, "uid": kind, "type": kind, "access": "proxy", "url": url, "editable": False}


def _prometheus(args: ObservabilityArgs, *, has_traces: bool) -> PrometheusOptions:
    options: PrometheusOptions = {
        "httpMethod": "POST",
        "prometheusType": "Prometheus",
        # Rates over less than this would be empty: $__rate_interval follows from it.
        "timeInterval": duration_text(args.settings.metrics.scrape_interval),
        # Rules come from the platform alone.
        "manageAlerts": False,
    }
    if has_traces:
        options["exemplarTraceIdDestinations"] = [{"name": "trace_id", "datasourceUid": TRACES_UID}]
    return options


def _jaeger(*, has_logs: bool) -> JaegerOptions:
    options: JaegerOptions = {
        "nodeGraph": {"enabled": True},
        "tracesToMetrics": {
            "datasourceUid": METRICS_UID,
            "tags": [{"key": "service.name", "value": "service"}],
            "queries": [
                {"name": "Requests", "query": "service:requests:rate5m{$$__tags}"},
                {"name": "Errors", "query": "service:errors:rate5m{$$__tags}"},
            ],
            "spanStartTimeShift": _BEFORE,
            "spanEndTimeShift": _AFTER,
        },
    }
    if has_logs:
        options["tracesToLogsV2"] = {
            "datasourceUid": LOGS_UID,
            "tags": [{"key": "service.name", "value": "service_name"}],
            "filterByTraceID": True,
            "spanStartTimeShift": _BEFORE,
            "spanEndTimeShift": _AFTER,
        }
    return options


def _loki(*, has_traces: bool) -> LokiOptions:
    if not has_traces:
        return {"derivedFields": []}
    return {
        "derivedFields": [
            {
                "name": "trace",
                # As the services write it: docs/services.md.
                "matcherRegex": r'"trace_id":\s*"([0-9a-f]{32})"',
                "datasourceUid": TRACES_UID,
                "url": "$${__value.raw}",
                "urlDisplayLabel": "Trace",
            }
        ]
    }


def _provider(folder: Folder) -> DashboardProvider:
    return {
        "name": folder.value,
        "folder": folder.value,
        "folderUid": folder.value.lower(),
        "type": "file",
        # A dashboard that goes from the platform goes from Grafana.
        "disableDeletion": False,
        "allowUiUpdates": False,
        "updateIntervalSeconds": _REREAD_SECONDS,
        "options": {"path": _path(folder)},
    }


def _path(folder: Folder) -> str:
    return f"{DASHBOARDS}/{folder.value.lower()}"
