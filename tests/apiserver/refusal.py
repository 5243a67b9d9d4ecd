"""A rule of the cluster's own, as its owners make them: it refuses what the program's checks let through."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import requests

from tests.apiserver.cluster import STRATEGIC_MERGE, Cluster
from tests.localcluster.api import eventually

REFUSAL = "this cluster runs signed images only"
_NAME = "signed-images"
_GROUP = "/apis/admissionregistration.k8s.io/v1"


@contextmanager
def refusing_images(cluster: Cluster, namespace: str, *, tag: str) -> Generator[None]:
    """While the context lasts, refuse every Deployment of the namespace with an image of that tag.

    https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
    """
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
    signed = f"object.spec.template.spec.containers.all(each, !each.image.endsWith(':{tag}'))"
    policy = {
        "matchConstraints": {"resourceRules": [{**rule, "operations": ["CREATE", "UPDATE"]}]},
        "validations": [{"expression": signed, "message": REFUSAL}],
    }
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    binding = {"policyName": _NAME, "validationActions": ["Deny"], "matchResources": here}
    made = {"validatingadmissionpolicies": policy, "validatingadmissionpolicybindings": binding}
    try:
        for plural, spec in made.items():
            body = {"metadata": {"name": _NAME}, "spec": spec}
            cluster.request("POST", f"{_GROUP}/{plural}", body).raise_for_status()
        eventually(lambda: _refuses(cluster, namespace, tag), "the API server reads its policies every now and then")
        yield
    finally:
        for plural in made:
            cluster.request("DELETE", f"{_GROUP}/{plural}/{_NAME}")


def _refuses(cluster: Cluster, namespace: str, tag: str) -> bool:
    """Whether a dry run with an image of that tag is refused."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    deployment = cluster.items(path)[0]
    (container, *_) = deployment["spec"]["template"]["spec"]["containers"]
    change = {"containers": [{"name": container["name"], "image": f"probe:{tag}"}]}
    body = {"spec": {"template": {"spec": change}}}
    answer = cluster.request("PATCH", f"{path}/{deployment['metadata']['name']}", body, STRATEGIC_MERGE, dryRun="All")
    return answer.status_code == requests.codes.unprocessable
