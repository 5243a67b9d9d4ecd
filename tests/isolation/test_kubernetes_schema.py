"""Rule 31: the strict schemas refuse what the API server would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.isolation.changes import container, deployment, pod
from tests.isolation.sample import Body, sample
from tests.kubernetes_schema import schema_problems


def users(change: Callable[[list[Body]], object]) -> list[str]:
    manifests = sample()
    change(manifests)
    return schema_problems(deployment(manifests))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda all_: deployment(all_).update(specs={}),
            "Additional properties are not allowed ('specs' was unexpected)",
        ),
        (lambda all_: container(all_).update(imagee="x"), "spec.template.spec.containers[0]: Additional properties"),
        (lambda all_: pod(all_)["securityContext"].update(run_as_user=1), "'run_as_user' was unexpected"),
        (lambda all_: container(all_).update(image=7), "containers[0].image: 7 is not of type"),
        (lambda all_: container(all_).pop("name"), "'name' is a required property"),
        (
            lambda all_: container(all_)["resources"]["limits"].update(memory="512MB"),
            "limits.memory: '512MB' does not match",
        ),
        (lambda all_: container(all_)["env"].append({"name": "DB_URL", "value": "x"}), "the same name: DB_URL"),
        (lambda all_: container(all_)["ports"].append({"containerPort": 50051, "protocol": "TCP"}), "50051, TCP"),
        (lambda all_: deployment(all_).update(apiVersion="apps/v1beta1"), "no kind Deployment in apps/v1beta1"),
    ],
)
def test_what_the_api_server_refuses_is_named(change: Callable[[list[Body]], object], problem: str) -> None:
    found = users(change)
    assert len(found) == 1, found
    assert problem in found[0]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("networking.istio.io/v1", "VirtualService"),
        ("policy/v1beta1", "PodDisruptionBudget"),
        ("networking.gke.io/v1", "Ingress"),
        ("v1", "Affinity"),
        ("v1", "Deploymnet"),
    ],
)
def test_a_kind_without_a_schema_is_never_passed_in_silence(api_version: str, kind: str) -> None:
    manifest: dict[str, Any] = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}
    (problem,) = schema_problems(manifest)
    assert f"no kind {kind} in {api_version}" in problem


def test_fields_that_are_called_as_schema_keywords_are_fields() -> None:
    """`description` of a PriorityClass, `$ref` and `properties` in a CustomResourceDefinition's own schema."""
    schema = {"type": "object", "properties": {"a": {"$ref": "#/b", "description": "text", "wrong": 1}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "as.b"},
        "spec": {"group": "b", "names": {"kind": "A", "plural": "as"}, "scope": "Namespaced", "versions": [version]},
    }
    (problem,) = schema_problems(definition)
    assert problem.endswith("properties.a: Additional properties are not allowed ('wrong' was unexpected)")
    priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "x"}, "value": 1}
    assert schema_problems({**priority, "description": "text"}) == []
