"""Every object of the mesh that a committed stack renders, as the API server takes it: structure and CEL rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stacks.assembly import render
from stacks.loader import validate
from tests.apiserver.definitions import CustomResources
from tests.object_schema import is_custom_kind

NAMESPACE = "mesh-stacks"
"""Dry runs need a namespace that is there; other tests have the shop in the one of its own name."""


@pytest.fixture(scope="module")
def served(custom_resources: CustomResources) -> Iterator[CustomResources]:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    custom_resources.cluster.request("POST", "/api/v1/namespaces", body).raise_for_status()
    yield custom_resources
    custom_resources.cluster.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}").raise_for_status()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_api_server_takes_the_mesh_of_a_committed_stack(stack: str, served: CustomResources) -> None:
    bodies = [body for body in render(validate(stack)) if is_custom_kind(body)]
    assert len({body["kind"] for body in bodies}) > 5, "a mesh of a few kinds would prove nothing"
    refused = {}
    for body in bodies:
        if reason := served.refusal({**body, "metadata": {**body["metadata"], "namespace": NAMESPACE}}):
            refused[f"{body['kind']} {body['metadata']['name']}"] = reason
    assert refused == {}


def test_a_rule_that_a_stack_breaks_is_caught(served: CustomResources) -> None:
    """The check itself can fail: no schema says that a timeout is not zero."""
    route = next(body for body in render(validate("dev")) if body["kind"] == "VirtualService")
    route["metadata"]["namespace"] = NAMESPACE
    assert served.refusal(route) == ""
    route["spec"]["http"][0]["timeout"] = "0s"
    assert "must be a valid duration greater than 1ms" in served.refusal(route)
