"""The pinned custom resource definitions on the API server, and what it says of objects of their kinds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from components.manifests import Manifest
from tests.apiserver.cluster import Cluster
from tests.localcluster.api import eventually

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True)
class CustomResources:
    """Dry runs of server-side apply: schemas, defaults and CEL rules as in earnest, and nothing is kept."""

    cluster: Cluster
    places: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)
    """(API version, kind) → its plural, and whether it is namespaced."""

    @classmethod
    def installed(cls, cluster: Cluster, definitions: Iterable[dict[str, Any]]) -> CustomResources:
        """Apply the definitions, and wait until the server serves them all."""
        served = cls(cluster)
        for body in definitions:
            spec, path = body["spec"], f"{_DEFINITIONS}/{body['metadata']['name']}"
            cluster.request("PATCH", path, body, _APPLY, fieldManager="tests", force="true").raise_for_status()
            for version in (one for one in spec["versions"] if one["served"]):
                key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                served.places[key] = spec["names"]["plural"], spec["scope"] == "Namespaced"
        for (api_version, kind), (plural, _) in served.places.items():
            eventually(
                lambda where=api_version, name=plural: name in _served_in(cluster, where),
                f"the server serves {kind} in {api_version}",
            )
        return served

    def refusal(self, body: Manifest) -> str:
        """Return why the API server would not take the object; an empty text where it would."""
        plural, namespaced = self.places[body["apiVersion"], body["kind"]]
        middle = f"namespaces/{body['metadata']['namespace']}/" if namespaced else ""
        path = f"/apis/{body['apiVersion']}/{middle}{plural}/{body['metadata']['name']}"
        query = {"dryRun": "All", "fieldManager": "tests", "fieldValidation": "Strict", "force": "true"}
        answer = self.cluster.request("PATCH", path, body, _APPLY, **query)
        if answer.status_code in (HTTPStatus.OK, HTTPStatus.CREATED):
            return ""
        return f"{answer.status_code}: {answer.json()['message']}"


def _served_in(cluster: Cluster, api_version: str) -> set[str]:
    return {resource["name"] for resource in (cluster.get(f"/apis/{api_version}") or {"resources": []})["resources"]}
