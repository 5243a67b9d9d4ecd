"""Which engine is used: the one that the user has chosen, or else the default one, or else our own."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from docker.context import Context, ContextAPI

from launcher.failures import ToolUnavailable
from localregistry import engine
from localregistry.engine import Engine
from tests.localregistry.servers import Answers, on_socket
from tests.unprivileged import unprivileged

ENGINE: Answers = {"/version": (200, b'{"ApiVersion": "1.44"}'), "/v1.44/_ping": (200, b"OK")}


@pytest.fixture(autouse=True)
def nothing_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine of this machine: neither a setting of the user nor a default socket."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    default = Context("default", None, f"unix://{tmp_path / 'default.sock'}")
    monkeypatch.setattr(ContextAPI, "DEFAULT_CONTEXT", default)


def test_docker_host_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with on_socket(tmp_path / "chosen.sock", ENGINE) as chosen, on_socket(tmp_path / "default.sock", ENGINE):
        monkeypatch.setenv("DOCKER_HOST", chosen)
        assert engine.answering(tmp_path) == Engine(chosen, own=False)


def test_a_chosen_engine_that_does_not_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another engine isn't what was meant, even where one answers."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'gone.sock'}")
    with on_socket(tmp_path / "default.sock", ENGINE), pytest.raises(ToolUnavailable) as failure:
        engine.started(tmp_path)
    assert f"The engine unix://{tmp_path / 'gone.sock'}, which DOCKER_HOST names, does not answer" in str(failure.value)


def test_a_chosen_context_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    # https://docs.docker.com/engine/manage-contexts/: a folder named by the digest of the context's name.
    metadata = tmp_path / "contexts" / "meta" / hashlib.sha256(b"elsewhere").hexdigest() / "meta.json"
    metadata.parent.mkdir(parents=True)
    endpoint = {"docker": {"Host": f"unix://{tmp_path / 'gone.sock'}", "SkipTLSVerify": False}}
    metadata.write_text(json.dumps({"Name": "elsewhere", "Metadata": {}, "Endpoints": endpoint}))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "elsewhere"}))
    with pytest.raises(ToolUnavailable, match="which the docker context 'elsewhere' names, does not answer"):
        engine.answering(tmp_path)


def test_the_default_engine_is_used_where_nothing_is_chosen(tmp_path: Path) -> None:
    with on_socket(tmp_path / "default.sock", ENGINE) as default:
        found = engine.answering(tmp_path)
    assert found is not None
    assert found.address.endswith(default)
    assert not found.own


def test_our_own_engine_is_found_again(tmp_path: Path) -> None:
    with on_socket(tmp_path / "docker.sock", ENGINE) as own:
        assert engine.answering(tmp_path) == Engine(own, own=True)


def test_where_none_answers_there_is_none(tmp_path: Path) -> None:
    assert engine.answering(tmp_path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="who is no root has no other way to go")
def test_without_root_one_error_says_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with unprivileged(), pytest.raises(ToolUnavailable) as failure:
        engine.started(tmp_path)
    assert "Start Docker, let DOCKER_HOST name an engine, or run this as root." in str(failure.value)
