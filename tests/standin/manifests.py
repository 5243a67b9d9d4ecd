"""Manifests that several tests start from."""

from copy import deepcopy
from typing import Any

Manifest = dict[str, Any]

_DEPLOYMENT: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "users", "namespace": "shop", "labels": {"app.kubernetes.io/name": "users"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app.kubernetes.io/name": "users"}},
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "users"}},
            "spec": {"containers": [{"name": "users", "image": "users:1", "ports": [{"containerPort": 50051}]}]},
        },
    },
}


def deployment(*, namespace: str = "shop", replicas: int = 2, image: str = "users:1", **annotations: str) -> Manifest:
    """A Deployment. Keywords that are left over become `pulumi.com/` annotations."""
    manifest = deepcopy(_DEPLOYMENT)
    manifest["metadata"]["namespace"] = namespace
    if annotations:
        manifest["metadata"]["annotations"] = {f"pulumi.com/{name}": value for name, value in annotations.items()}
    manifest["spec"]["replicas"] = replicas
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return manifest


def plain(kind: str, name: str, *, namespace: str | None = "shop", **fields: Any) -> Manifest:
    """An object of the core group."""
    inside = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **inside}, **fields}


def changed(manifest: Manifest, value: Any, *path: str | int) -> Manifest:
    """A copy with another value at `path`; None removes it."""
    copy = deepcopy(manifest)
    place: Any = copy
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy
