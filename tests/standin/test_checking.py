"""What the stand-in refuses before it tries anything."""

from typing import Any

import pytest

from launcher.standin.kubernetes.checking import failures
from launcher.standin.kubernetes.kinds import BUILT_IN, UnknownType, kind_of
from launcher.standin.properties import UNKNOWN
from tests.standin.manifests import changed, deployment, plain

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"


def _failures(token: str, manifest: dict[str, Any]) -> dict[str, str]:
    return {failure.path: failure.reason for failure in failures(token, kind_of(token), manifest)}


def test_a_complete_manifest_passes() -> None:
    assert not _failures(DEPLOYMENT, deployment())
    assert not _failures(NAMESPACE, plain("Namespace", "shop", namespace=None))


@pytest.mark.parametrize(
    ("manifest", "path", "words"),
    [
        (changed(deployment(), "StatefulSet", "kind"), "kind", "needs kind: Deployment"),
        (changed(deployment(), "v1", "apiVersion"), "apiVersion", "needs apiVersion: apps/v1"),
        (changed(deployment(), None, "kind"), "kind", "None"),
        (changed(deployment(), None, "metadata", "name"), "metadata.name", "set metadata.name"),
        (changed(deployment(), None, "metadata", "namespace"), "metadata.namespace", "lives in a namespace"),
        (changed(deployment(), "shop", "metadata"), "metadata", "not an object"),
    ],
)
def test_an_incomplete_or_contradictory_manifest_is_refused(manifest: dict[str, Any], path: str, words: str) -> None:
    assert words in _failures(DEPLOYMENT, manifest)[path]


def test_a_namespace_with_a_namespace_is_refused() -> None:
    assert "has no namespace" in _failures(NAMESPACE, plain("Namespace", "shop"))["metadata.namespace"]


def test_all_problems_are_told_at_once() -> None:
    assert set(_failures(DEPLOYMENT, {})) == {"apiVersion", "kind", "metadata.name", "metadata.namespace"}


def test_an_unknown_value_is_not_a_missing_one() -> None:
    assert not _failures(DEPLOYMENT, changed(deployment(), UNKNOWN, "metadata", "namespace"))
    assert not _failures(DEPLOYMENT, changed(deployment(), UNKNOWN, "metadata"))


def test_a_custom_resource_may_be_cluster_scoped() -> None:
    """Only its definition says so, and a rendered stack has no API server to ask."""
    body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "istio"}}
    assert not _failures("kubernetes:gateway.networking.k8s.io/v1:GatewayClass", body)


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:kustomize/v2:Directory",
        "kubernetes:apiextensions.k8s.io:CustomResource",
        "kubernetes:apps/v1:DeploymentPatch",
        "kubernetes:apps/v1:DeploymentList",
        "kubernetes:apps/v1beta1:Deployment",
        "kubernetes:core/v1:PersistentVolume",
        "kubernetes:extensions/v1beta1:Ingress",
        "kubernetes:storage.k8s.io/v1:StorageClass",
        "kubernetes:example/v1:Widget",
        "docker:index/image:Image",
        "nonsense",
    ],
)
def test_a_type_that_the_stand_in_does_not_know_is_refused_by_name(token: str) -> None:
    with pytest.raises(UnknownType, match="official plugin") as refusal:
        kind_of(token)
    assert token in str(refusal.value)


@pytest.mark.parametrize(
    "token", ["kubernetes:networking.istio.io/v1:Gateway", "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"]
)
def test_any_custom_resource_is_taken(token: str) -> None:
    kind = kind_of(token)
    assert kind.plural is None, "the API server must be asked"
    assert token == f"kubernetes:{kind.api_version}:{kind.name}"


def test_a_built_in_token_names_its_kind() -> None:
    for token, kind in BUILT_IN.items():
        assert token.endswith(f":{kind.name}")
        assert kind.plural is not None
        assert kind.plural.startswith(kind.name.lower()[:5]), f"{token} would be sent to {kind.plural}"


@pytest.mark.parametrize("text", ["Ready", "condition=", "jsonpath={.a[0]}", "[]", "[1]", "jsonpath=.a"])
def test_a_wait_that_the_stand_in_does_not_understand_is_refused(text: str) -> None:
    """Not waiting at all would look like success."""
    assert 'metadata.annotations["pulumi.com/waitFor"]' in _failures(DEPLOYMENT, deployment(waitFor=text))
