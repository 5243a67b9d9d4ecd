"""What services and exporters really export; and what else Prometheus takes: exemplars, and metrics that are pushed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, TypeVar

import httpx2
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from tests.integration.observability.observed import Observed
from tests.integration.observability.platforms import EVERY
from tests.integration.observability.queries import dashboard_queries, rules
from tests.integration.observability.watched import Watched
from tests.integration.servers.processes import eventually
from tests.observability.foreign_metrics import SOURCES
from tests.observability.promql import metric_names

T = TypeVar("T")

_WARM: Final = 90.0
"""Seconds until each program has been scraped, and has had something to tell of."""
PLAYED: Final = {name for source in ("cadvisor", "kubelet", "istio", "envoy") for name in SOURCES[source].metrics}
"""Of what cannot run here, as its documentation lists it."""
FROM_PROMETHEUS: Final = {"ALERTS", "ALERTS_FOR_STATE"}
"""What Prometheus says of its alerts, while there are some."""


NOT_HERE: Final = {
    "alertmanager_cluster_members": "one replica gossips with nobody",
    "prometheus_remote_storage_": "nothing is sent on from here",
}
"""Series that a program has when it runs in another way than here: the beginnings of their names, and why."""
LABELS_NOT_HERE: Final = {
    "window": "of alerts, while a budget burns",
    "stream_leader": "one server is no cluster",
    "consumer_leader": "one server is no cluster",
}
"""The same of labels."""


def exported(observed: Observed) -> set[str]:
    """The names of all that real processes have exported in this run."""
    return set().union(*(one.prometheus.metric_names() for one in observed.platforms.values())) - PLAYED


def unknown(
    observed: Observed, watched: Watched, expressions: Iterable[str], *, within: float = _WARM
) -> frozenset[str]:
    """The names in some expressions that nobody exports, no rule records, and no documentation lists.

    Some are exported only once something has happened, so they may be waited for.
    """
    recorded = {one.name for one in rules(watched) if not one.is_alert}
    asked = {name for expression in expressions for name in metric_names(expression)}
    return lasting(lambda: frozenset(asked - exported(observed) - recorded - FROM_PROMETHEUS - PLAYED), within=within)


def lasting(troubles: Callable[[], T], *, within: float = _WARM) -> T:
    """The troubles that are left when there are none any more, or after so many seconds."""
    with suppress(AssertionError):
        eventually(lambda: not troubles(), "all is well", within=within)
    return troubles()


def test_every_name_in_a_rule_or_a_dashboard_is_exported_or_documented(observed: Observed) -> None:
    for namespace in EVERY:
        watched = observed.platforms[namespace]
        asked = [one.expression for one in (*rules(watched), *dashboard_queries(watched))]
        assert unknown(observed, watched, asked) == set(), f"in {namespace}"


def test_a_name_that_nobody_exports_is_seen(observed: Observed) -> None:
    """The test above can fail: a counter as OpenTelemetry's older conventions called it, and a slip of the pen."""
    planted = ["sum(rate(http_server_requests_total[5m]))", "go_goroutine > 1000", "up"]
    assert unknown(observed, observed.plain, planted, within=1.0) == {"http_server_requests_total", "go_goroutine"}


@pytest.mark.parametrize("program", sorted(SOURCES.keys() - {"cadvisor", "kubelet", "istio", "envoy"}))
def test_what_the_tables_say_of_a_program_is_what_it_exports(observed: Observed, program: str) -> None:
    """Other tests, which start nothing, compare rules and dashboards with these tables."""
    assert not (wrong := lasting(lambda: not_exported(observed, program))), f"of {program} these are not: {wrong}"


def not_exported(observed: Observed, program: str) -> dict[str, set[str]]:
    """Metric that a program ought to export → the labels that it lacks."""
    wrong = {}
    for name, labels in SOURCES[program].metrics.items():
        if name.startswith(tuple(NOT_HERE)):
            continue
        found = [sample for one in observed.platforms.values() for sample in one.prometheus.query(name)]
        had = {label for sample in found for label in sample.labels}
        if missing := set(labels) - had - LABELS_NOT_HERE.keys() if found else {"the series"}:
            wrong[name] = missing
    return wrong


def test_exemplars_lead_from_a_service_s_histogram_to_its_traces(observed: Observed) -> None:
    prometheus = observed.plain.prometheus
    series = 'http_server_request_duration_seconds_bucket{service="gateway"}'

    def traces() -> set[str]:
        now = time.time()
        return {one["trace_id"] for one in prometheus.exemplars(series, start=now - 600, end=now)}

    known = prometheus.until(lambda: traces() & set(observed.customers.traces), "traces of customers are among them")
    assert known


def test_metrics_that_a_service_pushes_are_taken(observed: Observed) -> None:
    prometheus = observed.plain.prometheus
    answer = httpx2.post(
        f"{prometheus.url}/api/v1/otlp/v1/metrics",
        content=_pushed("jobs.waiting", 7.0).SerializeToString(),
        headers={"Content-Type": "application/x-protobuf"},
        trust_env=False,
    )
    assert answer.is_success, answer.text
    (sample,) = prometheus.until(lambda: prometheus.query("jobs_waiting"), "what was pushed can be asked for")
    assert sample.value == 7.0
    assert sample.labels["job"] == "shop/pushing", "service.namespace and service.name"


def _pushed(name: str, value: float) -> ExportMetricsServiceRequest:
    attributes = {"service.namespace": "shop", "service.name": "pushing", "service.instance.id": "1"}
    resource = Resource(
        attributes=[KeyValue(key=key, value=AnyValue(string_value=text)) for key, text in attributes.items()]
    )
    point = NumberDataPoint(time_unix_nano=time.time_ns(), as_double=value)
    metric = Metric(name=name, gauge=Gauge(data_points=[point]))
    scope = ScopeMetrics(metrics=[metric])
    return ExportMetricsServiceRequest(resource_metrics=[ResourceMetrics(resource=resource, scope_metrics=[scope])])
