"""The real program builds what its stack says, with one provider, and Pods run exactly what was built."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pulumi
import pytest

from stacks.assembly import provider_packages
from stacks.document import InvalidConfiguration, read
from stacks.loader import PROJECT, environment_file, validate
from stacks.schema.environment_checks import ROOT
from tests.program.recorder import STACKS, Recording, digest_of, run_program
from tests.program.registrations import DOCKER_BUILD_IMAGE, DOCKER_IMAGE, PROVIDER
from tests.program.values import Secret

every_stack = pytest.mark.parametrize("stack", STACKS)
BUILDING = [stack for stack in STACKS if validate(stack).images.builds]


def with_images(stack: str, **changes: Any) -> dict[str, Any]:
    """The stack's configuration with other settings of images."""
    environment = read(PROJECT / environment_file(stack)).value(ROOT)
    return {ROOT[1]: environment | {"images": environment["images"] | changes}}


def main_images(recording: Recording) -> dict[str, str]:
    """Deployment → the image of its main container."""
    bodies = [body for body in recording.manifests() if body["kind"] == "Deployment"]
    return {body["metadata"]["name"]: body["spec"]["template"]["spec"]["containers"][0]["image"] for body in bodies}


def test_some_stacks_build_and_some_do_not() -> None:
    """Else the tests below compare nothing."""
    assert set(BUILDING) == {"dev", "ci"}


@every_stack
def test_a_provider_of_dockers_is_there_once_where_an_image_is_built_and_nowhere_else(stack: str) -> None:
    """The official one looks for an engine even in a preview, and a stack that builds nothing needs none."""
    packages = [one.type.removeprefix(PROVIDER) for one in run_program(stack).providers]
    assert packages == list(provider_packages(validate(stack)))
    assert len(packages) == (2 if stack in BUILDING else 1)


@every_stack
def test_every_image_of_the_stack_is_registered_and_no_other(stack: str) -> None:
    registered = {one.name: one.inputs["imageName"] for one in run_program(stack).images}
    assert registered == {name: build.reference for name, build in validate(stack).images.builds.items()}


@pytest.mark.parametrize("stack", BUILDING)
def test_a_pod_runs_what_was_built_by_its_digest(stack: str) -> None:
    recording = run_program(stack)
    wanted = {
        name: f"{build.reference}@{digest_of(build.reference)}" for name, build in validate(stack).images.builds.items()
    }
    assert recording.exports["images"] == wanted, "CI reads the digests here"
    assert {name: image for name, image in main_images(recording).items() if name in wanted} == wanted


@pytest.mark.parametrize("stack", BUILDING)
def test_a_workload_waits_for_its_own_image_and_for_no_other(stack: str) -> None:
    """A Dockerfile that fails must not stop the services beside it, and its old Pods keep running."""
    recording = run_program(stack)
    urns = {one.name: one.urn for one in recording.images}
    deployments = {one.name: one for one in recording.objects if one.inputs["kind"] == "Deployment"}
    for name, urn in urns.items():
        assert deployments[name].dependencies & set(urns.values()) == {urn}


@pytest.mark.parametrize("stack", BUILDING)
def test_an_image_is_built_without_waiting_for_the_cluster(stack: str) -> None:
    recording = run_program(stack)
    objects = {one.urn for one in recording.objects}
    assert [one.urn for one in recording.images if one.dependencies & objects] == []


def test_images_that_are_loaded_run_by_their_tags() -> None:
    recording = run_program("ci", with_images("ci", build="load"))
    tags = {name: build.reference for name, build in validate("ci").images.builds.items()}
    assert {name: image for name, image in main_images(recording).items() if name in tags} == tags
    assert recording.exports["images"] == tags
    assert all(one.inputs["skipPush"] for one in recording.images)


def test_all_images_of_a_stack_that_asks_for_more_are_built_by_the_other_provider() -> None:
    recording = run_program("ci", with_images("ci", provenance=True))
    assert {one.type for one in recording.images} == {DOCKER_BUILD_IMAGE}
    assert [one.type for one in recording.providers] == [f"{PROVIDER}kubernetes", f"{PROVIDER}docker-build"]
    assert {one.type for one in run_program("ci").images} == {DOCKER_IMAGE}


def test_a_preview_of_a_stack_that_builds_knows_no_digest_and_does_not_fail() -> None:
    preview = run_program("ci", preview=True)
    assert preview.images
    assert not any("sha256:" in image for image in main_images(preview).values())


@pytest.mark.parametrize("stack", ["ci", "dev"])
def test_a_login_that_the_environment_names_and_nobody_supplies_is_a_problem_for_each_key(stack: str) -> None:
    """Whoever supplies the Secrets of the namespace: what this machine logs in with is none of them."""
    config = with_images(stack, credentials="harbor")
    with pytest.raises(pulumi.RunError) as caught:
        run_program(stack, config | {"polyglot:secrets": {"harbor": {"username": "robot"}}})
    invalid = caught.value.__context__
    assert isinstance(invalid, InvalidConfiguration)
    problem = next(problem for problem in invalid.problems if problem.location[-2:] == ("harbor", "password"))
    assert problem.message == "is not set, or no text, and images.credentials names it"
    assert problem.consequence == "the registry would refuse the images"
    assert f"pulumi config set --stack {stack} --secret --path 'polyglot:secrets.harbor.password'" in problem.fix
    assert ("harbor", "username") not in {problem.location[-2:] for problem in invalid.problems}
    if stack == "ci":
        assert len(invalid.problems) == 1, "a cluster that supplies its Secrets needs nothing else of this stack"


def test_a_login_reaches_the_image_as_a_secret_and_no_object_of_the_cluster() -> None:
    login = {"username": "planted-robot", "password": "planted-password"}
    config = with_images("ci", credentials="harbor") | {"polyglot:secrets": {"harbor": login}}
    recording = run_program("ci", config)
    for one in recording.images:
        assert one.inputs["registry"] == {
            "server": "127.0.0.1:5001",
            "username": Secret("planted-robot"),
            "password": Secret("planted-password"),
        }
    assert "planted" not in str(recording.manifests())


def test_the_program_of_a_stack_that_builds_nothing_does_not_load_dockers_packages() -> None:
    """They would cost each run their time for nothing."""
    program = (
        "import sys; from stacks.assembly import render; from stacks.loader import validate; render(validate('local'));"
        "print([name for name in sys.modules if name.startswith('pulumi_docker')])"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout == "[]\n"
