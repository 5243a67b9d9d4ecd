"""An image as Pulumi registers it: with either provider, and with secrets that stay so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.images.image_build import CA_BUNDLE, ImageBuild, ImageBuildArgs, RegistryLogin
from components.specs.images import ImageBuildSpec, ImagePlatform
from components.versions import BASE_IMAGES
from stacks.assembly import docker_provider
from stacks.loader import PROJECT
from tests.program.recorder import Recording, digest_of, record
from tests.program.registrations import DOCKER_BUILD_IMAGE, DOCKER_IMAGE, Registration
from tests.program.values import Secret

TAG = "0123456789abcdef0123"
REFERENCE = f"registry.example.com/shop/users:{TAG}"
CERTIFICATES = "-----BEGIN CERTIFICATE-----\nplanted\n-----END CERTIFICATE-----\n"
TWO = (ImagePlatform.LINUX_AMD64, ImagePlatform.LINUX_ARM64)


def args(*, login: bool = False, certificates: str | None = None, **settings: Any) -> ImageBuildArgs:
    spec = {
        "registry": "registry.example.com/shop",
        "name": "users",
        "tag": TAG,
        "context": "services",
        "dockerfile": "services/users/Dockerfile",
        "arguments": {"MAVEN_IMAGE": "mirror.example.com/library/maven:3", "VERSION": TAG},
        "platforms": (ImagePlatform.LINUX_AMD64,),
        "push": True,
        **settings,
    }
    return ImageBuildArgs(
        spec=ImageBuildSpec.model_validate(spec),
        login=RegistryLogin(username="planted-name", password="planted-password") if login else None,
        certificates=certificates,
    )


def run(given: ImageBuildArgs, *, preview: bool = False) -> Recording:
    def program() -> None:
        provider = docker_provider(given.package)
        build = ImageBuild("users", given, pulumi.ResourceOptions(providers={given.package: provider}))
        pulumi.export("reference", build.reference)

    return record(program, preview=preview)


def image(recording: Recording) -> Registration:
    (found,) = recording.images
    return found


def test_one_platform_and_nothing_else_is_built_by_the_docker_provider() -> None:
    found = image(run(args()))
    assert found.type == DOCKER_IMAGE
    assert found.inputs == {
        "imageName": REFERENCE,
        "build": {
            "context": "services",
            "dockerfile": "services/users/Dockerfile",
            "args": {"MAVEN_IMAGE": "mirror.example.com/library/maven:3", "VERSION": TAG},
            "platform": "linux/amd64",
            "builderVersion": "BuilderBuildKit",
        },
        "buildOnPreview": False,
        "skipPush": False,
    }


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        (args(platforms=TWO, builder="big"), {"platforms": ["linux/amd64", "linux/arm64"], "builder": {"name": "big"}}),
        (args(builder="big"), {"builder": {"name": "big"}, "platforms": ["linux/amd64"]}),
        (
            args(registry_cache=True),
            {
                "cacheFrom": [{"registry": {"ref": "registry.example.com/shop/users:buildcache"}}],
                "cacheTo": [{"registry": {"ref": "registry.example.com/shop/users:buildcache", "mode": "max"}}],
            },
        ),
        (args(provenance=True), {"exec": True}),
        (
            args(certificates=CERTIFICATES),
            {"secrets": Secret({CA_BUNDLE: CERTIFICATES}), "ignoreSecretsInDiffCalculation": [CA_BUNDLE]},
        ),
    ],
    ids=["platforms", "builder", "cache", "provenance", "certificates"],
)
def test_all_else_is_built_by_the_docker_build_provider(given: ImageBuildArgs, inputs: dict[str, Any]) -> None:
    found = image(run(given))
    assert found.type == DOCKER_BUILD_IMAGE
    assert {key: found.inputs[key] for key in inputs} == inputs
    common = {"tags": [REFERENCE], "push": True, "load": False, "buildOnPreview": False}
    assert {key: found.inputs[key] for key in common} == common
    assert found.inputs["context"] == {"location": "services"}
    assert found.inputs["dockerfile"] == {"location": "services/users/Dockerfile"}
    assert found.inputs["buildArgs"]["VERSION"] == TAG


@pytest.mark.parametrize("settings", [{}, {"builder": "big"}], ids=["docker", "docker-build"])
def test_a_pushed_image_is_named_with_its_digest(settings: dict[str, Any]) -> None:
    """A tag can be moved: what was built and what runs could differ."""
    assert run(args(**settings)).exports == {"reference": f"{REFERENCE}@{digest_of(REFERENCE)}"}


@pytest.mark.parametrize("settings", [{}, {"builder": "big"}], ids=["docker", "docker-build"])
def test_an_image_that_is_loaded_is_named_by_its_tag_and_not_pushed(settings: dict[str, Any]) -> None:
    recording = run(args(push=False, **settings))
    assert recording.exports == {"reference": REFERENCE}
    pushed = {"skipPush": True} if not settings else {"push": False, "load": True}
    assert {key: image(recording).inputs[key] for key in pushed} == pushed
    assert run(args(push=False, **settings), preview=True).exports == recording.exports, "nothing about it is open"


@pytest.mark.parametrize("settings", [{}, {"builder": "big"}], ids=["docker", "docker-build"])
def test_the_login_at_the_registry_is_a_secret(settings: dict[str, Any]) -> None:
    inputs = image(run(args(login=True, **settings))).inputs
    login = inputs["registries"][0] if settings else inputs["registry"]
    where = login.pop("address" if settings else "server")
    assert where == "registry.example.com", "one logs in to a host, not to a path"
    assert login == {"username": Secret("planted-name"), "password": Secret("planted-password")}


def test_outputs_are_the_attributes_of_the_component() -> None:
    recording = run(args())
    (component,) = recording.components
    assert component.type == "polyglot:images:ImageBuild"
    assert recording.outputs[component.urn] == recording.exports
    assert recording.children(component) == recording.images


def test_an_image_that_was_pushed_without_a_digest_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.program.recorder.digest_of", lambda _: "")
    with pytest.raises(pulumi.RunError, match="the provider names no digest"):
        run(args(builder="big"))
    assert run(args(builder="big"), preview=True).exports, "before the build there is none"


@pytest.mark.parametrize("dockerfile", sorted(PROJECT.glob("services/*/Dockerfile")), ids=lambda path: path.parent.name)
def test_a_dockerfile_builds_on_the_pinned_image_when_nobody_says_which(dockerfile: Path) -> None:
    pinned = {argument: image for images in BASE_IMAGES.values() for argument, image in images.items()}
    defaults = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", dockerfile.read_text(), re.MULTILINE))
    assert defaults, "its base image is no build argument"
    assert defaults == {argument: pinned[argument] for argument in defaults}
