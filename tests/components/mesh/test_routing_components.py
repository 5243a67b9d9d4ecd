"""The components register what their builders make, in an order in which no request finds a gap."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components.mesh.arguments import MeshArgs
from components.mesh.edge_gateway import EdgeGateway
from components.mesh.service_routing import ServiceRouting
from components.specs.mesh.settings import Mesh
from tests.components.mesh.routed import GATEWAY_API, ISTIO
from tests.components.mesh.whole_shop import whole_shop
from tests.program.recorder import Recording, record
from tests.program.registrations import Registration


def registered(args: MeshArgs) -> Recording:
    def program() -> None:
        cluster = kubernetes.Provider("cluster", kubernetes.ProviderArgs(render_yaml_to_directory="/tmp/nowhere"))
        opts = pulumi.ResourceOptions(providers={"kubernetes": cluster})
        ServiceRouting("orders", args, opts)
        ServiceRouting("fulfilment", args, opts)
        EdgeGateway("edge", args, opts)

    return record(program)


def component(recording: Recording, name: str) -> Registration:
    (found,) = [one for one in recording.components if one.name == name]
    return found


@pytest.mark.parametrize("mesh", [ISTIO, GATEWAY_API])
def test_a_component_registers_exactly_its_manifests(mesh: Mesh) -> None:
    args = whole_shop(mesh)
    recording = registered(args)
    for name, manifests in {
        "orders": ServiceRouting.manifests("orders", args),
        "edge": EdgeGateway.manifests("edge", args),
        "fulfilment": [],
    }.items():
        children = recording.children(component(recording, name))
        assert [one.inputs for one in children] == manifests


@pytest.mark.parametrize("mesh", [ISTIO, GATEWAY_API])
def test_routes_wait_for_the_versions_that_they_lead_to(mesh: Mesh) -> None:
    recording = registered(whole_shop(mesh))
    children = recording.children(component(recording, "orders"))
    routes = [one for one in children if one.inputs["kind"] in {"VirtualService", "HTTPRoute"}]
    others = {one.urn for one in children} - {one.urn for one in routes}
    assert routes and all(others <= set(one.dependencies) for one in routes), "requests would find no such version"


def test_outputs_are_the_typed_attributes() -> None:
    recording = registered(whole_shop(ISTIO))
    outputs = {one.name: recording.outputs[one.urn] for one in recording.components}
    assert outputs["orders"] == {"host": "orders.shop.svc.cluster.local"}
    assert outputs["fulfilment"] == {}, "Pulumi leaves out what there is not"
    assert outputs["edge"] == {"hosts": ["shop.example.com"]}
