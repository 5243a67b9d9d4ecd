"""monitoring.coreos.com/v1, what the Prometheus Operator reads: their shape, as far as it is used here. Pure.

https://prometheus-operator.dev/docs/api-reference/api/
"""

from typing import Any, Literal, NotRequired, TypedDict

from components.resources.metadata import Metadata, WorkloadSelector


class Relabeling(TypedDict):
    """One step from what discovery knows of a Pod to a target's labels."""

    action: NotRequired[str]
    sourceLabels: NotRequired[list[str]]
    separator: NotRequired[str]
    regex: NotRequired[str]
    replacement: NotRequired[str]
    targetLabel: NotRequired[str]


class PodMetricsEndpoint(TypedDict):
    """How Pods are scraped; without a port each port of a Pod makes a target."""

    interval: str
    relabelings: list[Relabeling]


class NamespaceSelector(TypedDict):
    """Namespaces by name."""

    matchNames: list[str]


class PodMonitorSpec(TypedDict):
    """Which Pods, and how."""

    selector: WorkloadSelector
    namespaceSelector: NamespaceSelector
    sampleLimit: int
    podMetricsEndpoints: list[PodMetricsEndpoint]


class PodMonitor(TypedDict):
    """Pods that the operator's Prometheus scrapes."""

    apiVersion: Literal["monitoring.coreos.com/v1"]
    kind: Literal["PodMonitor"]
    metadata: Metadata
    spec: PodMonitorSpec


class PrometheusRuleSpec(TypedDict):
    """A rule file of Prometheus, as it is."""

    groups: list[dict[str, Any]]


class PrometheusRule(TypedDict):
    """Rules that the operator hands to its Prometheus."""

    apiVersion: Literal["monitoring.coreos.com/v1"]
    kind: Literal["PrometheusRule"]
    metadata: Metadata
    spec: PrometheusRuleSpec
