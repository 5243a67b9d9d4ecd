import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launcher.locks import Lock, locks

SLEEP = shutil.which("sleep") or "/bin/sleep"


def lock(tmp_path: Path, process: int, host: str | None = None) -> Lock:
    """Write a lock as the CLI does, and read it back."""
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "polyglot" / "local"
    folder.mkdir(parents=True)
    content = {
        "pid": process,
        "username": "ada",
        "hostname": host or socket.gethostname(),
        "timestamp": "2026-11-21T09:00:00Z",
    }
    (folder / "0b5e.json").write_text(json.dumps(content))
    (found,) = locks(tmp_path, "polyglot", "local")
    return found


@contextmanager
def running(tmp_path: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process called `name`."""
    program = shutil.copy(SLEEP, tmp_path / name)
    process = subprocess.Popen([program, "60"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_lock_of_a_running_engine_holds(tmp_path: Path) -> None:
    with running(tmp_path, "pulumi") as process:
        held = lock(tmp_path, process.pid)
        assert not held.is_stale(), "breaking this lock would let two engines write one state"
        assert str(held) == f"process {process.pid} of ada@{socket.gethostname()}, since 2026-11-21T09:00:00Z"


def test_the_lock_of_a_process_that_is_gone_is_stale(tmp_path: Path) -> None:
    with running(tmp_path, "pulumi") as process:
        pass
    assert lock(tmp_path, process.pid).is_stale()


def test_a_killed_engine_that_nobody_has_waited_for_yet_is_gone(tmp_path: Path) -> None:
    with running(tmp_path, "pulumi") as process:
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert lock(tmp_path, process.pid).is_stale(), "a zombie was taken for a running engine"


def test_a_number_that_another_program_has_now_is_stale(tmp_path: Path) -> None:
    with running(tmp_path, "editor") as process:
        assert lock(tmp_path, process.pid).is_stale()


def test_the_lock_of_another_machine_always_holds(tmp_path: Path) -> None:
    """Nobody here can tell whether a process there still runs."""
    assert not lock(tmp_path, process=2**22 - 1, host="elsewhere").is_stale()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": 1}'])
def test_a_lock_that_cannot_be_read_holds(tmp_path: Path, content: str) -> None:
    path = lock(tmp_path, process=1).path
    path.write_text(content)
    (unreadable,) = locks(tmp_path, "polyglot", "local")
    assert not unreadable.is_stale()


def test_a_stack_without_state_has_no_locks(tmp_path: Path) -> None:
    assert locks(tmp_path, "polyglot", "local") == ()
