"""Grafana's provisioning files, typed: the parts of them that this platform writes.

https://grafana.com/docs/grafana/latest/administration/provisioning/
"""

from typing import Literal, NotRequired, TypedDict


class ExemplarTraceId(TypedDict):
    """Where the trace behind an exemplar is found; `name` is the exemplar's label."""

    name: str
    datasourceUid: str


class Tag(TypedDict):
    """A span's attribute, and the label that it is in the other data source."""

    key: str
    value: str


class NamedQuery(TypedDict):
    """A query that a span offers; ``$__tags`` in it becomes the span's tags."""

    name: str
    query: str


class TraceToLogs(TypedDict):
    """How a span leads to log lines, which may stand a little beside it."""

    datasourceUid: str
    tags: list[Tag]
    filterByTraceID: bool
    spanStartTimeShift: str
    spanEndTimeShift: str


class TraceToMetrics(TypedDict):
    """How a span leads to metrics."""

    datasourceUid: str
    tags: list[Tag]
    queries: list[NamedQuery]
    spanStartTimeShift: str
    spanEndTimeShift: str


class NodeGraph(TypedDict):
    """Whether a trace is drawn as a graph, too."""

    enabled: bool


class DerivedField(TypedDict):
    """A part of a log line that leads to another data source."""

    name: str
    matcherRegex: str
    datasourceUid: str
    url: str
    urlDisplayLabel: str


class PrometheusOptions(TypedDict):
    """https://grafana.com/docs/grafana/latest/datasources/prometheus/configure/#provision-the-data-source."""

    httpMethod: Literal["POST"]
    prometheusType: Literal["Prometheus"]
    timeInterval: str
    manageAlerts: bool
    exemplarTraceIdDestinations: NotRequired[list[ExemplarTraceId]]


class AlertmanagerOptions(TypedDict):
    """https://grafana.com/docs/grafana/latest/datasources/alertmanager/#provision-the-alertmanager-data-source."""

    implementation: Literal["prometheus"]
    handleGrafanaManagedAlerts: bool


class JaegerOptions(TypedDict):
    """https://grafana.com/docs/grafana/latest/datasources/jaeger/#provision-the-data-source."""

    tracesToMetrics: TraceToMetrics
    tracesToLogsV2: NotRequired[TraceToLogs]
    nodeGraph: NodeGraph


class LokiOptions(TypedDict):
    """https://grafana.com/docs/grafana/latest/datasources/loki/configure-loki-data-source/#provision-the-data-source."""

    derivedFields: list[DerivedField]


SourceType = Literal["prometheus", "alertmanager", "jaeger", "loki"]


class Source(TypedDict):
    """What every source of data has; Grafana's server asks it, and never the browser."""

    name: str
    uid: str
    type: SourceType
    access: Literal["proxy"]
    url: str
    editable: bool


class DataSource(Source):
    """One source of data, with what only its type knows."""

    isDefault: NotRequired[bool]
    jsonData: PrometheusOptions | AlertmanagerOptions | JaegerOptions | LokiOptions


class DataSources(TypedDict):
    """The file of all sources."""

    apiVersion: Literal[1]
    datasources: list[DataSource]


class ProviderOptions(TypedDict):
    """Where the dashboards' files are; folders in it are searched."""

    path: str


class DashboardProvider(TypedDict):
    """A folder of Grafana, filled from one of files."""

    name: str
    folder: str
    folderUid: str
    type: Literal["file"]
    disableDeletion: bool
    allowUiUpdates: bool
    updateIntervalSeconds: int
    options: ProviderOptions


class DashboardProviders(TypedDict):
    """The file of all folders."""

    apiVersion: Literal[1]
    providers: list[DashboardProvider]
