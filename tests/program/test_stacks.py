"""The real program for every committed stack: what it registers, under whom, in which order, and what it exports."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

import pytest
from pulumi.runtime.rpc import UNKNOWN

from stacks.assembly import render
from stacks.loader import PROJECT, validate
from stacks.parts import Component
from stacks.schema.environment import ClusterTarget, FolderTarget
from tests.program.recorder import STACKS, Recording, run_program
from tests.program.registrations import Registration
from tests.program.rejections import KUBERNETES_PROVIDER
from tests.program.values import Secret, hidden

Body = dict[str, Any]
WORKLOAD = "polyglot:workloads:Workload"
IMAGE_BUILD = "polyglot:images:ImageBuild"
SECRET_ANNOTATION = "polyglot.dev/secret-"

every_stack = pytest.mark.parametrize("stack", STACKS)


@cache
def recorded(stack: str) -> Recording:
    return run_program(stack)


def identity(body: Any) -> tuple[str, str, str]:
    return body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]


def workloads(stack: str) -> dict[str, Registration]:
    return {one.name: one for one in recorded(stack).components if one.type == WORKLOAD}


def without_secrets(value: Any) -> Any:
    """A body without what differs between a deploy and a render: what Secrets hold, and the checksums of it."""
    if isinstance(value, dict):
        kept = {key: without_secrets(item) for key, item in value.items() if not key.startswith(SECRET_ANNOTATION)}
        return kept | ({"stringData": sorted(value["stringData"])} if "stringData" in value else {})
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def without_digests(value: Any, built: Mapping[str, str]) -> Any:
    """A body with each image that was built as a render and a preview name it: by its tag, or not known yet."""
    match value:
        case Mapping():
            return {key: without_digests(item, built) for key, item in value.items()}
        case list():
            return [without_digests(item, built) for item in value]
        case str():
            return built.get(value, value)
        case _:
            return value


def test_the_four_stacks_of_the_project_are_found() -> None:
    """Every other test here goes through this list: an empty one would make all of them pass."""
    assert set(STACKS) >= {"local", "dev", "prod", "ci"}


@every_stack
def test_every_stack_runs_through_the_real_program(stack: str) -> None:
    assert recorded(stack).objects


@every_stack
def test_a_preview_registers_what_an_update_registers(stack: str) -> None:
    preview = run_program(stack, preview=True)
    built = dict.fromkeys(recorded(stack).exports["images"].values(), UNKNOWN)
    assert {one.urn: one.inputs for one in preview.registrations} == {
        one.urn: without_digests(one.inputs, built) for one in recorded(stack).registrations
    }, "nothing that this program registers depends on what a provider answers, except the digest of an image"


@every_stack
def test_every_workload_of_the_platform_is_one_component(stack: str) -> None:
    agents = validate(stack).node_agents
    assert workloads(stack).keys() == validate(stack).workloads.keys() | (agents.workloads.keys() if agents else set())


@every_stack
def test_every_object_belongs_to_the_component_that_is_named_like_it(stack: str) -> None:
    """The names of a workload's objects begin with its own, so that two workloads never meet."""
    recording = recorded(stack)
    below = [one for component in recording.components for one in recording.children(component) if one.custom]
    assert len(below) == len([*recording.objects, *recording.images])
    for name, component in workloads(stack).items():
        children = recording.children(component)
        assert {"ServiceAccount", "NetworkPolicy"} <= {child.inputs["kind"] for child in children}
        assert [child.name for child in children if not child.name.startswith(name)] == []


@every_stack
def test_a_deploy_registers_exactly_what_a_render_shows(stack: str) -> None:
    rendered = {identity(body): without_secrets(body) for body in render(validate(stack))}
    built = {image: image.partition("@")[0] for image in recorded(stack).exports["images"].values()}
    bodies = [without_digests(body, built) for body in recorded(stack).manifests()]
    deployed = {identity(body): without_secrets(body) for body in bodies}
    assert deployed.keys() == rendered.keys()
    differing = [key for key, body in rendered.items() if deployed[key] != body]
    assert differing == [], "a render is reviewed, a deploy is applied: they must not differ"


@every_stack
def test_every_resource_is_named_like_its_object(stack: str) -> None:
    assert [one.urn for one in recorded(stack).objects if one.name != one.inputs["metadata"]["name"]] == []


@every_stack
def test_a_workload_waits_for_all_objects_of_those_that_it_needs(stack: str) -> None:
    recording, components = recorded(stack), workloads(stack)
    position = {one.urn: index for index, one in enumerate(recording.registrations)}
    for name, workload in validate(stack).workloads.items():
        for needed in workload.after:
            objects = {child.urn for child in recording.children(components[needed])}
            assert objects <= components[name].dependencies, f"{name} starts before {needed} is there"
            assert max(map(position.__getitem__, objects)) < position[components[name].urn]


def test_the_start_order_of_the_sample_is_not_empty() -> None:
    """Else the test above compares nothing."""
    assert {"users", "orders"} <= set(validate("dev").workloads["gateway"].after)
    assert "users-db" in validate("dev").workloads["users"].after


@every_stack
def test_everything_waits_for_the_namespace_and_its_policies(stack: str) -> None:
    recording = recorded(stack)
    namespace = next(one for one in recording.components if one.type == "polyglot:workloads:Namespace")
    inside = {child.urn for child in recording.children(namespace)}
    for component in recording.components:
        # An image can be built without a cluster.
        if component is not namespace and component.type != IMAGE_BUILD:
            assert inside <= component.dependencies, f"{component.where} may come before the policies"
    created = next(one for one in recording.children(namespace) if one.inputs["kind"] == "Namespace")
    for child in recording.children(namespace):
        assert child is created or created.urn in child.dependencies


@every_stack
def test_what_a_component_registers_as_outputs_are_its_attributes(stack: str) -> None:
    attributes = {
        f"polyglot:{cls.__module__.split('.')[1]}:{cls.__name__}": cls.__annotations__.keys()
        for cls in get_args(Component)
        for cls in get_args(cls)
    }
    recording = recorded(stack)
    for component in recording.components:
        absent = {key for key, value in recording.outputs[component.urn].items() if value is None}
        assert recording.outputs[component.urn].keys() | absent <= attributes[component.type]


@every_stack
def test_the_exports_name_the_target_the_namespace_and_an_address_of_every_service(stack: str) -> None:
    exports = recorded(stack).exports
    # The second Service of a StatefulSet only names its Pods, and nobody calls the agents on the nodes.
    own = [one for one in recorded(stack).objects if one.inputs["metadata"].get("namespace") == "shop"]
    names = {one.name for one in own if one.inputs["kind"] == "Service" and not one.name.endswith("-pods")}
    assert exports.keys() == {"target", "namespace", "services", "images"}
    where = validate(stack).target
    assert exports["target"].endswith(where.context if isinstance(where, ClusterTarget) else where.render_to)
    assert exports["namespace"] == validate(stack).namespace.name
    addresses = {address.partition(".")[::2] for address in exports["services"].values()}
    assert addresses == {(name, exports["namespace"]) for name in names}
    assert "fulfilment" not in exports["services"], "a worker without ports has no address"


@every_stack
def test_no_replicas_are_set_where_an_autoscaler_sets_them(stack: str) -> None:
    """Each update would otherwise throw the service back to the number that somebody once wrote down."""
    bodies = {identity(body): body for body in recorded(stack).manifests()}
    for kind, namespace, name in list(bodies):
        if kind == "HorizontalPodAutoscaler":
            target = bodies[kind, namespace, name]["spec"]["scaleTargetRef"]
            assert "replicas" not in bodies[target["kind"], namespace, target["name"]]["spec"]
    scaled = {name for kind, _, name in bodies if kind == "HorizontalPodAutoscaler"}
    for kind, _, name in bodies:
        if kind in {"Deployment", "StatefulSet"} and name not in scaled:
            assert "replicas" in bodies[kind, _, name]["spec"], "nothing else says how many"


def test_production_scales_its_gateway_by_itself() -> None:
    """Else the test above meets no autoscaler."""
    kinds = {one.inputs["kind"] for one in recorded("prod").objects}
    assert "HorizontalPodAutoscaler" in kinds


@every_stack
def test_the_one_provider_acts_where_the_stack_says(stack: str) -> None:
    (provider,) = (one for one in recorded(stack).providers if one.type == KUBERNETES_PROVIDER)
    match validate(stack).target:
        case ClusterTarget(context=context):
            assert provider.inputs["context"] == context
            assert provider.inputs["enableServerSideApply"] == "true"
        case FolderTarget(render_to=folder):
            assert provider.inputs == {"renderYamlToDirectory": str(PROJECT / folder)}, "an absolute path, nothing else"


@every_stack
def test_only_what_secrets_hold_is_hidden_from_review(stack: str) -> None:
    """A secret that spreads (into a whole body, an address, a checksum) hides from a preview what changes."""
    recording = recorded(stack)
    assert not [one.urn for one in recording.registrations if any(isinstance(v, Secret) for v in one.inputs.values())]
    secrets = [one for one in recording.objects if hidden(one.inputs) != one.inputs]
    assert {one.inputs["kind"] for one in secrets} <= {"Secret"}
    assert hidden(recording.exports) == recording.exports
