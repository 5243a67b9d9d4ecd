"""`docker:index/image:Image`: its inputs, what a change of them means, and its outputs."""

from pathlib import Path
from typing import Any

import pytest

from launcher.standin.difference import written
from launcher.standin.docker import image
from launcher.standin.docker.build import Login
from launcher.standin.properties import UNKNOWN, Secret

DIGEST = "sha256:" + "0" * 64


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a context, in which the launcher runs."""
    (tmp_path / "services" / "users").mkdir(parents=True)
    (tmp_path / "services" / "users" / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / "services" / "main.go").write_text("package main\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def inputs(**changes: Any) -> dict[str, Any]:
    build = {"context": "services", "dockerfile": "services/users/Dockerfile", "platform": "linux/amd64"}
    return {
        "imageName": "harbor.example.com/shop/users:1",
        "build": {**build, "args": {"VERSION": "1"}, "builderVersion": "BuilderBuildKit"},
        "registry": {"server": "harbor.example.com", "username": "ci", "password": "hunter2"},
        "skipPush": False,
        "buildOnPreview": False,
        **changes,
    }


def checked(**changes: Any) -> dict[str, Any]:
    made, found = image.checked(inputs(**changes))
    assert not found
    return made


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    outputs = image.outputs_of(before, image.build_of(before), DIGEST, "")
    return [written(change.path) for change in image.difference(outputs, after)]


def problems(**changes: Any) -> list[str]:
    return [f"{failure.path} {failure.reason}" for failure in image.checked(inputs(**changes))[1]]


def test_the_build_is_what_the_inputs_say() -> None:
    build = image.build_of(checked())
    assert (build.tags, build.context, build.dockerfile) == (
        ("harbor.example.com/shop/users:1",),
        "services",
        "services/users/Dockerfile",
    )
    assert (build.platforms, build.arguments, build.push) == (("linux/amd64",), {"VERSION": "1"}, True)
    assert build.logins == (Login("harbor.example.com", "ci", "hunter2"),)
    assert build.builder == "default", "the official provider builds on the engine, whatever builder is in use"


def test_the_reference_of_a_pushed_image_is_its_name_with_the_registrys_digest() -> None:
    given = checked()
    assert image.outputs_of(given, image.build_of(given), DIGEST, "") == {
        "imageName": "harbor.example.com/shop/users:1",
        "baseImageName": "harbor.example.com/shop/users:1",
        "registryServer": "harbor.example.com",
        "repoDigest": f"harbor.example.com/shop/users@{DIGEST}",
        "context": "services",
        "dockerfile": "users/Dockerfile",
        "platform": "linux/amd64",
        "__inputs": Secret(inputs(build={**inputs()["build"], "contextDigest": given["build"]["contextDigest"]})),
    }


def test_an_image_that_is_kept_has_the_engines_digest() -> None:
    given = checked(skipPush=True)
    outputs = image.outputs_of(given, image.build_of(given), DIGEST, "")
    assert outputs["repoDigest"] == DIGEST
    assert image.digest_of(outputs) == "", "nobody could find it in a registry"


def test_nothing_changed_builds_nothing() -> None:
    assert changed(checked(), checked()) == []


def test_a_change_in_the_context_is_a_change() -> None:
    before = checked()
    Path("services/main.go").write_text("package main // changed\n")
    assert changed(before, checked()) == ["build.contextDigest"]


def test_a_new_password_is_no_reason_to_build() -> None:
    before = checked()
    after = checked(registry={"server": "harbor.example.com", "username": "robot", "password": Secret("other")})
    assert changed(before, after) == []


def test_another_name_platform_or_registry_is_a_change_in_place() -> None:
    before = checked()
    assert changed(before, checked(imageName="harbor.example.com/shop/users:2")) == ["imageName"]
    other = checked(build={**inputs()["build"], "platform": "linux/arm64"})
    outputs = image.outputs_of(before, image.build_of(before), DIGEST, "")
    assert [(change.path, change.replaces) for change in image.difference(outputs, other)] == [
        (("build", "platform"), False)
    ]


def test_passwords_are_hidden_whatever_the_program_says() -> None:
    assert checked()["registry"]["password"] == Secret("hunter2")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"build": {**inputs()["build"], "target": "debug"}}, "build.target"),
        ({"build": {**inputs()["build"], "cacheFrom": {"images": []}}}, "build.cacheFrom"),
        ({"registri": {}}, "registri"),
        ({"buildOnPreview": True}, "buildOnPreview"),
        ({"build": {**inputs()["build"], "builderVersion": "BuilderV1"}}, "build.builderVersion"),
        ({"build": {**inputs()["build"], "platform": "linux/vax"}}, "build.platform"),
        ({"build": {**inputs()["build"], "args": {"A": 1}}}, "build.args.A"),
        ({"imageName": "shop users"}, "imageName"),
        ({"build": {**inputs()["build"], "context": "nowhere"}}, "context 'nowhere' is not a folder"),
        ({"build": {**inputs()["build"], "dockerfile": "services/Dockerfile"}}, "'services/Dockerfile' is not a file"),
        ({"build": {**inputs()["build"], "args": {"TOKEN": Secret("x")}}}, "build argument TOKEN"),
    ],
)
def test_what_the_stand_in_cannot_do_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    (problem,) = problems(**changes)
    assert named in problem


def test_every_problem_is_told_at_once() -> None:
    assert len(problems(imageName="shop users", nonsense=1, buildOnPreview=True)) == 3


def test_no_problem_shows_a_secret() -> None:
    registry = {"server": "r", "username": "ci", "password": Secret("hunter2-password"), "token": Secret("hunter2-t")}
    assert "hunter2" not in str(problems(registry=registry))


def test_what_a_preview_cannot_know_is_nothing_wrong() -> None:
    registry = {"server": "r", "username": "ci", "password": UNKNOWN}
    assert problems(imageName=UNKNOWN, registry=registry) == []
    assert problems(build=UNKNOWN) == []
