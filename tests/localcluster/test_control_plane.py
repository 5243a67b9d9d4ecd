"""The local control plane is a real API server: it authenticates, admits, counts and deletes as a cluster does."""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from localcluster.binaries import KUBE_APISERVER, KUBERNETES_VERSION
from localcluster.certificates import Authority
from localcluster.control_plane import ControlPlane, running
from tests.localcluster.api import Api, as_administrator, eventually

HARDENED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "app"}, "spec": {"containers": [{"name": "app", "image": "app:1", **container}]}}


def test_it_serves_the_pinned_kubernetes(api: Api) -> None:
    """Field validation differs between minor versions, so another one would prove nothing about ours."""
    version = api.get("/version").json()
    assert version["gitVersion"] == f"v{KUBERNETES_VERSION}", "the binary is another version's"
    assert (version["major"], version["minor"]) == ("1", "34"), "clients choose their schemas by these"


def test_the_version_in_the_stamp_is_the_version_in_the_module() -> None:
    lines = [line.split() for line in (KUBE_APISERVER.module / "go.mod").read_text().splitlines()]
    versions = [words[1] for words in lines if words[:1] == ["k8s.io/kubernetes"]]
    assert versions == [f"v{KUBERNETES_VERSION}"], "the stamp in the binary would lie about the code in it"


def test_a_stranger_is_refused(api: Api) -> None:
    answer = dataclasses.replace(api, certificate=None).get("/version")
    assert answer.status_code == 401, f"nobody may read anything without a certificate, got {answer.text}"


def test_a_certificate_of_another_authority_is_refused(api: Api, tmp_path: Path) -> None:
    impostor = Authority("localcluster").client("localcluster-administrator", group="system:masters")
    pair = tmp_path / "impostor.pem"
    pair.write_bytes(impostor.certificate + impostor.key)
    answer = dataclasses.replace(api, certificate=pair).get("/api/v1/namespaces")
    assert answer.status_code == 401, f"a name must not be believed from another authority, got {answer.text}"


def test_api_servers_of_others_learn_by_what_to_know_this_one(api: Api) -> None:
    """They believe the names that it passes on only with a certificate of the front proxy's authority."""
    published = api.get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication").json()["data"]
    assert published["requestheader-allowed-names"] == '["front-proxy"]'
    assert published["requestheader-client-ca-file"] != published["client-ca-file"], (
        "whoever has any client certificate could claim to be anybody"
    )


def test_a_user_without_rights_is_forbidden(api: Api, namespace: str) -> None:
    """RBAC decides: a service account that no role names may read nothing."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = api.post(path, body).json()["status"]["token"]
    review = {"spec": {"token": token}}
    status = api.post("/apis/authentication.k8s.io/v1/tokenreviews", review).json()["status"]
    assert status["user"]["username"] == f"system:serviceaccount:{namespace}:default", "tokens it signs, it believes"
    access = {
        "spec": {
            "user": status["user"]["username"],
            "groups": status["user"]["groups"],
            "resourceAttributes": {"verb": "list", "resource": "secrets", "namespace": namespace},
        }
    }
    answer = api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", access).json()
    assert not answer["status"]["allowed"], "nobody gave it a role"


def test_only_the_owner_can_read_keys_and_data(api_server: ControlPlane) -> None:
    folder = api_server.kubeconfig.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700, "etcd's socket lets everybody in who reaches it"
    for path in (api_server.kubeconfig, *folder.glob("*.key")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path.name} holds a private key"


def test_a_privileged_pod_is_refused_in_a_restricted_namespace(api: Api, namespace: str) -> None:
    """The planted violation: it shows that Pod Security admission is on."""
    answer = api.post(f"/api/v1/namespaces/{namespace}/pods", pod(securityContext={"privileged": True}))
    assert answer.status_code == 403, f"a privileged Pod was answered with {answer.status_code}"
    message = answer.json()["message"]
    assert "violates PodSecurity" in message, f"refused for another reason: {message}"
    assert "privileged" in message, f"the message must name the offending field: {message}"


def test_a_hardened_pod_is_admitted(api: Api, namespace: str) -> None:
    answer = api.post(f"/api/v1/namespaces/{namespace}/pods", pod(securityContext=HARDENED))
    assert answer.status_code == 201, f"it meets the restricted standard: {answer.text}"


def test_a_misspelt_field_is_refused(api: Api, namespace: str) -> None:
    body = pod(securityContext=HARDENED, imagePullPolcy="Always")
    answer = api.post(f"/api/v1/namespaces/{namespace}/pods", body)
    assert answer.status_code == 400, f"a misspelt field was answered with {answer.status_code}"
    assert "imagePullPolcy" in answer.json()["message"], "the message must name the field"


def test_a_quota_counts_and_refuses(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}"
    quota = {"metadata": {"name": "quota"}, "spec": {"hard": {"count/configmaps": "2"}}}
    assert api.post(f"{path}/resourcequotas", quota).status_code == 201
    eventually(
        lambda: api.get(f"{path}/resourcequotas/quota").json()["status"].get("used") == {"count/configmaps": "1"},
        "the controller counts kube-root-ca.crt, and admission waits for its count",
    )
    assert api.post(f"{path}/configmaps", {"metadata": {"name": "second"}}).status_code == 201
    answer = api.post(f"{path}/configmaps", {"metadata": {"name": "third"}})
    assert answer.status_code == 403, f"the quota allows two, the third was answered with {answer.status_code}"
    assert "exceeded quota" in answer.json()["message"], answer.text


def test_a_deleted_namespace_goes_with_its_content(api: Api, namespace: str) -> None:
    """Without the namespace controller it would stay in `Terminating`, and every destroy would hang."""
    path = f"/api/v1/namespaces/{namespace}"
    assert api.post(f"{path}/configmaps", {"metadata": {"name": "content"}}).status_code == 201
    api.delete(path)
    eventually(lambda: api.get(path).status_code == 404, "the namespace controller finalizes it")
    assert api.get(f"{path}/configmaps/content").status_code == 404, "its content goes with it"


@pytest.mark.apiserver
def test_it_stops_cleanly_and_continues_with_what_it_held(tmp_path: Path) -> None:
    """A stopped control plane leaves no process, and the same folder starts again, under new keys."""
    folder = tmp_path / "cluster"
    with running(folder) as first:
        as_administrator(first, tmp_path).post("/api/v1/namespaces", {"metadata": {"name": "kept"}})
    for process_id in first.process_ids:
        assert not _runs(process_id), f"process {process_id} still runs"
    with running(folder) as second:
        api = as_administrator(second, tmp_path)
        assert api.get("/api/v1/namespaces/kept").status_code == 200, "the data lives in the folder"


def _runs(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
