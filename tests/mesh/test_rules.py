"""Rules 16 to 23 of the checklist over whole meshes: what the builders make meets them, whatever is declared."""

from __future__ import annotations

import pytest
from hypothesis import given

from components.isolation import RULES, Objects
from components.manifests import Manifest
from components.specs.mesh.settings import Mesh
from tests.components.mesh.objects import mesh_objects
from tests.components.mesh.routed import AMBIENT, GATEWAY_API
from tests.components.mesh.whole_shop import settings, whole_shop
from tests.istio_schema import custom_resource_problems, is_custom
from tests.mesh.random_meshes import DATA_PLANES, PROPERTY, DeclaredGraph, graphs, platform_objects


def violations(bodies: list[Manifest]) -> list[str]:
    """What the mesh's rules find, less what objects give a reason for."""
    rules = [rule for rule in RULES if 16 <= rule.number <= 23]
    return [str(found) for rule in rules for found in rule.violations(Objects(tuple(bodies)))]


@pytest.mark.parametrize("data_plane", DATA_PLANES)
@PROPERTY
@given(graph=graphs())
def test_a_random_mesh_meets_the_rules_and_the_schemas(data_plane: str, graph: DeclaredGraph) -> None:
    bodies = platform_objects(graph, data_plane)
    assert violations(bodies) == []
    assert [problem for body in bodies if is_custom(body) for problem in custom_resource_problems(body)] == []


@pytest.mark.parametrize("mesh", [settings(), GATEWAY_API, AMBIENT], ids=["sidecar", "gateway-api", "ambient"])
def test_a_shop_that_uses_everything_meets_the_rules(mesh: Mesh) -> None:
    args = whole_shop(mesh)
    services = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": workload.service, "namespace": args.namespace},
            "spec": {"ports": [{"port": port.service_port} for port in workload.ports.values()]},
        }
        for workload in args.workloads.values()
        if workload.service
    ]
    limits = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ratelimit", "namespace": args.namespace}}
    assert violations([*mesh_objects(args), *services, limits]) == []


def test_a_rule_that_is_broken_in_a_random_mesh_is_seen() -> None:
    """The check itself can fail."""
    graph = DeclaredGraph({"users": {}})
    bodies = [body for body in platform_objects(graph, "sidecar") if body["kind"] != "Sidecar"]
    (found,) = violations(bodies)
    assert found.startswith("rule 22: Deployment shop/users:")
