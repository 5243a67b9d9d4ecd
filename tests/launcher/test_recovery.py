import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from launcher.failures import StackLocked
from launcher.recovery import recover


def bookkeeping(tmp_path: Path, **files: str) -> Path:
    """Write files below `.pulumi`; in their names `__` stands for a slash, and `ATTRS` for `.json.attrs`."""
    for name, content in files.items():
        path = tmp_path / ".pulumi" / (name.replace("__", "/").replace("ATTRS", ".json.attrs"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / ".pulumi"


def lock(tmp_path: Path, process: int, host: str) -> Path:
    path = tmp_path / ".pulumi" / "locks" / "organization" / "polyglot" / "local" / "0b5e.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"pid": process, "username": "ada", "hostname": host, "timestamp": "today"}))
    path.with_name("0b5e.json.attrs").write_text("{}")
    return path


def ended_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_the_lock_of_a_dead_run_is_released_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lock(tmp_path, ended_process(), socket.gethostname())
    recover(tmp_path, "polyglot", "local")
    assert list(path.parent.iterdir()) == []
    assert "The last run on stack 'local' died" in capsys.readouterr().err


def test_a_lock_of_another_machine_stops_the_run_and_names_the_file(tmp_path: Path) -> None:
    path = lock(tmp_path, os.getpid(), "elsewhere")
    with pytest.raises(
        StackLocked, match=rf"locked by process {os.getpid()} of ada@elsewhere.*delete its lock: {path}"
    ):
        recover(tmp_path, "polyglot", "local")
    assert path.exists()


def test_attributes_that_were_cut_off_are_discarded_and_nothing_else(tmp_path: Path) -> None:
    """An empty attribute file makes the engine refuse a state that is whole: "failed to load checkpoint: EOF"."""
    folder = bookkeeping(
        tmp_path,
        stacks__polyglot__localATTRS="",
        history__polyglot__local__1ATTRS="",
        backups__polyglot__local__1ATTRS="{}",
        stacks__polyglot__devATTRS="",
    )
    (folder / "stacks" / "polyglot" / "local.json").write_text("{}")

    recover(tmp_path, "polyglot", "local")

    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "backups/polyglot/local/1.json.attrs",
        "stacks/polyglot/dev.json.attrs",  # another stack's, which a run may be writing just now
        "stacks/polyglot/local.json",
    ]
