"""The command `images` on the real engine: it builds what changed, and touches nothing else of the stack."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import engine
from tests.engine.image_provider import ImageProvider, image_provider
from tests.engine.project import command, copy_to, counts, edit, environment, files, launch

pytestmark = pytest.mark.engine

SERVICES = ("fulfilment", "gateway", "orders", "recommendations", "users")


@pytest.fixture(scope="session", autouse=True)
def built_engine() -> Path:
    """Build the engine before the first test, so that no test's time limit has to hold for that."""
    return engine.pulumi_binary()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_to(tmp_path / "project")


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Iterator[ImageProvider]:
    """A provider that the launcher takes for one that the user has attached."""
    with image_provider() as (provider, port):
        monkeypatch.setattr(
            "tests.engine.project.environment", lambda: environment() | {"PULUMI_DEBUG_PROVIDERS": f"docker:{port}"}
        )
        yield provider


def services(built: list[str]) -> list[str]:
    return sorted(name.rpartition("/")[2].partition(":")[0] for name in built)


def references(output: str) -> dict[str, str]:
    """What the command prints at its end."""
    last = output.splitlines()[-len(SERVICES) :]
    return dict(line.split(": ") for line in last)


def test_images_builds_each_image_and_nothing_else_and_ends_with_their_digests(
    project: Path, builder: ImageProvider
) -> None:
    output = launch(project, "images", "ci")
    assert services(builder.built) == list(SERVICES)
    assert not (project / "build").exists(), "an object of the cluster was made, or its provider"
    found = references(output)
    assert sorted(found) == list(SERVICES)
    assert all(image.startswith(f"127.0.0.1:5001/shop/{name}:") for name, image in found.items())
    assert all("@sha256:" in image for image in found.values())


def test_a_second_run_builds_nothing_and_a_changed_line_one_image(project: Path, builder: ImageProvider) -> None:
    launch(project, "images", "ci")
    builder.built.clear()
    assert set(counts(launch(project, "images", "ci"))) == {"unchanged"}
    assert builder.built == []
    with (project / "services/orders/main.go").open("a") as source:
        source.write("// one more line\n")
    assert counts(launch(project, "images", "ci"))["updated"] == 1
    assert services(builder.built) == ["orders"]


def test_up_takes_the_images_that_were_built_and_renders_their_digests(project: Path, builder: ImageProvider) -> None:
    found = references(launch(project, "images", "ci"))
    builder.built.clear()
    launch(project, "up", "ci")
    assert builder.built == [], "the same images were built twice"
    rendered = files(project / "build/ci/1-manifest")
    for name, image in found.items():
        assert f"image: {image}\n" in rendered[f"apps_v1-deployment-shop-{name}.yaml"]
    launch(project, "up", "ci", "--expect-no-changes")


def test_images_leaves_alone_what_else_has_changed(project: Path, builder: ImageProvider) -> None:
    launch(project, "up", "ci")
    before = files(project / "build/ci")
    builder.built.clear()
    edit(project / "stacks/Pulumi.ci.yaml", "LOG_LEVEL: debug", "LOG_LEVEL: info")
    launch(project, "images", "ci")
    assert files(project / "build/ci") == before
    assert builder.built == []


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_stack_that_builds_nothing_says_so_and_starts_no_engine(project: Path, stack: str) -> None:
    ended = subprocess.run(
        command("images", stack), cwd=project, env=environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0
    assert ended.stdout == (
        f"Stack '{stack}' builds no images: its images.build is 'never', or its services name their images.\n"
    )
    assert not (project / ".state").exists()


def test_an_invalid_configuration_ends_with_3_before_anything_is_built(project: Path, builder: ImageProvider) -> None:
    edit(project / "stacks/Pulumi.ci.yaml", "build: push", "build: always")
    assert "is none of push, load, never" in launch(project, "images", "ci", expect=3)
    assert builder.built == []
