"""The stand-in on a real API server, driven over gRPC as the engine does."""

import threading

import grpc
import pytest

from launcher.standin.kubernetes.http_api import HttpApi
from launcher.standin.kubernetes.state import INPUTS
from launcher.standin.properties import UNKNOWN, Secret
from tests.standin.cluster import edit, get, users_in
from tests.standin.engine_side import Instance, Log
from tests.standin.manifests import changed, deployment, plain

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NAMESPACE = "kubernetes:core/v1:Namespace"
SECRET = "kubernetes:core/v1:Secret"


def test_an_object_is_applied_changed_read_and_deleted(applying: Instance, api: HttpApi, namespace: str) -> None:
    inputs = deployment(namespace=namespace, skipAwait="true")
    identity, outputs = applying.create(DEPLOYMENT, inputs)
    assert identity == f"{namespace}/users"
    assert outputs["metadata"]["uid"], "the outputs are the live object"
    assert outputs[INPUTS] == inputs
    changed_inputs = deployment(namespace=namespace, image="users:2", skipAwait="true")
    outputs = applying.update(DEPLOYMENT, outputs, changed_inputs)
    live = api.request("GET", users_in(namespace))
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "users:2"
    assert applying.read(DEPLOYMENT, outputs, changed_inputs) == ("it", outputs, changed_inputs), "nothing has drifted"
    applying.delete(DEPLOYMENT, outputs)
    assert get(api, users_in(namespace)) is None, "delete returns when the object is gone"
    applying.delete(DEPLOYMENT, outputs)


def test_a_field_that_left_the_program_leaves_the_object(applying: Instance, api: HttpApi, namespace: str) -> None:
    inputs = plain("ConfigMap", "env", namespace=namespace, data={"a": "1", "b": "2"})
    _, outputs = applying.create(CONFIG_MAP, inputs)
    applying.update(CONFIG_MAP, outputs, changed(inputs, None, "data", "b"))
    assert api.request("GET", f"api/v1/namespaces/{namespace}/configmaps/env")["data"] == {"a": "1"}


def test_a_hand_edit_is_drift_and_the_next_update_takes_it_back(
    applying: Instance, api: HttpApi, namespace: str, log: Log
) -> None:
    inputs = deployment(namespace=namespace, skipAwait="true")
    _, outputs = applying.create(DEPLOYMENT, inputs)
    edit(api, users_in(namespace), {"spec": {"replicas": 7}}, "kubectl-edit")
    _, outputs, seen = applying.read(DEPLOYMENT, outputs, inputs)
    assert seen == changed(inputs, 7, "spec", "replicas")
    outputs = applying.update(DEPLOYMENT, outputs, inputs)
    assert outputs["spec"]["replicas"] == 2
    assert "restored what was changed by hand: .spec.replicas (from kubectl-edit)" in log.text


def test_another_controllers_field_is_not_taken_from_it(applying: Instance, api: HttpApi, namespace: str) -> None:
    inputs = deployment(namespace=namespace, skipAwait="true")
    _, outputs = applying.create(DEPLOYMENT, inputs)
    edit(api, users_in(namespace), {"spec": {"replicas": 7}}, "autoscaler")
    with pytest.raises(grpc.RpcError, match='conflict with "autoscaler" using apps/v1') as refusal:
        applying.update(DEPLOYMENT, outputs, inputs)
    assert "patchForce" in str(refusal.value), "the API server's words, and a way out"
    forced = deployment(namespace=namespace, skipAwait="true", patchForce="true")
    assert applying.update(DEPLOYMENT, outputs, forced)["spec"]["replicas"] == 2


def test_an_object_that_is_gone_reads_as_gone(applying: Instance, api: HttpApi, namespace: str) -> None:
    inputs = plain("ConfigMap", "env", namespace=namespace)
    _, outputs = applying.create(CONFIG_MAP, inputs)
    api.request("DELETE", f"api/v1/namespaces/{namespace}/configmaps/env")
    assert applying.read(CONFIG_MAP, outputs, inputs)[0] == ""


def test_somebody_elses_object_is_not_taken_over(applying: Instance, api: HttpApi, namespace: str) -> None:
    theirs = plain("ConfigMap", "env", namespace=namespace, data={"a": "theirs"})
    path = f"api/v1/namespaces/{namespace}/configmaps"
    api.request("POST", path, body=theirs)
    with pytest.raises(grpc.RpcError, match="already exists"):
        applying.create(CONFIG_MAP, changed(theirs, "ours", "data", "a"))
    assert api.request("GET", f"{path}/env")["data"] == {"a": "theirs"}


def test_another_resource_for_the_same_object_is_refused(applying: Instance, namespace: str) -> None:
    inputs = plain("ConfigMap", "env", namespace=namespace, data={"a": "1"})
    applying.create(CONFIG_MAP, inputs, name="one")
    with pytest.raises(grpc.RpcError, match="already exists"):
        applying.create(CONFIG_MAP, inputs, name="two")


def test_an_object_of_an_interrupted_run_is_taken_up_again(applying: Instance, namespace: str, log: Log) -> None:
    """The engine died between making the object and writing it down: the next run asks to create it again."""
    inputs = plain("ConfigMap", "env", namespace=namespace, data={"a": "1"})
    applying.create(CONFIG_MAP, inputs)
    assert applying.create(CONFIG_MAP, inputs)[0] == f"{namespace}/env"
    assert "left by an interrupted run" in log.text


def test_an_object_may_wait_for_its_namespace(applying: Instance, api: HttpApi, namespace: str) -> None:
    """A program without an explicit dependency makes both at once."""
    late = f"{namespace}-late"
    body = plain("Namespace", late, namespace=None)
    timer = threading.Timer(0.5, lambda: api.request("POST", "api/v1/namespaces", body=body))
    timer.start()
    assert applying.create(CONFIG_MAP, plain("ConfigMap", "env", namespace=late))[0] == f"{late}/env"
    api.request("DELETE", f"api/v1/namespaces/{late}")


def test_a_preview_changes_nothing_and_hears_the_api_servers_verdict(
    applying: Instance, api: HttpApi, namespace: str
) -> None:
    inputs = deployment(namespace=namespace)
    assert applying.create(DEPLOYMENT, inputs, preview=True) == ("", inputs)
    assert get(api, users_in(namespace)) is None
    misspelt = changed(inputs, 1, "spec", "replicaz")
    with pytest.raises(grpc.RpcError, match=r"\.spec\.replicaz: field not declared in schema"):
        applying.create(DEPLOYMENT, misspelt, preview=True)


def test_a_preview_goes_through_without_namespace_or_definition_or_with_unknowns(
    applying: Instance, namespace: str
) -> None:
    for inputs in (deployment(namespace="comes-later"), changed(deployment(namespace=namespace), UNKNOWN, "spec")):
        assert applying.create(DEPLOYMENT, inputs, preview=True) == ("", inputs)
    widget = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": namespace}}
    assert applying.create("kubernetes:example.org/v1:Widget", widget, preview=True) == ("", widget)


def test_a_previewed_update_shows_the_result_and_changes_nothing(
    applying: Instance, api: HttpApi, namespace: str
) -> None:
    _, outputs = applying.create(DEPLOYMENT, deployment(namespace=namespace, skipAwait="true"))
    wanted = deployment(namespace=namespace, replicas=5, skipAwait="true")
    assert applying.update(DEPLOYMENT, outputs, wanted, preview=True)["spec"]["replicas"] == 5
    assert api.request("GET", users_in(namespace))["spec"]["replicas"] == 2


def test_the_api_servers_warnings_are_passed_on(applying: Instance, api: HttpApi, namespace: str, log: Log) -> None:
    labels = {"pod-security.kubernetes.io/warn": "restricted"}
    edit(api, f"api/v1/namespaces/{namespace}", {"metadata": {"labels": labels}}, "kubectl")
    applying.create(DEPLOYMENT, deployment(namespace=namespace, skipAwait="true"))
    assert 'would violate PodSecurity "restricted' in log.text, "it is admitted here, and none of its Pods would be"


def test_the_api_servers_rejection_is_told_in_its_own_words(applying: Instance, namespace: str) -> None:
    with pytest.raises(grpc.RpcError, match=r"Deployment .*/users was refused by the API server: .*selector"):
        applying.create(
            DEPLOYMENT, changed(deployment(namespace=namespace), {"matchLabels": {"a": "b"}}, "spec", "selector")
        )


def test_a_secret_is_applied_kept_hidden_and_not_quoted(
    applying: Instance, api: HttpApi, namespace: str, log: Log
) -> None:
    inputs, _ = applying.check(
        SECRET, plain("Secret", "login", namespace=namespace, stringData={"password": "hunter2"})
    )
    _, outputs = applying.create(SECRET, inputs)
    assert api.request("GET", f"api/v1/namespaces/{namespace}/secrets/login")["data"] == {"password": "aHVudGVyMg=="}
    assert outputs["data"] == Secret({"password": "aHVudGVyMg=="})
    assert applying.read(SECRET, outputs, inputs)[2] == inputs, "stringData is read back, and still secret"
    wrong = deployment(namespace=namespace, replicas=Secret("hunter2"))  # ty: ignore[invalid-argument-type]
    with pytest.raises(grpc.RpcError) as refusal:
        applying.create(DEPLOYMENT, wrong)
    assert "hunter2" not in str(refusal.value) + log.text
