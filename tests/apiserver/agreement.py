"""Whether the cluster holds what was sent to it, and would run the Pods that follow from it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import requests

from components.manifests import Manifest
from tests.apiserver.cluster import Cluster


def differences(sent: Manifest, live: Manifest) -> list[str]:
    """Return each field that was sent and that the live object lacks or has otherwise.

    What the server adds (defaults, status) is no difference, except in a list: there an entry more is one.
    """
    return list(_differences(_as_kept(sent), live, f"{sent['kind']} {sent['metadata']['name']}"))


def _as_kept(sent: Manifest) -> Manifest:
    """A Secret's texts become data, the one field that the server ever rewrites."""
    if "stringData" not in sent:
        return sent
    data = {key: b64encode(text.encode()).decode() for key, text in sent["stringData"].items()}
    return {**{key: value for key, value in sent.items() if key != "stringData"}, "data": data}


def _differences(sent: Any, live: Any, path: str) -> Iterator[str]:
    if isinstance(sent, Mapping) and isinstance(live, Mapping):
        for key, value in sent.items():
            if key in live:
                yield from _differences(value, live[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: {value!r} was sent, and nothing is there"
    elif isinstance(sent, list) and isinstance(live, list) and len(sent) == len(live):
        for index, (before, after) in enumerate(zip(sent, live, strict=True)):
            yield from _differences(before, after, f"{path}[{index}]")
    elif sent != live:
        yield f"{path}: {sent!r} was sent, and {live!r} is there"


def pods_of(body: Manifest) -> Iterator[Manifest]:
    """Yield a workload's Pod, as its controller would make it; nothing for any other object."""
    spec = body.get("spec") or {}
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    if "template" not in spec:
        return
    pod = deepcopy(spec["template"])
    for claim in spec.get("volumeClaimTemplates", ()):
        name = claim["metadata"]["name"]
        pod["spec"].setdefault("volumes", []).append({"name": name, "persistentVolumeClaim": {"claimName": name}})
    yield pod


def dry_run(cluster: Cluster, template: Manifest, namespace: str) -> requests.Response:
    """Have a Pod judged by every admission plug-in, and not made."""
    pod = {"metadata": {**template["metadata"], "generateName": "dry-run-"}, "spec": template["spec"]}
    return cluster.request("POST", f"/api/v1/namespaces/{namespace}/pods", pod, dryRun="All", fieldValidation="Strict")
