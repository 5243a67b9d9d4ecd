"""Whether the official providers can be had. A small script takes the place of the CLI, to fail when it should."""

import os
import time
from contextlib import AbstractContextManager
from importlib import metadata
from pathlib import Path

import pytest

from launcher import cache, plugins

VERSION = metadata.version("pulumi-kubernetes")


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYGLOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for name in ("PULUMI_DEBUG_PROVIDERS", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"):
        monkeypatch.delenv(name, raising=False)


NONE = plugins.Providers()
"""What is made available where the official plugins are there."""


def provided(pulumi: Path, *packages: str) -> AbstractContextManager[plugins.Providers]:
    return plugins.providers(pulumi, {}, packages or ("kubernetes",))


def pulumi(tmp_path: Path, exit_code: int) -> Path:
    """Return a program that notes how it was called, and ends with `exit_code`."""
    path = tmp_path / "pulumi"
    path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexit {exit_code}\n')
    path.chmod(0o755)
    return path


def calls(tmp_path: Path) -> list[str]:
    file = tmp_path / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_where_the_plugin_can_be_installed_it_is_used(tmp_path: Path) -> None:
    with provided(pulumi(tmp_path, exit_code=0)) as found:
        assert found == NONE, "a stand-in was attached although the official provider is there"
    assert calls(tmp_path) == [f"plugin install resource kubernetes v{VERSION} --non-interactive"]


def test_without_the_plugin_the_stand_in_is_attached_and_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with provided(pulumi(tmp_path, exit_code=1)) as found:
        name, port = found.variables["PULUMI_DEBUG_PROVIDERS"].split(":")
        assert (name, int(port) > 0) == ("kubernetes", True)
        assert found.variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
        assert found.stand_ins == {"kubernetes"}
    lines = [line for line in capsys.readouterr().err.splitlines() if "stand-in" in line]
    assert len(lines) == 1


def test_a_refusal_holds_for_a_day_and_no_longer(tmp_path: Path) -> None:
    for _ in range(2):
        with provided(pulumi(tmp_path, exit_code=1)):
            pass
    assert len(calls(tmp_path)) == 1, "every run would wait for a network that does not answer"

    (refusal,) = (cache.folder() / "refused-plugins").iterdir()
    yesterday = time.time() - plugins.REFUSAL_HOLDS - 1
    os.utime(refusal, (yesterday, yesterday))
    with provided(pulumi(tmp_path, exit_code=1)):
        pass
    assert len(calls(tmp_path)) == 2


def test_an_installed_plugin_is_used_without_asking_anybody(tmp_path: Path) -> None:
    (tmp_path / "home" / "plugins" / f"resource-kubernetes-v{VERSION}").mkdir(parents=True)
    with provided(pulumi(tmp_path, exit_code=1)) as found:
        assert found == NONE
    assert calls(tmp_path) == []


def test_an_unfinished_installation_does_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "plugins" / f"resource-kubernetes-v{VERSION}"
    folder.mkdir(parents=True)
    folder.with_name(f"{folder.name}.partial").touch()
    with provided(pulumi(tmp_path, exit_code=0)):
        pass
    assert len(calls(tmp_path)) == 1


def test_a_plugin_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "pulumi-resource-kubernetes"
    plugin.write_text("#!/bin/sh\n")
    plugin.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with provided(pulumi(tmp_path, exit_code=1)) as found:
        assert found == NONE


def test_a_provider_that_the_user_attached_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", "kubernetes:4242")
    with provided(pulumi(tmp_path, exit_code=1)) as found:
        assert found == NONE


def test_whoever_forbids_downloads_gets_the_stand_in_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    with provided(pulumi(tmp_path, exit_code=0)) as found:
        assert "kubernetes:" in found.variables["PULUMI_DEBUG_PROVIDERS"]
    assert calls(tmp_path) == []


@pytest.fixture
def buildx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed buildx, so that none is built."""
    program = tmp_path / "bin" / "docker-buildx"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho github.com/docker/buildx v0.30.1 abc\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


@pytest.mark.usefixtures("buildx")
def test_each_package_gets_a_provider_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with provided(pulumi(tmp_path, exit_code=1), "kubernetes", "docker", "docker-build") as found:
        attached = dict(entry.split(":") for entry in found.variables["PULUMI_DEBUG_PROVIDERS"].split(","))
    assert attached.keys() == {"kubernetes", "docker", "docker-build"}
    assert len(set(attached.values())) == 3, "two providers share a port"
    notices = [line for line in capsys.readouterr().err.splitlines() if "stand-in" in line]
    assert [line.split(" provider ")[0] for line in notices] == [
        "The official Kubernetes",
        "The official Docker",
        "The official Docker Build",
    ]


def test_a_package_that_the_program_does_not_use_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stack that builds no image needs no Docker: nothing is installed for it, and no buildx is built."""
    monkeypatch.setattr("launcher.buildx.buildx_binary", lambda: pytest.fail("buildx was asked for"))
    with provided(pulumi(tmp_path, exit_code=1), "kubernetes") as found:
        assert "docker" not in found.variables["PULUMI_DEBUG_PROVIDERS"]
    assert all("docker" not in call for call in calls(tmp_path))
    assert "Docker" not in capsys.readouterr().err


@pytest.mark.usefixtures("buildx")
def test_only_what_the_user_has_not_attached_is_provided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`docker-build` is another provider than `docker`."""
    monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", "docker-build:4242")
    with provided(pulumi(tmp_path, exit_code=1), "docker", "docker-build") as found:
        theirs, ours = found.variables["PULUMI_DEBUG_PROVIDERS"].split(",")
    assert theirs == "docker-build:4242"
    assert ours.startswith("docker:")
    assert found.stand_ins == {"docker"}
