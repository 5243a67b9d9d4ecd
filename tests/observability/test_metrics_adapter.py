"""What autoscalers read: only what some service scales on, from its own metrics, by as few rights as it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.hardening import HardenedDefault
from components.manifests import Manifest
from components.observability.arguments import Interface, ObservabilityArgs
from components.observability.custom_metrics.adapter import (
    CERTIFICATE_SECRET,
    FILE,
    adapter_config,
    adapter_workload,
)
from components.observability.custom_metrics.api import MetricsAdapter, MetricsApi
from components.specs.pod import ApiAccess
from components.workloads.scaling import metrics
from tests.object_schema import object_problems
from tests.observability.scaled_shop import ISSUER, scaled_shop, service


def rules(args: ObservabilityArgs) -> Mapping[str, Mapping[str, Any]]:
    """The rules by the name that autoscalers know."""
    found = json.loads(adapter_config(args)[FILE])["rules"]
    by_name = {rule["name"]["as"]: rule for rule in found}
    assert len(by_name) == len(found), "of two rules of one name the later would hide the first"
    return by_name


def objects(args: ObservabilityArgs) -> dict[tuple[str, str], Manifest]:
    bodies = [*MetricsAdapter.manifests("adapter", args), *MetricsApi.manifests("adapter", args)]
    for body in bodies:
        assert object_problems(body) == [], f"{body['kind']} {body['metadata']['name']}"
    found = {(body["kind"], body["metadata"]["name"]): body for body in bodies}
    assert len(found) == len(bodies), "the engine tells the objects of a component apart by kind and name"
    return found


def test_each_metric_that_an_autoscaler_asks_for_has_a_rule_and_no_other_has() -> None:
    args = scaled_shop()
    asked = {
        metric.pods.metric.name
        for one in args.services
        if one.autoscaling
        for metric in metrics(one.autoscaling)
        if metric.pods
    }
    assert set(rules(args)) == asked == {"requests_per_second", "request_duration_p95_seconds", "jobs_waiting"}


def test_requests_are_counted_by_the_service_itself_over_all_of_its_interfaces() -> None:
    """A mesh counts them too, but an autoscaler must not change its mind when the mesh comes or goes."""
    query = rules(scaled_shop(service("both", Interface.HTTP, Interface.RPC, **{"requests-per-second": 5})))
    text = query["requests_per_second"]["metricsQuery"]
    assert "http_server_request_duration_seconds_count" in text
    assert "rpc_server_duration_seconds_count" in text
    assert "messaging" not in text, "no service that scales handles messages"
    assert "istio" not in text


def test_a_pod_without_requests_has_none_and_not_no_value() -> None:
    """An autoscaler that finds no value for a metric leaves the number of Pods as it is, for ever."""
    found = rules(scaled_shop())
    for metric in ("requests_per_second", "request_duration_p95_seconds"):
        assert found[metric]["seriesQuery"].startswith("up{"), "a metric that no series has is unknown to the API"
        assert ' or sum by (<<.GroupBy>>) (0 * up{job="pods"' in found[metric]["metricsQuery"]


def test_rules_look_at_the_services_that_scale_in_the_platforms_own_namespace() -> None:
    found = rules(scaled_shop())
    assert 'service=~"gateway|users"' in found["requests_per_second"]["seriesQuery"]
    assert 'service=~"gateway"' in found["request_duration_p95_seconds"]["seriesQuery"]
    assert 'service=~"mailer"' in found["jobs_waiting"]["seriesQuery"]
    for rule in found.values():
        assert 'namespace="shop"' in rule["seriesQuery"]
        assert "<<.LabelMatchers>>" in rule["metricsQuery"], "else each Pod would be given the sum of all"


def test_a_quantile_is_the_one_that_is_meant() -> None:
    slow = service("slow", Interface.RPC, latency={"p999": "2s"})
    query = rules(scaled_shop(slow))["request_duration_p999_seconds"]["metricsQuery"]
    assert query.startswith("histogram_quantile(0.999, sum by (<<.GroupBy>>, le) (")


def test_a_rate_outlives_failed_scrapes() -> None:
    for interval, window in (("5s", "[1m]"), ("30s", "[2m]"), ("1m", "[4m]")):
        found = rules(scaled_shop(**{"scrape-interval": interval}))
        assert window in found["requests_per_second"]["metricsQuery"], f"scraped every {interval}"


def test_the_adapter_may_list_pods_and_says_why_it_has_a_token() -> None:
    spec = adapter_workload(scaled_shop())
    assert spec.api_access == (ApiAccess(resources=("pods",), verbs=("list",)),)
    assert HardenedDefault.SERVICE_ACCOUNT_TOKEN in spec.exceptions


def test_the_adapter_has_as_many_replicas_as_prometheus() -> None:
    assert adapter_workload(scaled_shop(replicas=2)).replicas == 2
    assert HardenedDefault.SINGLE_REPLICA not in adapter_workload(scaled_shop(replicas=2)).exceptions
    single = adapter_workload(scaled_shop())
    assert (single.replicas, HardenedDefault.SINGLE_REPLICA in single.exceptions) == (1, True)


def test_rights_outside_the_namespace_are_kubernetes_own_and_named_after_the_platform() -> None:
    outside = [one for one in objects(scaled_shop()).values() if one["metadata"].get("namespace") != "shop"]
    assert {one["kind"] for one in outside} == {"APIService", "ClusterRoleBinding", "RoleBinding"}
    for one in outside:
        if one["kind"] != "APIService":
            assert one["metadata"]["name"].startswith("shop-shop-"), "two platforms on a cluster would share it"
            assert one["subjects"] == [{"kind": "ServiceAccount", "name": "prometheus-adapter", "namespace": "shop"}], (
                one["metadata"]["name"]
            )


def test_the_api_server_trusts_the_certificate_that_the_adapter_serves() -> None:
    found = objects(scaled_shop())
    certificate, api = found["Certificate", "prometheus-adapter"], found["APIService", "v1beta1.custom.metrics.k8s.io"]
    assert certificate["spec"]["secretName"] == CERTIFICATE_SECRET
    assert certificate["spec"]["issuerRef"]["name"] == ISSUER
    asked = api["spec"]["service"]
    assert certificate["spec"]["dnsNames"] == [f"{asked['name']}.{asked['namespace']}.svc"], (
        "the API server asks by this name, and by no other"
    )
    assert "insecureSkipTLSVerify" not in api["spec"]
    injected = api["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
    assert injected == f"shop/{certificate['metadata']['name']}"


def test_the_service_carries_the_port_that_the_api_server_asks() -> None:
    spec, args = adapter_workload(scaled_shop()), scaled_shop()
    asked = objects(args)["APIService", "v1beta1.custom.metrics.k8s.io"]["spec"]["service"]["port"]
    assert spec.ports["https"].number == asked
    assert f"--secure-port={asked}" in spec.args


def test_without_request_metrics_nothing_serves_them() -> None:
    assert objects(scaled_shop(**{"request-metrics": None})) == {}
