"""The provider's calls, as the engine makes them. A script takes the place of buildx, and does what each test says."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from launcher.standin.docker.kinds import BUILD_IMAGE, IMAGE, ImageKind
from launcher.standin.docker.provider import DockerStandIn
from launcher.standin.properties import UNKNOWN, Secret, to_struct
from launcher.standin.serve import serving
from tests.standin.docker.fake_buildx import DIGEST, Buildx
from tests.standin.docker.messages import failed, output, vertex
from tests.standin.engine_side import Instance, Log, attached, serving_log, urn_of

PASSWORD = "hunter2-password"
Attach = Callable[[ImageKind], Instance]


@pytest.fixture
def buildx(tmp_path: Path) -> Buildx:
    (tmp_path / "bin").mkdir()
    return Buildx(tmp_path / "bin")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return folder


@pytest.fixture
def engine_log() -> Iterator[tuple[Log, str]]:
    with serving_log() as log_and_address:
        yield log_and_address


@pytest.fixture
def log(engine_log: tuple[Log, str]) -> Log:
    return engine_log[0]


@pytest.fixture
def attach(buildx: Buildx, engine_log: tuple[Log, str]) -> Iterator[Attach]:
    with ExitStack() as running:

        def attach(kind: ImageKind) -> Instance:
            port = running.enter_context(serving(DockerStandIn(kind, buildx.program)))
            instance = running.enter_context(attached(port, engine_log[1]))
            instance.configure({})
            return instance

        yield attach


def image(**changes: Any) -> dict[str, Any]:
    return {
        "imageName": "127.0.0.1:5001/shop/users:1",
        "build": {"context": ".", "dockerfile": "Dockerfile", "platform": "linux/amd64"},
        "registry": {"server": "127.0.0.1:5001", "username": "ci", "password": Secret(PASSWORD)},
        "skipPush": False,
        "buildOnPreview": False,
        **changes,
    }


def build_image(**changes: Any) -> dict[str, Any]:
    return {
        "tags": ["127.0.0.1:5001/shop/users:1"],
        "context": {"location": "."},
        "push": True,
        "buildOnPreview": False,
        **changes,
    }


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.details() or ""  # ty: ignore[missing-attribute] - a call's error has them


def test_an_image_is_built_with_its_log_shown_and_its_digest_kept(attach: Attach, buildx: Buildx, log: Log) -> None:
    buildx.says(vertex("[1/1] COPY . /"), output("compiling\n"))
    instance = attach(IMAGE)
    inputs, problems = instance.check(IMAGE.type, image())
    assert not problems

    identity, outputs = instance.create(IMAGE.type, inputs)

    assert identity == "127.0.0.1:5001/shop/users:1"
    assert outputs["repoDigest"] == f"127.0.0.1:5001/shop/users@{DIGEST}"
    shown = [message.message for message in log.messages if message.ephemeral]
    assert shown == ["[1/1] COPY . /", "compiling", ""], "what is shown must go when it is done"
    assert not [message for message in log.messages if not message.ephemeral]


def test_credentials_reach_buildx_by_a_file_alone(attach: Attach, buildx: Buildx) -> None:
    instance = attach(IMAGE)
    instance.create(IMAGE.type, instance.check(IMAGE.type, image())[0])
    config = json.loads((buildx.folder / "config.json").read_text())
    assert config["auths"].keys() == {"127.0.0.1:5001"}
    assert PASSWORD not in buildx.calls[0]


def test_in_the_state_no_password_is_in_the_open(attach: Attach) -> None:
    for kind, given in ((IMAGE, image()), (BUILD_IMAGE, build_image(secrets={"token": "t-secret"}))):
        instance = attach(kind)
        _, outputs = instance.create(kind.type, instance.check(kind.type, given)[0])
        open_parts = {key: value for key, value in outputs.items() if not isinstance(value, Secret)}
        assert PASSWORD not in str(open_parts)
        assert "t-secret" not in str(open_parts)


def test_a_failed_build_keeps_its_last_lines_and_names_what_failed(attach: Attach, buildx: Buildx, log: Log) -> None:
    lines = (output(f"line {number}\n") for number in range(40))
    buildx.says(*lines, vertex("[2/2] RUN make", error="x: exit code: 2"), failed("x"), exit_code=1)
    instance = attach(IMAGE)
    inputs, _ = instance.check(IMAGE.type, image())

    message = refused(lambda: instance.create(IMAGE.type, inputs))

    assert "the step '[2/2] RUN make' ended with exit code 2" in message
    (kept,) = [message.message for message in log.messages if not message.ephemeral]
    assert kept.splitlines() == [f"line {number}" for number in range(15, 40)]


def test_what_a_build_prints_of_its_secrets_is_blotted_out(attach: Attach, buildx: Buildx, log: Log) -> None:
    buildx.says(output("token is t-secret-text\n"), vertex("[1/1] RUN t-secret-text", error="no"), exit_code=1)
    instance = attach(BUILD_IMAGE)
    inputs, _ = instance.check(BUILD_IMAGE.type, build_image(secrets={"token": "t-secret-text"}))
    message = refused(lambda: instance.create(BUILD_IMAGE.type, inputs))
    assert "t-secret" not in message + log.text
    assert "token is [secret]" in log.text


def test_a_preview_builds_nothing_and_knows_no_digest(attach: Attach, buildx: Buildx) -> None:
    for kind, given in ((IMAGE, image()), (BUILD_IMAGE, build_image())):
        instance = attach(kind)
        inputs, _ = instance.check(kind.type, given)
        _, foreseen = instance.create(kind.type, inputs, preview=True)
        assert foreseen.get("digest", UNKNOWN) is UNKNOWN
        assert "repoDigest" not in foreseen
        assert instance.update(kind.type, {}, inputs, preview=True) == foreseen
    assert buildx.calls == []


def test_an_update_builds_again_and_a_diff_says_when(attach: Attach, buildx: Buildx, project: Path) -> None:
    for count, (kind, given) in enumerate(((IMAGE, image()), (BUILD_IMAGE, build_image())), start=1):
        instance = attach(kind)
        inputs, _ = instance.check(kind.type, given)
        _, outputs = instance.create(kind.type, inputs)
        assert _difference(instance, kind, outputs, instance.check(kind.type, given)[0]) == []
        (project / "main.go").write_text(f"package main // {count}\n")
        changed = instance.check(kind.type, given)[0]
        assert _difference(instance, kind, outputs, changed), "a changed context would build nothing"
        instance.update(kind.type, outputs, changed)
        assert len(buildx.calls) == 2 * count


def _difference(instance: Instance, kind: ImageKind, outputs: dict[str, Any], news: dict[str, Any]) -> list[str]:
    urn = urn_of(kind.type, "it")
    answer = instance.stub.Diff(pb.DiffRequest(urn=urn, olds=to_struct(outputs), news=to_struct(news)))
    assert not answer.replaces, "a replacement would delete what still runs"
    return list(answer.diffs)


@pytest.mark.parametrize("how", ["cancelled", "out of time"])
def test_a_build_that_is_ended_ends_buildx(attach: Attach, buildx: Buildx, how: str) -> None:
    buildx.says(seconds=60)
    instance = attach(IMAGE)
    inputs, _ = instance.check(IMAGE.type, image())
    if how == "cancelled":
        threading.Thread(target=_cancel_when, args=(instance, buildx.folder / "running")).start()
    started = time.monotonic()

    message = refused(lambda: instance.create(IMAGE.type, inputs, timeout=0 if how == "cancelled" else 1))

    assert time.monotonic() - started < 30
    assert (buildx.folder / "terminated").exists(), "buildx would go on building for nobody"
    assert ("interrupted" if how == "cancelled" else "longer than the 1 s") in message


def _cancel_when(instance: Instance, file: Path) -> None:
    deadline = time.monotonic() + 20
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    instance.cancel()


NO_ENGINE = "Error: Cannot connect to the Docker daemon at unix:///run/none. Is the docker daemon running?"


def test_without_an_engine_the_provider_says_so_once_and_not_each_image(attach: Attach, buildx: Buildx) -> None:
    buildx.says(inspect=NO_ENGINE)
    (failure,) = attach(IMAGE).check_config({})
    assert "No Docker engine answers at unix:///run/none" in failure.reason


def test_images_that_may_name_a_builder_miss_an_engine_only_when_they_are_built(attach: Attach, buildx: Buildx) -> None:
    buildx.says(inspect=NO_ENGINE)
    instance = attach(BUILD_IMAGE)
    assert instance.check_config({}) == []
    inputs, _ = instance.check(BUILD_IMAGE.type, build_image())
    assert "unix:///run/none" in refused(lambda: instance.create(BUILD_IMAGE.type, inputs, preview=True))


@pytest.mark.usefixtures("project")
def test_an_unknown_setting_and_an_unknown_resource_are_refused_by_name(attach: Attach) -> None:
    instance = attach(IMAGE)
    (failure,) = instance.check_config({"host": "tcp://10.0.0.1:2375", "sshOpts": "[]"})
    assert failure.reason.startswith("sshOpts ")
    assert "docker:index/container:Container" in refused(
        lambda: instance.check("docker:index/container:Container", {"image": "x"})
    )


def test_state_of_the_official_plugin_that_is_unknown_here_is_left_and_its_secrets_stay_hidden(
    attach: Attach, log: Log
) -> None:
    """A refresh or a destroy must not fail on an image that was built with a setting which the stand-in lacks."""
    outputs = {"repoDigest": f"r/users@{DIGEST}", "__inputs": Secret({**image(), "unknown": "t-secret-text"})}
    identity, _, _ = attach(IMAGE).read(IMAGE.type, outputs, {})
    assert identity == "it"
    assert "doesn't know" in log.text
    assert "t-secret" not in log.text
    attach(BUILD_IMAGE).delete(BUILD_IMAGE.type, {"tags": 1, "digest": DIGEST})
