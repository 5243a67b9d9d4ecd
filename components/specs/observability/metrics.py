"""How an environment collects metrics."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from components.faults import fault
from components.scalars import ConfigKey, DnsLabel, DnsSubdomain, LabelKey, LabelValue, matching
from components.specs.base import Finding, Spec, kebab_case
from components.specs.probes import PortNumber
from components.specs.resources import Resources
from components.units import Memory, PositiveDuration

_METRIC: Final = "[a-zA-Z_:][a-zA-Z0-9_:]*"
MetricName = Annotated[
    str,
    matching(
        re.compile(_METRIC),
        "the name of a metric",
        "no exporter could serve it, and every query for it would be refused",
        "use letters, digits, '_' and ':', not starting with a digit, e.g. jobs_waiting",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_METRIC}$"}),
]
"""https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels"""


class MetricsBackend(StrEnum):
    """Who runs Prometheus."""

    PLATFORM = "platform"
    """This program: a StatefulSet of its own."""
    OPERATOR = "operator"
    """The cluster's Prometheus Operator: this program only writes PodMonitors and PrometheusRules."""


class RemoteWrite(Spec):
    """Where samples go too, for large installations: ``{host: mimir.example.com, path: /api/v1/push}``, over TLS."""

    host: DnsSubdomain
    port: PortNumber = 443
    path: str = Field("/api/v1/write", pattern="^/")
    username: str | None = Field(None, description="For basic authentication; the password is a secret.")
    password: ConfigKey | None = Field(None, description="Key of the Secret 'prometheus' with the password or token.")

    def findings(self) -> Iterator[Finding]:
        """Yield a user without a password."""
        if self.username is not None and self.password is None:
            yield (
                ("username",),
                fault(
                    "stands without a password",
                    consequence="the receiver would refuse every sample",
                    fix="add password: KEY, and give the Secret 'prometheus' that key",
                ),
            )


class RequestMetrics(Spec):
    """prometheus-adapter, which tells autoscalers of requests and other metrics: ``{issuer: cluster-ca}``."""

    issuer: DnsSubdomain = Field(description="The cert-manager ClusterIssuer of the adapter's certificate.")
    resources: Resources = Resources(cpu="50m", memory="128Mi")


class Metrics(Spec):
    """Metrics in this environment."""

    run_by: MetricsBackend = MetricsBackend.PLATFORM
    operator_labels: dict[LabelKey, LabelValue] = Field(
        {},
        description="Labels by which the operator selects monitors and rules, e.g. {release: kube-prometheus-stack}.",
    )
    operator_namespace: DnsLabel | None = Field(None, description="Where the operator's Prometheus runs.")
    operator_service_account: DnsSubdomain = Field(
        "prometheus-k8s", description="Of the operator's Prometheus: the mesh lets it in by this name."
    )
    retention: PositiveDuration | None = Field(None, description="How long samples are kept.")
    storage: Memory | None = Field(None, description="Of each replica; old samples go before the disk is full.")
    storage_class: DnsSubdomain | None = None
    replicas: int = Field(1, ge=1, le=2, description="Two collect the same, so that one may fail.")
    scrape_interval: PositiveDuration = timedelta(seconds=30)
    resources: Resources = Resources(cpu="250m", memory="1Gi")
    nodes: bool = Field(True, description="Whether containers' use is read from the kubelets, by a ClusterRole.")
    verify_nodes: bool = Field(
        True,
        description="Whether kubelets' certificates are checked; false where they sign their own (kubeadm's default).",
    )
    remote_write: tuple[RemoteWrite, ...] = ()
    request_metrics: RequestMetrics | None = Field(
        None, description="The adapter behind autoscaling on requests; needed where a service scales on them."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield what the chosen backend needs, and what would reach nobody."""
        operator = self.run_by is MetricsBackend.OPERATOR
        for field in ("retention", "storage"):
            if getattr(self, field) is None and not operator:
                yield (
                    (),
                    fault(
                        f"does not say {field}",
                        consequence="nobody could tell for how long there are metrics",
                        fix=f"add {field}: {'15d' if field == 'retention' else '50Gi'}, or run-by: operator",
                    ),
                )
        ours = ("retention", "storage", "storage_class", "replicas", "resources", "remote_write", "request_metrics")
        theirs = ("operator_labels", "operator_namespace", "operator_service_account")
        for field in ours if operator else theirs:
            if field in self.model_fields_set:
                yield (
                    (kebab_case(field),),
                    fault(
                        f"is set, and Prometheus is run by the {'operator' if operator else 'platform'}",
                        consequence="the setting would reach nothing",
                        fix="drop it, or change run-by",
                    ),
                )
        if operator and self.operator_namespace is None:
            yield (
                (),
                fault(
                    "is run by the operator, and its namespace is not said",
                    consequence="no NetworkPolicy could let its Prometheus in",
                    fix="add operator-namespace: monitoring",
                ),
            )
