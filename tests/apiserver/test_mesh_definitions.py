"""Every object of the mesh, as the API server takes it under the pinned definitions: structure, defaults and CEL rules.

What no definition says is not proven here: whether istiod understands an object, and what proxies make of it.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from components import versions
from components.manifests import Manifest
from components.mesh.arguments import EdgeRoute, MeshArgs
from components.mesh.edge import edge_objects
from components.mesh.resources.gateway_api import MAX_MATCHES, MAX_MATCHES_IN_ALL
from components.mesh.unsupported import unsupported
from components.specs.mesh.edge import EdgePolicy
from components.specs.mesh.settings import Mesh
from localcluster.custom_resources import MODULE
from tests.apiserver.definitions import CustomResources
from tests.components.mesh.objects import mesh_objects
from tests.components.mesh.whole_shop import settings, whole_shop
from tests.istio_schema import custom_resource_problems, is_custom

NAMESPACE, EDGE = "mesh-definitions", "mesh-definitions-edge"
"""Other tests on this API server have the shop in a namespace of that name."""
MESHES = {
    "sidecars, Istio's routes": settings(),
    "sidecars, Gateway API": settings(**{"routing-api": "gateway"}),
    "ambient": settings(**{"data-plane": "ambient", "routing-api": "gateway"}),
    "a certificate that is there": settings(edge={"domain": "example.com", "tls": {"secret": "shop-tls"}}),
    "spread over localities": settings(
        locality={"spread": [{"from": "eu-west/*", "to": {"eu-west/*": "80%", "eu-central/*": "20%"}}]}
    ),
}
Step = str | int


@pytest.fixture(scope="module")
def served(custom_resources: CustomResources) -> Iterator[CustomResources]:
    """The definitions, and the namespaces in which the objects would live; nothing is ever kept in them."""
    for name in (NAMESPACE, EDGE):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        custom_resources.cluster.request("POST", "/api/v1/namespaces", body).raise_for_status()
    yield custom_resources
    for name in (NAMESPACE, EDGE):
        custom_resources.cluster.request("DELETE", f"/api/v1/namespaces/{name}").raise_for_status()


def test_the_definitions_are_those_of_the_pinned_releases() -> None:
    required = (MODULE / "go.mod").read_text()
    assert f"istio.io/api v{versions.ISTIO}\n" in required
    assert f"sigs.k8s.io/gateway-api v{versions.GATEWAY_API}\n" in required


@pytest.mark.parametrize("mesh", MESHES.values(), ids=list(MESHES))
def test_the_api_server_takes_every_object_of_the_mesh(mesh: Mesh, served: CustomResources) -> None:
    bodies = [body for body in mesh_objects(_shop(mesh)) if is_custom(body)]
    assert len(bodies) > 5, "a mesh of a few objects would prove nothing"
    refused = {_name(body): reason for body in bodies if (reason := served.refusal(body))}
    assert refused == {}


@pytest.mark.parametrize("mesh", MESHES.values(), ids=list(MESHES))
def test_the_offline_schemas_agree_with_the_api_server(mesh: Mesh) -> None:
    found = {_name(body): custom_resource_problems(body) for body in mesh_objects(_shop(mesh)) if is_custom(body)}
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_api_server_takes_routes_of_every_method_that_change_the_path(served: CustomResources) -> None:
    edge = EdgeRoute(host="shop.example.com", paths=("/api", "/web"), port="http", policy=EdgePolicy(rewrite="/"))
    args = _shop(GATEWAY)
    offered = dataclasses.replace(args.workloads["gateway"], edge=edge)
    assert unsupported(args.settings, offered) == []
    bodies = edge_objects(dataclasses.replace(args, workloads={"gateway": offered}))
    (route,) = (body for body in bodies if body["kind"] == "HTTPRoute" and body["metadata"]["namespace"] == NAMESPACE)
    assert len(route["spec"]["rules"]) == 14, "six idempotent methods and all others, under each of two paths"
    assert served.refusal(route) == ""


def test_an_unknown_field_is_caught_in_every_kind(served: CustomResources) -> None:
    seen = set()
    for body in [body for mesh in MESHES.values() for body in mesh_objects(_shop(mesh)) if is_custom(body)]:
        kind = body["apiVersion"], body["kind"]
        if kind in seen:
            continue
        seen.add(kind)
        wrong = copy.deepcopy(body)
        wrong.setdefault("spec", {})["hosst"] = ["users"]
        assert "hosst" in served.refusal(wrong), f"a strict server names the unknown field of {kind}"
        assert "hosst" in " ".join(custom_resource_problems(wrong)), f"the offline schema finds it too, in {kind}"
    assert len(seen) > 5


ISTIO, GATEWAY = settings(), settings(**{"routing-api": "gateway"})
NAME = "app.kubernetes.io/name"
SWAPPED = {"operation": "REMOVE", "value": "'x'"}
READ, WRITTEN = ({"path": {"type": "PathPrefix", "value": "/"}, "method": method} for method in ("GET", "POST"))
NEW_PREFIX = {
    "type": "URLRewrite",
    "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
}
MANY_MATCHES = [*[{"matches": [READ] * MAX_MATCHES}] * (MAX_MATCHES_IN_ALL // MAX_MATCHES), {"matches": [READ]}]
TWO_METHODS = {"matches": [READ, WRITTEN], "filters": [NEW_PREFIX]}
BROKEN: list[tuple[str, Mesh, tuple[Step, ...], Any, str]] = [
    ("EnvoyFilter", ISTIO, ("spec", "targetRefs"), [{"kind": "Gateway", "name": "shop"}], "only one of targetRefs or"),
    ("PeerAuthentication", ISTIO, ("spec", "portLevelMtls"), {"8081": {"mode": "DISABLE"}}, "requires selector"),
    ("RequestAuthentication", ISTIO, ("spec", "jwtRules", 0, "jwksUri"), "https://id.example.com/", "only one of jwks"),
    ("AuthorizationPolicy", ISTIO, ("spec", "selector", "matchLabels", NAME), "user*", "wildcard not allowed"),
    ("ServiceEntry", ISTIO, ("spec", "hosts"), ["*"], "hostname cannot be wildcard"),
    ("Sidecar", ISTIO, ("spec", "workloadSelector", "labels", NAME), "user*", "wildcard is not supported"),
    ("Telemetry", ISTIO, ("spec", "metrics"), [{"overrides": [{"tagOverrides": {"a": SWAPPED}}]}], "must not be set"),
    ("Gateway", ISTIO, ("spec", "servers", 0, "tls", "credentialNames"), ["a", "b"], "only one of credentialName"),
    ("VirtualService", ISTIO, ("spec", "http", 0, "timeout"), "0s", "must be a valid duration greater than 1ms"),
    ("DestinationRule", ISTIO, ("spec", "trafficPolicy", "outlierDetection", "interval"), "0s", "valid duration"),
    ("HTTPRoute", GATEWAY, ("spec", "rules", 0, "timeouts", "backendRequest"), "1h", "cannot be longer than request"),
    ("HTTPRoute", GATEWAY, ("spec", "rules", 0), TWO_METHODS, "exactly one PathPrefix match must be specified"),
    ("HTTPRoute", GATEWAY, ("spec", "rules"), MANY_MATCHES, "total number of matches across all rules"),
    ("Gateway", GATEWAY, ("spec", "listeners", 0, "tls"), {"mode": "Terminate"}, "certificateRefs or options must be"),
]


@pytest.mark.parametrize(
    ("kind", "mesh", "path", "value", "said"), BROKEN, ids=[f"{kind} {path[-1]}" for kind, _, path, *_ in BROKEN]
)
def test_a_broken_cel_rule_is_caught(
    kind: str, mesh: Mesh, path: tuple[Step, ...], value: Any, said: str, served: CustomResources
) -> None:
    right = next(body for body in mesh_objects(_shop(mesh)) if body["kind"] == kind and _has(body, path[:-1]))
    wrong = copy.deepcopy(right)
    _put(wrong, path, value)
    assert served.refusal(right) == "", "the object is right as it was"
    assert said in served.refusal(wrong), "no schema says it: only the rules do"
    assert custom_resource_problems(wrong) == [], "which is why the API server has to be asked"


def _shop(mesh: Mesh) -> MeshArgs:
    return dataclasses.replace(whole_shop(mesh), namespace=NAMESPACE, edge_namespace=EDGE)


def _has(body: Any, path: tuple[Step, ...]) -> bool:
    try:
        for step in path:
            body = body[step]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _put(body: Any, path: tuple[Step, ...], value: Any) -> None:
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = value


def _name(body: Manifest) -> str:
    return f"{body['kind']} {body['metadata']['name']}"
