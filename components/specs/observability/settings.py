"""Observability in an environment: metrics, alerts, dashboards, traces, logs."""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from components.faults import fault
from components.scalars import ImageReference
from components.specs.base import Finding, Spec
from components.specs.observability.alerts import Alerts
from components.specs.observability.dashboards import Dashboards
from components.specs.observability.logs import Logs
from components.specs.observability.metrics import Metrics, MetricsBackend
from components.specs.observability.tracing import Tracing


class Program(StrEnum):
    """A program of which an environment may name another image, e.g. with its digest, or in a registry of its own."""

    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"
    KUBE_STATE_METRICS = "kube-state-metrics"
    PROMETHEUS_ADAPTER = "prometheus-adapter"
    NATS_EXPORTER = "nats-exporter"
    POSTGRES_EXPORTER = "postgres-exporter"
    REDIS_EXPORTER = "redis-exporter"
    JAEGER = "jaeger"
    JAEGER_INDEX_CLEANER = "jaeger-index-cleaner"
    COLLECTOR = "otel-collector"
    LOKI = "loki"
    FLUENT_BIT = "fluent-bit"
    JAVA_AGENT = "java-agent"


class Observability(Spec):
    """What is watched here, and who is told."""

    metrics: Metrics
    runbooks: str = Field(
        pattern="^https?://.+[^/]$", description="Where docs/runbooks is published; the alert's name and .md follow."
    )
    alerts: Alerts | None = Field(None, description="Alertmanager; without it nobody is told.")
    dashboards: Dashboards | None = Field(None, description="Grafana.")
    tracing: Tracing | None = Field(None, description="Collectors, and Jaeger or a vendor; without it no span is sent.")
    logs: Logs | None = Field(None, description="Agents on the nodes, and where they send logs.")
    images: dict[Program, ImageReference] = Field(
        {}, description="Program → its image; the pinned one of components/versions.py where absent."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield servers that the operator's installation has already."""
        if self.metrics.run_by is MetricsBackend.OPERATOR:
            for field, consequence in (
                ("alerts", "two Alertmanagers would tell people of the same thing, or neither would"),
                ("dashboards", "its Grafana would have no data source"),
            ):
                if getattr(self, field) is not None:
                    yield (
                        (field,),
                        fault(
                            "are set, and Prometheus is run by the operator",
                            consequence=consequence,
                            fix="drop them: rules and dashboards reach the operator's installation as objects",
                        ),
                    )
