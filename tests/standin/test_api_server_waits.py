"""What the stand-in waits for on a real API server, and what it says when that doesn't come.

No kubelet and no workload controller run there: where a test needs a workload to become ready, it plays the controller
and writes the status itself.
"""

import time
from collections.abc import Iterator

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from launcher.standin.kubernetes.http_api import HttpApi
from launcher.standin.kubernetes.provider import KubernetesStandIn
from launcher.standin.properties import to_struct
from launcher.standin.serve import serving
from localcluster.control_plane import ControlPlane
from tests.standin.cluster import PATIENCE, edit, eventually, get, meanwhile, users_in, write_status
from tests.standin.engine_side import Instance, Log, attached, init_failure, urn_of
from tests.standin.manifests import changed, deployment, plain

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NAMESPACE = "kubernetes:core/v1:Namespace"
SECRET = "kubernetes:core/v1:Secret"

DONE = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}


def test_a_workload_is_created_when_it_is_ready(applying: Instance, api: HttpApi, namespace: str, log: Log) -> None:
    """The test plays the deployment controller."""
    with meanwhile(lambda: write_status(api, namespace, **DONE)):
        _, outputs = applying.create(DEPLOYMENT, deployment(namespace=namespace), timeout=PATIENCE)
    assert outputs["status"]["availableReplicas"] == 2
    assert "waiting: its controller hasn't looked at the new spec yet" in log.text


def test_an_object_that_does_not_become_ready_is_kept_in_the_state(
    applying: Instance, api: HttpApi, namespace: str
) -> None:
    inputs = deployment(namespace=namespace)
    with pytest.raises(grpc.RpcError) as failure:
        applying.create(DEPLOYMENT, inputs, timeout=0.3)
    detail = init_failure(failure.value)
    assert detail.id == f"{namespace}/users", "without its id the engine would forget an object that exists"
    assert "is not ready after 0.3 s" in detail.reasons[0]
    assert detail.properties.fields["metadata"].struct_value.fields["uid"].string_value
    assert get(api, users_in(namespace)), "it was created"


def test_the_pods_own_words_tell_why_a_workload_is_not_ready(applying: Instance, api: HttpApi, namespace: str) -> None:
    """The test plays the kubelet."""
    inputs = deployment(namespace=namespace)
    pod = plain("Pod", "users-1", namespace=namespace, spec=inputs["spec"]["template"]["spec"])
    pod["metadata"]["labels"] = inputs["spec"]["template"]["metadata"]["labels"]
    api.request("POST", f"api/v1/namespaces/{namespace}/pods", body=pod)
    stuck = {"name": "users", "ready": False, "restartCount": 0, "image": "users:1", "imageID": ""}
    stuck["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    path = f"api/v1/namespaces/{namespace}/pods/users-1/status"
    edit(api, path, {"status": {"containerStatuses": [stuck]}}, "kubelet")
    with pytest.raises(grpc.RpcError) as failure:
        applying.create(DEPLOYMENT, inputs, timeout=0.3)
    assert "Pod users-1, container users: ImagePullBackOff: no such image" in init_failure(failure.value).reasons


def test_a_workload_that_fails_ends_the_wait(applying: Instance, api: HttpApi, namespace: str) -> None:
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    with (
        meanwhile(lambda: write_status(api, namespace, conditions=[stuck])),
        pytest.raises(grpc.RpcError, match="ProgressDeadlineExceeded: timed out") as failure,
    ):
        applying.create(DEPLOYMENT, deployment(namespace=namespace))
    assert init_failure(failure.value).id


def test_cancel_ends_the_wait_at_once_and_loses_nothing(
    applying: Instance, api: HttpApi, namespace: str, log: Log
) -> None:
    def cancel() -> None:
        eventually(lambda: "waiting" in log.text, "the stand-in waits")
        applying.cancel()

    started = time.monotonic()
    with meanwhile(cancel), pytest.raises(grpc.RpcError, match="cancelled") as failure:
        applying.create(DEPLOYMENT, deployment(namespace=namespace))
    assert time.monotonic() - started < PATIENCE, "the ten minutes of the default are not waited for"
    assert init_failure(failure.value).id == f"{namespace}/users"
    assert get(api, users_in(namespace))


def test_stopping_the_stand_in_ends_every_wait(
    api_server: ControlPlane, engine_log: tuple[Log, str], namespace: str
) -> None:
    """The launcher must end when the engine does, whatever is still being waited for."""
    log, address = engine_log
    started = time.monotonic()
    with serving(KubernetesStandIn()) as port, attached(port, address) as instance:
        instance.configure({"kubeconfig": str(api_server.kubeconfig)})
        request = pb.CreateRequest(urn=urn_of(DEPLOYMENT, "it"), properties=to_struct(deployment(namespace=namespace)))
        call = instance.stub.Create.future(request)
        eventually(lambda: "waiting" in log.text, "the stand-in waits")
    assert call.exception(), "the engine hears that it didn't become ready"
    assert time.monotonic() - started < PATIENCE


def test_a_refresh_reports_an_object_that_is_not_ready(applying: Instance, namespace: str) -> None:
    skipping = deployment(namespace=namespace, skipAwait="true")
    _, outputs = applying.create(DEPLOYMENT, skipping)
    waiting = {
        **outputs,
        "metadata": {key: value for key, value in outputs["metadata"].items() if key != "annotations"},
    }
    with pytest.raises(grpc.RpcError) as failure:
        applying.read(DEPLOYMENT, waiting, deployment(namespace=namespace))
    detail = init_failure(failure.value)
    assert detail.inputs.fields["spec"].struct_value, "the engine keeps the inputs that a failed read gives it"


def test_a_deleted_namespace_is_waited_for_with_all_that_is_in_it(applying: Instance, api: HttpApi) -> None:
    body = plain("Namespace", "standin-deleted", namespace=None)
    _, outputs = applying.create(NAMESPACE, body)
    applying.create(CONFIG_MAP, plain("ConfigMap", "env", namespace="standin-deleted"))
    applying.delete(NAMESPACE, outputs)
    assert get(api, "api/v1/namespaces/standin-deleted") is None


def test_a_finalizer_is_respected_and_named(applying: Instance, api: HttpApi, namespace: str) -> None:
    inputs = plain("ConfigMap", "env", namespace=namespace)
    inputs["metadata"]["finalizers"] = ["example.org/keep"]
    _, outputs = applying.create(CONFIG_MAP, inputs)
    with pytest.raises(grpc.RpcError, match=r"not gone after 0\.3 s: its finalizers .*example\.org/keep"):
        applying.delete(CONFIG_MAP, outputs, timeout=0.3)
    path = f"api/v1/namespaces/{namespace}/configmaps/env"
    edit(api, path, {"metadata": {"finalizers": None}}, "kubectl")
    eventually(lambda: get(api, path) is None, "the object goes when its finalizers are done")


WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.standin.example.org"},
    "spec": {
        "group": "standin.example.org",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}


@pytest.fixture(scope="module")
def widgets(api: HttpApi) -> Iterator[str]:
    """A custom kind, and the token of its resources."""
    path = "apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    api.request("POST", path, body=WIDGETS)
    yield "kubernetes:standin.example.org/v1:Widget"
    api.request("DELETE", f"{path}/widgets.standin.example.org")


def test_a_custom_resource_lives_as_any_other(applying: Instance, api: HttpApi, namespace: str, widgets: str) -> None:
    """The test plays the widget controller: `pulumi.com/waitFor` says when a widget is ready."""
    # The garbage collector takes half a minute to notice a new kind, and only deletion in the foreground waits for it.
    annotations = {"pulumi.com/waitFor": "condition=Ready", "pulumi.com/deletionPropagationPolicy": "background"}
    metadata = {"name": "w", "namespace": namespace, "annotations": annotations}
    widget = {"apiVersion": "standin.example.org/v1", "kind": "Widget", "metadata": metadata, "spec": {"size": 3}}
    path = f"apis/standin.example.org/v1/namespaces/{namespace}/widgets/w"

    def becomes_ready() -> None:
        eventually(lambda: get(api, path), "the widget is there")
        status = {"conditions": [{"type": "Ready", "status": "True"}]}
        edit(api, f"{path}/status", {"status": status}, "widget-controller")

    with meanwhile(becomes_ready):
        identity, outputs = applying.create(widgets, widget, timeout=PATIENCE)
    assert identity == f"{namespace}/w"
    assert applying.update(widgets, outputs, changed(widget, 5, "spec", "size"))["spec"]["size"] == 5
    applying.delete(widgets, outputs)
    assert get(api, path) is None


def test_a_claim_without_a_volume_waits_unless_its_class_waits_for_a_pod(
    applying: Instance, api: HttpApi, namespace: str
) -> None:
    token = "kubernetes:core/v1:PersistentVolumeClaim"
    claim_spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    for mode in ("Immediate", "WaitForFirstConsumer"):
        storage_class = {
            "metadata": {"name": f"{namespace}-{mode.lower()}"},
            "provisioner": "none",
            "volumeBindingMode": mode,
        }
        api.request("POST", "apis/storage.k8s.io/v1/storageclasses", body=storage_class)
    pending = {**claim_spec, "storageClassName": f"{namespace}-immediate"}
    with pytest.raises(grpc.RpcError, match="no volume is bound"):
        applying.create(token, plain("PersistentVolumeClaim", "a", namespace=namespace, spec=pending), timeout=0.3)
    lazy = {**claim_spec, "storageClassName": f"{namespace}-waitforfirstconsumer"}
    identity, _ = applying.create(token, plain("PersistentVolumeClaim", "b", namespace=namespace, spec=lazy))
    assert identity, "it waited for the full time otherwise"
    for mode in ("immediate", "waitforfirstconsumer"):
        api.request("DELETE", f"apis/storage.k8s.io/v1/storageclasses/{namespace}-{mode}")
