"""The component registers what its builders make."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from components.mesh.rate_limits import RateLimits
from tests.components.mesh.whole_shop import whole_shop
from tests.istio_schema import custom_resource_problems
from tests.program.recorder import record


def test_it_registers_exactly_its_manifests() -> None:
    args = whole_shop()

    def program() -> None:
        cluster = kubernetes.Provider("cluster", kubernetes.ProviderArgs(render_yaml_to_directory="/tmp/nowhere"))
        RateLimits("limits", args, pulumi.ResourceOptions(providers={"kubernetes": cluster}))

    recording = record(program)
    (component,) = recording.components
    made = [one.inputs for one in recording.children(component)]
    assert made == RateLimits.manifests("limits", args)
    assert [problem for body in made for problem in custom_resource_problems(body)] == []
    assert recording.outputs[component.urn] == {"filters": sorted(body["metadata"]["name"] for body in made)}
