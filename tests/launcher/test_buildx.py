"""Which buildx builds the images. Scripts take the place of installed ones."""

import os
from pathlib import Path

import pytest

from launcher import buildx
from launcher.gobuild import GoTool

BUILT = Path("/cache/docker-buildx")


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(buildx, "_SYSTEM_PLUGINS", (str(tmp_path / "system"),))
    monkeypatch.setattr(buildx, "built", lambda _tool: BUILT)


def install(folder: Path, says: str) -> Path:
    path = folder / "docker-buildx"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def version(number: str) -> str:
    return f"echo github.com/docker/buildx v{number} 1a2b3c"


@pytest.mark.parametrize("place", ["bin", "docker/cli-plugins", "system"])
def test_an_installed_one_is_used_where_the_docker_cli_finds_it(tmp_path: Path, place: str) -> None:
    installed = install(tmp_path / place, version("0.30.1"))
    assert buildx.buildx_binary() == installed


def test_one_that_is_too_old_or_broken_is_passed_over(tmp_path: Path) -> None:
    install(tmp_path / "bin", version("0.12.1"))
    install(tmp_path / "docker" / "cli-plugins", "exit 1")
    assert buildx.buildx_binary() == BUILT
    newer = install(tmp_path / "system", version("0.13.0"))
    assert buildx.buildx_binary() == newer


def test_where_none_is_installed_the_pinned_one_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    tools: list[GoTool] = []
    monkeypatch.setattr(buildx, "built", lambda tool: tools.append(tool) or BUILT)
    assert buildx.buildx_binary() == BUILT
    (tool,) = tools
    pinned = f"v{buildx.pinned_version()}"
    assert any(flag.endswith(f"version.Version={pinned}") for flag in tool.ldflags), "it would not say what it is"
    assert f"github.com/docker/buildx {pinned} " in (tool.module / "go.sum").read_text()
    assert os.access(tool.module / "go.mod", os.R_OK)
