"""How Alertmanager runs."""

from __future__ import annotations

import pytest

from components.hardening import HardenedDefault
from components.manifests import Manifest
from components.observability.alertmanager.receivers import SECRETS
from components.observability.alertmanager.server import CONFIG, STORAGE, alertmanager_config, alertmanager_workload
from components.observability.arguments import ObservabilityArgs
from tests.components.workload import every, pod, template, the
from tests.observability.alerting import VARIANTS, alerting
from tests.observability.parts import part_objects, violations

THREE = alerting(VARIANTS["three"])
ONE = alerting({**VARIANTS["three"], "replicas": 1})
both = pytest.mark.parametrize("args", [THREE, ONE], ids=["three", "one"])


def objects(args: ObservabilityArgs) -> list[Manifest]:
    config_maps = {"alertmanager": alertmanager_config(args)}
    return part_objects("alertmanager", alertmanager_workload(args), config_maps)


def container(args: ObservabilityArgs) -> Manifest:
    (found,) = pod(objects(args))["containers"]
    return found


def volume(args: ObservabilityArgs, name: str) -> Manifest:
    return next(one for one in pod(objects(args))["volumes"] if one["name"] == name)


@both
def test_it_meets_the_checklist_of_production(args: ObservabilityArgs) -> None:
    found = violations(objects(args), secrets=["alertmanager"])
    assert found == [], "\n".join(map(str, found))


def test_a_writable_root_would_be_found() -> None:
    bodies = objects(THREE)
    pod(bodies)["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False
    assert any("readOnlyRootFilesystem" in str(one) for one in violations(bodies, secrets=["alertmanager"]))


@both
def test_credentials_are_files_that_its_group_alone_reads(args: ObservabilityArgs) -> None:
    secret = volume(args, "secrets")["secret"]
    assert secret["defaultMode"] == 0o440
    assert {item["key"]: item["path"] for item in secret["items"]} == {
        key: key for key in ("pagerduty-key", "slack-url", "watchdog-url")
    }, "a key that is missing has to stop the Pod, and one that nobody reads stays away"
    assert {"name": "secrets", "mountPath": SECRETS, "readOnly": True} in container(args)["volumeMounts"]
    assert all("secretKeyRef" not in str(variable) for variable in container(args).get("env", []))


def test_without_receivers_no_secret_is_asked_for() -> None:
    assert all("secret" not in one for one in pod(objects(alerting({})))["volumes"])


def test_what_has_been_told_and_silenced_outlives_the_pod() -> None:
    (claim,) = the(objects(THREE), "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert {"name": "storage", "mountPath": STORAGE} in container(THREE)["volumeMounts"]
    assert f"--storage.path={STORAGE}" in container(THREE)["args"]


def test_it_remembers_what_it_has_told_for_longer_than_it_waits_to_tell_it_again() -> None:
    assert "--data.retention=336h" in container(THREE)["args"], "told again after 7 days, so remembered for 14"
    assert "--data.retention=120h" in container(alerting({"page": ()}))["args"]


def test_replicas_find_each_other_by_name_and_tell_of_their_own_address() -> None:
    arguments = container(THREE)["args"]
    assert [one for one in arguments if one.startswith("--cluster.peer=")] == [
        f"--cluster.peer=alertmanager-{index}.alertmanager:9094" for index in range(3)
    ]
    assert "--cluster.advertise-address=$(POD_IP):9094" in arguments
    assert {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}} in container(THREE)["env"]
    assert "--cluster.label=shop/alertmanager" in arguments, "another platform's replicas must not join"
    service = the(objects(THREE), "Service")
    assert service["spec"]["clusterIP"] == "None" and service["metadata"]["name"] == "alertmanager"
    ports = {(port["name"], port["containerPort"], port["protocol"]) for port in container(THREE)["ports"]}
    assert ports == {("metrics", 9093, "TCP"), ("cluster", 9094, "TCP"), ("cluster-udp", 9094, "UDP")}
    assert [port["name"] for port in service["spec"]["ports"]] == ["metrics", "cluster"]


def test_one_alone_gossips_with_nobody() -> None:
    arguments = container(ONE)["args"]
    assert [one for one in arguments if one.startswith("--cluster")] == ["--cluster.listen-address="]
    assert [port["name"] for port in container(ONE)["ports"]] == ["metrics"]
    reason = template(objects(ONE))["metadata"]["annotations"][HardenedDefault.SINGLE_REPLICA.annotation]
    assert "Prometheus" in reason
    assert HardenedDefault.SINGLE_REPLICA.annotation not in template(objects(THREE))["metadata"]["annotations"]


def test_three_replicas_are_not_all_evicted_at_once() -> None:
    (budget,) = every(objects(THREE), "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1


def test_a_changed_configuration_rolls_the_pods_and_a_changed_secret_does_not() -> None:
    spec = alertmanager_workload(THREE)
    rolls = {name: getattr(one, "on_change", None) for name, one in spec.volumes.items()}
    assert rolls == {"storage": None, "config": "restart", "secrets": "reload"}
    assert spec.mounts[CONFIG].volume == "config"


def test_it_is_scraped_on_the_port_that_answers_everything() -> None:
    annotations = template(objects(ONE))["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == "9093" and annotations["prometheus.io/path"] == "/metrics"


def test_asked_for_where_there_are_no_alerts_it_says_so() -> None:
    with pytest.raises(ValueError, match="no alerts"):
        alertmanager_workload(alerting())
