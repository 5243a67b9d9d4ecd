"""Servers that go on after the command that started them: found again, ended by their id, never mistaken for others."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from localcluster.processes import ServerFailed
from localregistry.daemons import Daemon

SERVE = "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(600)"


@pytest.fixture
def daemon(tmp_path: Path) -> Generator[Daemon]:
    made = Daemon("server", tmp_path)
    yield made
    made.stop()


def start(daemon: Daemon, program: str = SERVE, timeout: float = 20.0) -> None:
    daemon.start([sys.executable, "-c", program], ready=(daemon.folder / "ready").exists, timeout=timeout)


def test_a_daemon_is_found_again_by_its_record(daemon: Daemon) -> None:
    start(daemon)
    found = Daemon("server", daemon.folder).process()
    assert found is not None, "the next command must know that it runs"
    assert found.is_running()


def test_a_daemon_is_ended_and_its_end_is_waited_for(daemon: Daemon) -> None:
    start(daemon)
    process = daemon.process()
    assert process is not None
    assert daemon.stop()
    assert not psutil.pid_exists(process.pid)
    assert daemon.process() is None
    assert not daemon.stop(), "the second time there is nothing to end"


def test_a_process_that_got_the_same_number_later_is_left_alone(daemon: Daemon) -> None:
    """Numbers are used again: after a restart of the machine the record may name anybody."""
    daemon.folder.joinpath("server.process").write_text(json.dumps({"pid": psutil.Process().pid, "created": 1.0}))
    assert daemon.process() is None
    assert not daemon.stop(), "this test would have ended"


def test_a_record_that_was_cut_off_counts_as_none(daemon: Daemon) -> None:
    daemon.folder.joinpath("server.process").write_text('{"pid": 1')
    assert daemon.process() is None


def test_a_daemon_that_ends_at_once_shows_its_last_lines(daemon: Daemon) -> None:
    with pytest.raises(ServerFailed, match=r"(?s)exit code 3 before it served.*no such disk"):
        start(daemon, "import sys; print('no such disk', flush=True); sys.exit(3)")
    assert daemon.process() is None


def test_a_daemon_that_never_serves_is_ended(daemon: Daemon) -> None:
    with pytest.raises(ServerFailed, match=r"did not serve within 0\.3 s, so it was stopped"):
        start(daemon, "import time; time.sleep(600)", timeout=0.3)
    assert daemon.process() is None, "nobody would know that it still runs"
