"""What a real engine and real registries refuse, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest

from launcher.standin.docker.failures import UNCHANGED
from launcher.standin.docker.kinds import BUILD_IMAGE, IMAGE, ImageKind
from launcher.standin.docker.provider import DockerStandIn
from launcher.standin.serve import serving
from localregistry.engine import Engine
from tests.integration.docker_standin.conftest import NO_REGISTRY
from tests.integration.docker_standin.manifests import GuardedRegistry
from tests.standin.engine_side import Instance, attached, serving_log

Refusal = Callable[..., str]
COPY = "FROM scratch\nCOPY a.txt /\n"


@pytest.fixture
def attach(buildx: Path, docker_engine: Engine) -> Generator[Callable[[ImageKind], Instance]]:
    """Attach a provider instance that builds on the real engine."""
    with ExitStack() as running:
        _, address = running.enter_context(serving_log())

        def attach(kind: ImageKind) -> Instance:
            port = running.enter_context(serving(DockerStandIn(kind, buildx)))
            instance = running.enter_context(attached(port, address))
            assert not instance.check_config({"host": docker_engine.address})
            instance.configure({"host": docker_engine.address})
            return instance

        yield attach


@pytest.fixture
def refusal(attach: Callable[[ImageKind], Instance], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refusal:
    """Build an image that can't be, and return what is said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-settings"))

    def refusal(kind: ImageKind, inputs: dict[str, Any], dockerfile: str = COPY, **files: bytes) -> str:
        for name, content in {"Dockerfile": dockerfile.encode(), "a.txt": b"a", **files}.items():
            (tmp_path / name).write_bytes(content)
            (tmp_path / name).chmod(0o755)
        instance = attach(kind)
        checked, problems = instance.check(kind.type, inputs)
        assert not problems
        with pytest.raises(grpc.RpcError) as error:
            instance.create(kind.type, checked)
        return error.value.details() or ""  # ty: ignore[missing-attribute] - a call's error has them

    return refusal


def image(
    tag: str, *, login: tuple[str, str] | None = None, platform: str = "linux/amd64", push: bool = True
) -> dict[str, Any]:
    build = {"context": ".", "dockerfile": "Dockerfile", "platform": platform}
    given = {"imageName": tag, "build": build, "skipPush": not push, "buildOnPreview": False}
    if login is None:
        return given
    return {**given, "registry": {"server": tag.partition("/")[0], "username": login[0], "password": login[1]}}


def build_image(tag: str, **more: Any) -> dict[str, Any]:
    return {"tags": [tag], "context": {"location": "."}, "push": True, "buildOnPreview": False, **more}


@pytest.mark.parametrize("password", [None, "wrong-password"])
def test_a_refused_login(refusal: Refusal, guarded_registry: GuardedRegistry, password: str | None) -> None:
    tag = f"{guarded_registry.address}/refusals/login:1"
    registries = [{"address": guarded_registry.address, "username": "shop", "password": password}] if password else []
    for message in (
        refusal(IMAGE, image(tag, login=("shop", password) if password else None)),
        refusal(BUILD_IMAGE, build_image(tag, registries=registries)),
    ):
        assert f"the registry {guarded_registry.address} refuses the login" in message
        assert UNCHANGED in message
        assert "wrong-password" not in message


def test_a_good_login_is_no_refusal(
    attach: Callable[[ImageKind], Instance], refusal: Refusal, guarded_registry: GuardedRegistry, tmp_path: Path
) -> None:
    """Otherwise the test above would pass on a registry that refuses everybody."""
    tag = f"{guarded_registry.address}/refusals/login:1"
    refusal(IMAGE, image(tag))
    assert (tmp_path / "Dockerfile").exists()
    instance, login = attach(IMAGE), (guarded_registry.username, guarded_registry.password)
    identity, _ = instance.create(
        IMAGE.type,
        instance.check(IMAGE.type, image(tag, login=login))[0],
    )
    assert identity == tag


def test_a_refused_push(refusal: Refusal, read_only_registry: str) -> None:
    message = refusal(IMAGE, image(f"{read_only_registry}/refusals/push:1"))
    assert f"the registry {read_only_registry} refuses the push" in message
    assert f"push to {read_only_registry}/refusals/push," in message


def test_a_registry_that_does_not_answer(refusal: Refusal) -> None:
    assert f"the registry {NO_REGISTRY} doesn't answer" in refusal(IMAGE, image(f"{NO_REGISTRY}/refusals/nobody:1"))


def test_several_platforms_on_the_engines_own_builder(refusal: Refusal, local_registry: str) -> None:
    platforms = ["linux/amd64", "linux/arm64"]
    message = refusal(BUILD_IMAGE, build_image(f"{local_registry}/refusals/platforms:1", platforms=platforms))
    assert "one platform only, and linux/amd64, linux/arm64 are asked for" in message


def test_a_cache_that_the_engines_own_builder_cannot_keep(refusal: Refusal, local_registry: str) -> None:
    cache = [{"registry": {"ref": f"{local_registry}/refusals/cache:1"}}]
    message = refusal(BUILD_IMAGE, build_image(f"{local_registry}/refusals/cache:2", cacheTo=cache))
    assert "can't keep its cache in a registry" in message


def test_a_platform_whose_programs_the_engine_cannot_run(refusal: Refusal) -> None:
    # The head of a program for a machine (VAX) that no engine emulates.
    foreign = b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00\x4b\x00\x01" + bytes(100)
    dockerfile = 'FROM scratch\nCOPY foreign /\nRUN ["/foreign"]\n'
    message = refusal(IMAGE, image("refusals:1", platform="linux/s390x", push=False), dockerfile, foreign=foreign)
    assert "can't run the programs of linux/s390x" in message


def test_a_base_image_that_is_not_there(refusal: Refusal, local_registry: str) -> None:
    message = refusal(IMAGE, image("refusals:1", push=False), f"FROM {local_registry}/library/none:1\n")
    assert f"its base image {local_registry}/library/none:1 can't be had" in message


def test_a_builder_that_does_not_exist(refusal: Refusal, local_registry: str) -> None:
    message = refusal(BUILD_IMAGE, build_image(f"{local_registry}/refusals/builder:1", builder={"name": "none-such"}))
    assert "buildx has no builder none-such" in message


def test_a_dockerfile_that_cannot_be_read(refusal: Refusal) -> None:
    message = refusal(IMAGE, image("refusals:1", push=False), "FROM scratch\nCOPIE a.txt /\n")
    assert "Dockerfile could not be built for refusals:1: " in message
    assert "COPIE" in message
