"""Images through the launcher, the real Pulumi engine and a real Docker engine: made, changed, lost, ended."""

from __future__ import annotations

import contextlib
import signal
import time
from uuid import uuid4

import docker
import psutil
import pytest

from tests.integration.docker_standin import manifests
from tests.integration.docker_standin.manifests import GuardedRegistry
from tests.integration.docker_standin.project import Project

COPY = "FROM scratch\nCOPY a.txt /a.txt\n"
PACKAGES = ["docker", "docker-build"]


def image(package: str, registry: str, name: str, context: str, **more: str) -> dict[str, str]:
    return {"package": package, "tag": f"{registry}/life/{name}:1", "context": context, **more}


def test_a_pushed_image_has_the_registrys_digest_and_is_built_once(project: Project, local_registry: str) -> None:
    one = image("docker", local_registry, "one", project.context("one", COPY, **{"a.txt": "1"}))
    two = image("docker-build", local_registry, "two", project.context("two", COPY, **{"a.txt": "2"}))
    project.configure(one=one, two=two)

    project.launch("up")

    first = {name: project.digest(name) for name in ("one", "two")}
    assert first == {name: manifests.digest(local_registry, f"life/{name}", "1") for name in ("one", "two")}
    assert project.outputs == {
        "one": f"{local_registry}/life/one@{first['one']}",
        "two": f"{local_registry}/life/two:1@{first['two']}",
    }

    again = project.launch("up", "--expect-no-changes")
    assert "COPY" not in again, "a build ran although nothing had changed"

    project.context("two", COPY, **{"a.txt": "changed"})
    changed = project.launch("up")
    assert "~ 1 updated" in changed, "a change in one context built more than one image"
    assert project.digest("one") == first["one"]
    assert project.digest("two") == manifests.digest(local_registry, "life/two", "1") != first["two"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_failing_dockerfile_leaves_everything_as_it_was(
    project: Project, local_registry: str, worker: bytes, package: str
) -> None:
    context = project.context("one", COPY, **{"a.txt": "1"})
    project.configure(one=image(package, local_registry, "failing", context))
    project.launch("up")
    before = project.digest("one")

    project.context("one", 'FROM scratch\nCOPY worker /\nRUN ["/worker", "fail"]\n', worker=worker)
    output = project.launch("up", expect=1)

    assert "line 39" in output.replace("\n", " ")
    assert "line 15" in output
    assert "one/Dockerfile could not be built" in output
    assert 'RUN ["/worker", "fail"]' in output
    assert "exit code 3" in output
    assert project.digest("one") == before
    assert manifests.digest(local_registry, "life/failing", "1") == before

    project.context("one", COPY)
    project.launch("up")
    project.launch("up", "--expect-no-changes")


@pytest.mark.parametrize("package", PACKAGES)
def test_an_image_that_the_registry_has_lost_is_noticed_and_built_again(
    project: Project, local_registry: str, package: str
) -> None:
    project.configure(one=image(package, local_registry, "lost", project.context("one", COPY, **{"a.txt": package})))
    project.launch("up")
    before = project.digest("one")
    assert "unchanged" in project.launch("refresh", "--expect-no-changes")

    manifests.delete(local_registry, "life/lost", before)
    assert "is gone from its registry" in project.launch("refresh")
    project.launch("up")

    assert manifests.digest(local_registry, "life/lost", "1") == before


def test_a_stack_that_no_longer_builds_still_cleans_up(project: Project, local_registry: str) -> None:
    """The program uses no Docker provider any more, but the state still has resources of one."""
    project.configure(
        kept=image("docker", local_registry, "kept", project.context("one", COPY, **{"a.txt": "kept"})),
        cleaned=image("docker-build", local_registry, "cleaned", project.context("two", COPY, **{"a.txt": "cleaned"})),
    )
    project.launch("up")

    project.configure()
    project.launch("up", docker_host="unix:///run/there-is-none")

    assert {resource["type"] for resource in project.resources} == {"pulumi:pulumi:Stack"}
    assert manifests.digest(local_registry, "life/kept", "1"), "the official provider deletes no image"
    assert manifests.digest(local_registry, "life/cleaned", "1") is None, "the official provider deletes the image"


def test_a_stack_without_images_needs_no_engine_and_says_nothing_of_docker(project: Project) -> None:
    project.configure()
    output = project.launch("up", docker_host="unix:///run/there-is-none")
    assert "Docker" not in output


def test_without_an_engine_one_message_says_which_address_was_tried(project: Project, local_registry: str) -> None:
    for package in PACKAGES:
        project.configure(one=image(package, local_registry, "none", project.context("one", COPY, **{"a.txt": "1"})))
        output = project.launch("up", expect=1, docker_host="unix:///run/there-is-none")
        diagnostics = output.partition("Diagnostics:")[2]
        assert diagnostics.count("No Docker engine answers at unix:///run/there-is-none") == 1


def test_no_secret_gets_into_log_state_or_image(
    project: Project, guarded_registry: GuardedRegistry, worker: bytes, docker_client: docker.DockerClient
) -> None:
    secret, address = "t-secret-text-of-the-build", guarded_registry.address
    login = {"username": guarded_registry.username, "password": guarded_registry.password}
    tells = 'FROM scratch\nCOPY worker once /\nRUN --mount=type=secret,id=token ["/worker", "tell"]\n'
    # Another file each time, since a step that the engine has in its cache tells nothing.
    one = project.context("one", tells, worker=worker, once=uuid4().hex)
    two = project.context("two", COPY, **{"a.txt": "1"})
    project.configure(
        one=image("docker-build", address, "secret", one, token=secret, **login),
        two=image("docker", address, "login", two, **login),
    )

    output = project.launch("up")

    assert "the secret is [secret]" in output, "the build did not get its secret"
    for text in (secret, guarded_registry.password):
        assert text not in output
        assert text not in project.state_text
        for name in ("secret", "login"):
            saved = b"".join(docker_client.images.get(f"{address}/life/{name}:1").save())
            assert text.encode() not in saved
    assert not list(project.scratch.glob("polyglot-buildx-*")), "credentials were left behind"


@pytest.mark.parametrize("package", PACKAGES)
def test_an_interruption_ends_buildx_and_the_next_run_builds(
    project: Project, local_registry: str, worker: bytes, package: str
) -> None:
    sleeps = 'FROM scratch\nCOPY worker /\nRUN ["/worker", "sleep"]\n'
    project.configure(one=image(package, local_registry, "slow", project.context("one", sleeps, worker=worker)))
    process = project.start("up")
    try:
        builds = _builds(process.pid)
        time.sleep(1)  # the step itself, and not only buildx, is to be interrupted
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=40)
    finally:
        process.kill()
    assert process.returncode == 130, output
    assert "interrupted" in output
    assert not [build for build in builds if build.is_running()], "buildx goes on building for nobody"

    project.context("one", COPY, **{"a.txt": "1"})
    project.launch("up")
    assert manifests.digest(local_registry, "life/slow", "1") == project.digest("one")


def _builds(launcher: int) -> list[psutil.Process]:
    """Wait until buildx works for a launcher, and return its processes."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.Error):  # a process may end while it is looked at
            children = psutil.Process(launcher).children(recursive=True)
            if found := [child for child in children if child.cmdline()[1:2] == ["build"]]:
                return found
        time.sleep(0.1)
    raise AssertionError("no build began")
