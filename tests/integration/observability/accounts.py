"""Service accounts of the platform at a real API server: what one of them may do, no more, and how it logs in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
import yaml

from components.manifests import Manifest
from launcher.private_file import write_private
from localcluster.control_plane import ControlPlane
from tests.apiserver.cluster import Cluster, path_of
from tests.localcluster.api import eventually

RIGHTS: Final = frozenset(
    {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}  # what a login needs, and no Pods
)
_APPLY: Final = "application/apply-patch+yaml"


def make_namespace(cluster: Cluster, name: str) -> None:
    """Make a namespace, and wait until Pods may come: their service account is made by a controller."""
    answer = cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    assert answer.ok, answer.text
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(lambda: cluster.get(account) is not None, f"{name} gets its service account")


def apply(cluster: Cluster, bodies: Iterable[Manifest]) -> None:
    """Put objects there, or fail with what the server says."""
    for body in bodies:
        query = {"fieldManager": "tests", "force": "true", "fieldValidation": "Strict"}
        answer = cluster.request("PATCH", path_of(body), body, _APPLY, **query)
        assert answer.ok, f"{body['kind']} {body['metadata']['name']}: {answer.text}"


def rights(bodies: Iterable[Manifest]) -> list[Manifest]:
    """Those of the objects that say who may do what."""
    return [body for body in bodies if body["kind"] in RIGHTS]


@dataclass(frozen=True, kw_only=True)
class Account:
    """A service account that is logged in with a token, as its Pod would be."""

    server: ControlPlane
    token: str

    @classmethod
    def of(cls, server: ControlPlane, cluster: Cluster, namespace: str, name: str) -> Account:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        answer = cluster.request("POST", path, body)
        assert answer.ok, answer.text
        return cls(server=server, token=answer.json()["status"]["token"])

    def status(self, method: str, path: str, body: Any = None) -> int:
        """What the server answers this account."""
        headers = {"Authorization": f"Bearer {self.token}"}
        authority = str(self.server.kubeconfig.parent / "authority.crt")
        url = f"{self.server.url}{path}"
        return requests.request(method, url, json=body, headers=headers, verify=authority, timeout=20).status_code

    def may(self, verb: str, resource: str, *, namespace: str = "", subresource: str = "", group: str = "") -> bool:
        """Whether the server's authorizer lets this account do something, even where the server can't do it itself."""
        attributes = {"verb": verb, "resource": resource, "namespace": namespace}
        attributes |= {"subresource": subresource, "group": group}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.server.url}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        authority = str(self.server.kubeconfig.parent / "authority.crt")
        answer = requests.post(url, json=review, headers=headers, verify=authority, timeout=20)
        answer.raise_for_status()
        return answer.json()["status"]["allowed"]

    def write_files(self, folder: Path) -> None:
        """Write what the kubelet mounts: the token, and the authority's certificate."""
        folder.mkdir(parents=True, exist_ok=True)
        write_private(folder / "token", self.token.encode())
        (folder / "ca.crt").write_bytes((self.server.kubeconfig.parent / "authority.crt").read_bytes())

    def write_kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig that logs this account in, and give its path."""
        config = yaml.safe_load(self.server.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": self.token}
        path = folder / "account-kubeconfig"
        write_private(path, yaml.safe_dump(config).encode())
        return path
