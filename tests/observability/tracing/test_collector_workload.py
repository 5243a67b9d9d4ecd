"""How the Collectors run: hardened, with a queue where there is something to keep, and rights where they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.manifests import Manifest
from components.observability.arguments import ObservabilityArgs
from components.observability.collector.config import collector_config, sampler_config, sidecar_config
from components.observability.collector.destinations import QUEUE_FOLDER
from components.observability.collector.instrumentation import instrumented
from components.observability.collector.workload import collector_workload, sampler_workload
from components.observability.names import OTEL_COLLECTOR, OTEL_SAMPLER, OTEL_SIDECAR
from components.specs.observability.instrumentation import Instrumentation, SpanTarget
from components.specs.pod import ConfigVolume
from tests.components.workload import environment, every, main, pod, spec, template, the
from tests.observability.parts import part_objects, violations
from tests.observability.tracing.traced import TAIL, VARIANTS, traced


def parts(args: ObservabilityArgs) -> dict[str, list[Manifest]]:
    """The objects of each tier, by its name."""
    tiers: dict[str, tuple[Any, Mapping[str, str]]] = {
        OTEL_COLLECTOR: (collector_workload(args), collector_config(args))
    }
    if args.settings.tracing and args.settings.tracing.sampling.tail:
        tiers[OTEL_SAMPLER] = (sampler_workload(args), sampler_config(args))
    return {name: part_objects(name, spec, {name: config}) for name, (spec, config) in tiers.items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_tier_keeps_productions_checklist(variant: str) -> None:
    for bodies in parts(VARIANTS[variant]).values():
        assert not violations(bodies, secrets=[OTEL_COLLECTOR])


def test_without_tail_sampling_each_pod_has_a_queue_of_its_own() -> None:
    bodies = parts(traced(collector={"queue": "5Gi", "storage-class": "fast"}))[OTEL_COLLECTOR]
    (claim,) = the(bodies, "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"] == {"storage": "5Gi"}
    assert claim["spec"]["storageClassName"] == "fast"
    mounted = {one["name"]: one["mountPath"] for one in main(bodies)["volumeMounts"]}
    assert mounted[claim["metadata"]["name"]] == QUEUE_FOLDER


def test_with_tail_sampling_the_first_tier_keeps_nothing_and_the_second_has_the_queues() -> None:
    found = parts(traced(tail=TAIL, replicas=3))
    assert the(found[OTEL_COLLECTOR], "Deployment")["spec"]["replicas"] == 3
    sampler = the(found[OTEL_SAMPLER], "StatefulSet")["spec"]
    assert (sampler["replicas"], sampler["serviceName"]) == (3, OTEL_SAMPLER)
    assert len(sampler["volumeClaimTemplates"]) == 1


def test_samplers_are_called_one_by_one() -> None:
    service = the(parts(traced(tail=TAIL))[OTEL_SAMPLER], "Service")
    assert service["spec"]["clusterIP"] == "None"
    assert {one["name"]: one["appProtocol"] for one in service["spec"]["ports"]} == {"otlp": "grpc", "metrics": "http"}


def test_services_reach_both_protocols_and_nobody_the_health_check() -> None:
    services = {one["metadata"]["name"]: one for one in every(parts(traced())[OTEL_COLLECTOR], "Service")}
    ports = {one["name"]: one["port"] for one in services[OTEL_COLLECTOR]["spec"]["ports"]}
    assert ports == {"otlp": 4317, "otlp-http": 4318, "metrics": 8888}


def test_only_the_first_tier_asks_the_kubernetes_api_and_for_pods_alone() -> None:
    found = parts(traced(tail=TAIL))
    assert the(found[OTEL_COLLECTOR], "Role")["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    ]
    assert not every(found[OTEL_SAMPLER], "Role")
    assert pod(found[OTEL_SAMPLER])["automountServiceAccountToken"] is False


def test_its_memory_budget_is_told_to_its_runtime() -> None:
    for bodies in parts(traced(tail=TAIL, collector={"resources": {"cpu": "1", "memory": "1Gi"}})).values():
        assert environment(main(bodies))["GOMEMLIMIT"] == "665MiB", "where the limiter begins to refuse"


def test_those_that_count_know_their_names() -> None:
    for bodies in parts(traced(tail=TAIL)).values():
        assert environment(main(bodies))["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_only_those_that_send_to_the_vendor_have_its_secret() -> None:
    found = parts(VARIANTS["vendor-tail"])
    told = {name: "OTLP_HEADER_0" in environment(main(bodies)) for name, bodies in found.items()}
    assert told == {OTEL_COLLECTOR: False, OTEL_SAMPLER: True}
    assert environment(main(found[OTEL_SAMPLER]))["OTLP_HEADER_1"] == {
        "secretKeyRef": {"name": OTEL_COLLECTOR, "key": "vendor.tenant"}
    }


def test_a_changed_configuration_rolls_the_pods() -> None:
    volumes = {one["name"]: one for one in pod(parts(traced())[OTEL_COLLECTOR])["volumes"]}
    assert volumes["config"]["configMap"]["name"] == OTEL_COLLECTOR
    assert collector_workload(traced()).volumes["config"] == ConfigVolume(config=OTEL_COLLECTOR, on_change="restart")


def test_it_is_scraped_and_has_time_to_send_what_it_holds() -> None:
    bodies = parts(traced())[OTEL_COLLECTOR]
    assert template(bodies)["metadata"]["annotations"]["prometheus.io/port"] == "8888"
    assert pod(bodies)["terminationGracePeriodSeconds"] == 60


def test_a_service_with_a_collector_beside_it_keeps_productions_checklist() -> None:
    beside = instrumented(
        spec("{ports: {http: 8080, metrics: 8081}, replicas: 2}", image="registry.example.com/a@sha256:" + 64 * "a"),
        Instrumentation(collector=SpanTarget.SIDECAR),
    )
    bodies = part_objects("gateway", beside, {OTEL_SIDECAR: sidecar_config()})
    assert not violations(bodies)
    (sidecar,) = pod(bodies)["initContainers"]
    assert (sidecar["name"], sidecar["restartPolicy"]) == (OTEL_SIDECAR, "Always")
    assert "readinessProbe" not in sidecar, "a service without traces still answers"
    assert template(bodies)["metadata"]["annotations"]["prometheus.io/port"] == "8081", "the service's own metrics"
