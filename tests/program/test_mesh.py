"""The mesh in the real program: what comes before what, and what each Pod waits for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from components.mesh.control_plane import ControlPlane
from components.specs.mesh.settings import ControlPlane as RunBy
from stacks.assembly import compose
from stacks.loader import PROJECT, validate
from stacks.parts import Part
from stacks.schema.platform import Platform
from tests.program.recorder import STACKS, Recording, run_program
from tests.program.registrations import Registration

MESHED = [stack for stack in STACKS if validate(stack).mesh]
each_mesh = pytest.mark.parametrize("stack", MESHED)


def test_some_stacks_have_a_mesh_and_some_do_not() -> None:
    """Else the tests below compare nothing."""
    assert MESHED == ["dev", "prod"]


def components(recording: Recording, cls: str) -> dict[str, Registration]:
    return {one.name: one for one in recording.components if one.type.endswith(f":{cls}")}


def of_kind(recording: Recording, *kinds: str) -> dict[str, Registration]:
    return {
        f"{one.inputs['kind']}/{one.name}": one
        for one in recording.objects
        if one.inputs["kind"] in kinds and one.inputs["metadata"].get("namespace") == "shop"
    }


@each_mesh
def test_no_pod_starts_before_what_denies_everything(stack: str) -> None:
    recording = run_program(stack)
    denials = {("PeerAuthentication", "default"), ("AuthorizationPolicy", "deny-all")}
    needed: dict[str, set[str]] = {}
    for one in recording.objects:
        if (one.inputs["kind"], one.name) in denials:
            needed.setdefault(one.inputs["metadata"]["namespace"], set()).add(one.urn)
    agents = validate(stack).node_agents
    assert agents is not None, "a second namespace is asked about too"
    for name, workload in components(recording, "Workload").items():
        inside = agents.namespace.name if name in agents.workloads else "shop"
        assert len(needed[inside]) == 2
        assert needed[inside] <= workload.dependencies, f"{name} starts before the denials of {inside}"


@each_mesh
def test_a_workload_waits_for_no_policy_but_those(stack: str) -> None:
    """To wait for all of them would cost the square of the platform's size."""
    recording = run_program(stack)
    others = {one.urn for one in of_kind(recording, "AuthorizationPolicy").values() if one.name != "deny-all"}
    agents = validate(stack).node_agents
    for name, workload in components(recording, "Workload").items():
        # The agents' namespace has few policies.
        assert (agents and name in agents.workloads) or not others & workload.dependencies


@each_mesh
def test_requests_go_to_a_version_once_its_pods_are_ready(stack: str) -> None:
    """Its Deployment is waited for. So a canary's share starts when the canary can answer."""
    recording = run_program(stack)
    workloads, routings = components(recording, "Workload"), components(recording, "ServiceRouting")
    assert routings.keys() == {name for name, one in validate(stack).workloads.items() if one.spec.ports} - {
        "fulfilment"
    }
    (edge,) = components(recording, "EdgeGateway").values()
    for name, routing in routings.items():
        assert {child.urn for child in recording.children(workloads[name])} <= routing.dependencies
    assert {child.urn for child in recording.children(workloads["gateway"])} <= edge.dependencies


@each_mesh
def test_every_object_of_the_mesh_belongs_to_one_of_its_components(stack: str) -> None:
    recording = run_program(stack)
    parents = {one.urn: one.type for one in recording.components}
    for one in recording.objects:
        if "istio.io" in one.inputs["apiVersion"]:
            assert parents[one.parent].startswith("polyglot:mesh:"), one.where


def with_own_control_plane(platform: Platform) -> Platform:
    assert platform.mesh is not None
    settings = platform.mesh.settings.model_copy(update={"control_plane": RunBy.INSTALL})
    return replace(platform, mesh=replace(platform.mesh, settings=settings))


@each_mesh
def test_a_control_plane_that_is_installed_comes_before_all_that_needs_its_definitions(stack: str) -> None:
    platform = with_own_control_plane(validate(stack))
    secrets = {name: dict.fromkeys(secret.keys, "x") for name, secret in platform.every_secret.items()}
    if platform.images.credentials:
        secrets[platform.images.credentials] = {"username": "x", "password": "x"}
    first, *rest = compose(platform, secrets)
    assert first.component is ControlPlane
    behind = {part.key for part in rest if reaches(part, first.key, {one.key: one for one in rest})}
    images = {part.key for part in rest if part.key.startswith("ImageBuild/")}
    assert behind == {part.key for part in rest} - images, "an image can be built without a cluster"


def reaches(part: Part, wanted: str, parts: dict[str, Part]) -> bool:
    return any(key == wanted or (key in parts and reaches(parts[key], wanted, parts)) for key in part.after)


def test_a_control_plane_of_somebody_else_is_left_alone() -> None:
    assert components(run_program("dev"), "ControlPlane") == {}


def test_a_program_that_installs_no_mesh_does_not_load_helm() -> None:
    program = (
        "import sys; from stacks.assembly import render; from stacks.loader import validate; render(validate('dev'));"
        "print([name for name in sys.modules if 'helm.v3' in name])"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout == "[]\n"
