"""`docker-build:index:Image`: its inputs, what a change of them means, and its outputs."""

from pathlib import Path
from typing import Any

import pytest

from launcher.standin.difference import written
from launcher.standin.docker import build_image, context
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
    cache = {"registry": {"ref": "harbor.example.com/shop/users:cache"}}
    return {
        "tags": ["harbor.example.com/shop/users:1"],
        "context": {"location": "services"},
        "dockerfile": {"location": "services/users/Dockerfile"},
        "buildArgs": {"VERSION": "1"},
        "platforms": ["linux/amd64", "linux/arm64"],
        "secrets": {"ca-bundle": "PEM-PEM-PEM", "token": "hunter2-token"},
        "ignoreSecretsInDiffCalculation": ["ca-bundle"],
        "registries": [{"address": "harbor.example.com", "username": "ci", "password": "hunter2"}],
        "cacheFrom": [cache],
        "cacheTo": [{"registry": {**cache["registry"], "mode": "max", "imageManifest": True}}],
        "builder": {"name": "mine"},
        "network": "default",
        "exec": True,
        "push": True,
        "load": False,
        "buildOnPreview": False,
        **changes,
    }


def checked(**changes: Any) -> dict[str, Any]:
    made, found = build_image.checked(inputs(**changes))
    assert not found
    return made


def outputs(given: dict[str, Any]) -> dict[str, Any]:
    seen = context.digest(Path("services"), Path("services/users/Dockerfile"))
    return build_image.outputs_of(given, build_image.build_of(given), DIGEST, seen)


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [written(change.path) for change in build_image.difference(before, after)]


def problems(**changes: Any) -> list[str]:
    return [f"{failure.path} {failure.reason}" for failure in build_image.checked(inputs(**changes))[1]]


def test_the_build_is_what_the_inputs_say() -> None:
    build = build_image.build_of(checked())
    assert (build.tags, build.context, build.dockerfile, build.push) == (
        ("harbor.example.com/shop/users:1",),
        "services",
        "services/users/Dockerfile",
        True,
    )
    assert build.secrets == {"ca-bundle": "PEM-PEM-PEM", "token": "hunter2-token"}
    assert build.logins == (Login("harbor.example.com", "ci", "hunter2"),)
    assert build.cache_from == ({"ref": "harbor.example.com/shop/users:cache"},)
    (target,) = build.cache_to
    assert target == {"ref": "harbor.example.com/shop/users:cache", "mode": "max", "image-manifest": "true"}
    assert (build.builder, build.attestations) == ("mine", True)


def test_the_dockerfile_lies_in_the_context_where_nothing_else_is_said() -> None:
    Path("services/Dockerfile").write_text("FROM scratch\n")
    assert build_image.build_of(checked(dockerfile=None)).dockerfile == "services/Dockerfile"


def test_the_outputs_have_the_digest_and_the_inputs() -> None:
    made = outputs(checked())
    assert made["digest"] == DIGEST
    assert made["ref"] == f"harbor.example.com/shop/users:1@{DIGEST}"
    assert made["platforms"] == ["linux/amd64", "linux/arm64"]
    assert outputs(checked(tags=["users:1"], push=False, load=True))["ref"] == "users:1"


def test_a_preview_knows_nothing_that_only_a_build_can_tell() -> None:
    foreseen = build_image.foreseen(checked())
    assert {key for key, value in foreseen.items() if value is UNKNOWN} == {"ref", "digest", "contextHash"}


def test_nothing_changed_builds_nothing() -> None:
    assert changed(outputs(checked()), checked()) == []


def test_a_change_in_the_context_is_a_change() -> None:
    before = outputs(checked())
    Path("services/main.go").write_text("package main // changed\n")
    assert changed(before, checked()) == ["contextHash"]


def test_a_password_and_a_secret_that_is_left_out_are_no_reason_to_build() -> None:
    before = outputs(checked())
    registries = [{"address": "harbor.example.com", "username": "ci", "password": "other"}]
    secrets = Secret({"ca-bundle": "another machine's", "token": "hunter2-token"})
    assert changed(before, checked(registries=registries, secrets=secrets)) == []


def test_any_other_secret_user_or_tag_is() -> None:
    before = outputs(checked())
    assert changed(before, checked(secrets={"ca-bundle": "PEM-PEM-PEM", "token": "new"})) == ["secrets.token"]
    assert changed(before, checked(secrets={"token": "hunter2-token"})) == ['secrets["ca-bundle"]']
    registries = [{"address": "harbor.example.com", "username": "robot", "password": "hunter2"}]
    assert changed(before, checked(registries=registries)) == ["registries[0].username"]
    assert changed(before, checked(tags=["harbor.example.com/shop/users:2"])) == ["tags[0]"]


def test_passwords_and_secrets_are_hidden_whatever_the_program_says() -> None:
    made = checked()
    assert made["registries"][0]["password"] == Secret("hunter2")
    assert made["secrets"] == Secret({"ca-bundle": "PEM-PEM-PEM", "token": "hunter2-token"})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"target": "debug"}, "target"),
        ({"labels": {}}, "labels"),
        ({"exports": []}, "exports"),
        ({"context": {"location": "services", "named": {}}}, "context.named"),
        ({"cacheTo": [{"gha": {}}]}, "cacheTo[0].gha"),
        ({"buildOnPreview": True}, "buildOnPreview"),
        ({"platforms": ["linux/vax"]}, "platforms[0]"),
        ({"network": "host"}, "network"),
        ({"tags": []}, "tags"),
        ({"secrets": {"a,b": "x"}}, "secrets"),
        ({"push": False}, "push and load say the same"),
        ({"context": {"location": "nowhere"}}, "'nowhere' is not a folder"),
        ({"context": {"location": "https://github.com/x/y.git"}}, "is not a folder"),
        ({"dockerfile": {"location": "services/Dockerfile"}}, "'services/Dockerfile' is not a file"),
        ({"buildArgs": Secret({"TOKEN": "x"})}, "build argument"),
    ],
)
def test_what_the_stand_in_cannot_do_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    assert [problem for problem in problems(**changes) if named in problem]


def test_an_absent_build_on_preview_is_refused_since_officially_it_means_to_build() -> None:
    made, found = build_image.checked({key: value for key, value in inputs().items() if key != "buildOnPreview"})
    assert made
    assert [failure.path for failure in found] == ["buildOnPreview"]


def test_what_a_preview_cannot_know_is_nothing_wrong() -> None:
    assert problems(tags=[UNKNOWN], secrets=UNKNOWN, context=UNKNOWN) == []
    assert "contextHash" not in changed(outputs(checked()), {**checked(), "context": UNKNOWN})
    assert changed(outputs(checked()), {**checked(), "secrets": UNKNOWN, "registries": UNKNOWN}) == [
        "registries",
        "secrets",
    ]
