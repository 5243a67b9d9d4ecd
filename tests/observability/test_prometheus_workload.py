"""How Prometheus runs: hardened, with rights at its own namespace, and what it keeps."""

from __future__ import annotations

import pytest

from components.hardening import HardenedDefault
from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.names import PROMETHEUS
from components.observability.prometheus.workload import DATA_FOLDER, RELOAD, prometheus_workload
from tests.components.workload import environment, main, pod, template, the
from tests.observability.parts import part_objects
from tests.observability.scraped import VARIANTS, scraped

PAST_THE_PROXY = "traffic.sidecar.istio.io/excludeOutboundPorts"


@pytest.mark.parametrize("variant", VARIANTS)
def test_its_objects_are_kubernetes_own(variant: str) -> None:
    assert {"StatefulSet", "Service", "Role", "NetworkPolicy"} <= {
        body["kind"] for body in part_objects(PROMETHEUS, prometheus_workload(VARIANTS[variant]))
    }


def test_it_may_list_and_watch_pods_and_nothing_else() -> None:
    role = the(part_objects(PROMETHEUS, prometheus_workload(scraped())), "Role")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}]


def test_it_is_scraped_as_any_service_is() -> None:
    annotations = template(part_objects(PROMETHEUS, prometheus_workload(scraped())))["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == "9090"


def test_a_changed_rule_or_target_rolls_no_pod() -> None:
    spec = prometheus_workload(VARIANTS["everything"])
    restarting = [name for name, volume in spec.volumes.items() if getattr(volume, "on_change", "reload") == "restart"]
    assert not restarting, "a restart reads the write-ahead log again, and misses scrapes meanwhile"
    assert {"--config.auto-reload", f"--config.auto-reload-interval={RELOAD.seconds}s"} <= set(spec.args)


def test_nobody_can_delete_reload_or_stop_it_through_its_port() -> None:
    forbidden = ("--web.enable-admin-api", "--web.enable-lifecycle", "--web.enable-remote-write-receiver")
    assert not set(forbidden) & set(prometheus_workload(scraped()).args)


def test_its_data_outlive_the_pod_on_the_class_that_the_environment_names() -> None:
    bodies = part_objects(PROMETHEUS, prometheus_workload(VARIANTS["everything"]))
    (claim,) = the(bodies, "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["spec"]["resources"]["requests"] == {"storage": "50Gi"}
    mounted = {one["name"]: one["mountPath"] for one in main(bodies)["volumeMounts"]}
    assert mounted[claim["metadata"]["name"]] == DATA_FOLDER
    assert f"--storage.tsdb.path={DATA_FOLDER}" in main(bodies)["args"]


def test_a_pair_gives_no_reason_for_being_one() -> None:
    alone, pair = prometheus_workload(scraped()), prometheus_workload(scraped(replicas=2))
    assert set(alone.exceptions) == {HardenedDefault.SERVICE_ACCOUNT_TOKEN, HardenedDefault.SINGLE_REPLICA}
    assert set(pair.exceptions) == {HardenedDefault.SERVICE_ACCOUNT_TOKEN}
    assert the(part_objects(PROMETHEUS, pair), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_each_replica_knows_its_name_for_its_samples() -> None:
    assert "POD_NAME" in environment(main(part_objects(PROMETHEUS, prometheus_workload(scraped()))))


def test_its_memory_budget_is_told_to_its_runtime() -> None:
    variables = environment(main(part_objects(PROMETHEUS, prometheus_workload(scraped()))))
    assert {"GOMEMLIMIT", "GOMAXPROCS"} <= set(variables)


def test_it_has_time_to_read_its_log_before_it_is_given_up() -> None:
    probes = main(part_objects(PROMETHEUS, prometheus_workload(scraped())))
    startup = probes["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 15 * 60
    assert probes["readinessProbe"]["httpGet"]["path"] == "/-/ready"
    assert probes["livenessProbe"]["httpGet"]["path"] == "/-/healthy", "a log being read is no reason to restart"


def test_its_stop_is_not_cut_short() -> None:
    assert pod(part_objects(PROMETHEUS, prometheus_workload(scraped())))["terminationGracePeriodSeconds"] >= 120


@pytest.mark.parametrize(
    ("args", "ports"),
    [
        (scraped(mesh=MeshReporter.SIDECAR), "10250,15020"),
        (scraped(mesh=MeshReporter.WAYPOINT), None),
        (scraped(), None),
    ],
)
def test_scrapes_go_past_its_own_sidecar(args: ObservabilityArgs, ports: str | None) -> None:
    annotations = template(part_objects(PROMETHEUS, prometheus_workload(args)))["metadata"]["annotations"]
    assert annotations.get(PAST_THE_PROXY) == ports, "a sidecar refuses connections to addresses that it doesn't know"


def test_a_secret_is_mounted_only_where_there_is_one() -> None:
    assert "secrets" not in prometheus_workload(scraped()).volumes
    bodies = part_objects(PROMETHEUS, prometheus_workload(VARIANTS["remote"]))
    volume = {one["name"]: one for one in pod(bodies)["volumes"]}
    assert volume["secrets"]["secret"] == {"secretName": "prometheus", "defaultMode": 0o440}
