"""A server that fails to start says so at once, with its own last words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from localcluster.processes import LOG_LINES_SHOWN, ServerFailed, serving


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_server_that_ends_early_is_reported_with_the_last_lines_of_its_log(tmp_path: Path) -> None:
    code = "import sys; print(*range(100), sep='\\n'); print('port is taken'); sys.exit(3)"
    with (
        pytest.raises(ServerFailed) as failure,
        serving("greeter", python(code), folder=tmp_path, ready=lambda: False),
    ):
        pytest.fail("it never served")
    lines = str(failure.value).splitlines()
    assert lines[0] == "greeter ended with exit code 3 before it served."
    assert str(tmp_path / "greeter.log") in lines[1], "where to read on"
    assert lines[-1].strip() == "port is taken", "the reason is usually the last line"
    assert len(lines) == 2 + LOG_LINES_SHOWN, "a long log is cut"


def test_a_server_that_never_serves_is_stopped(tmp_path: Path) -> None:
    code = "import time; print('waiting', flush=True); time.sleep(600)"
    with (
        pytest.raises(ServerFailed, match=r"did not serve within 0\.5 s, so it was stopped"),
        serving("sleeper", python(code), folder=tmp_path, ready=lambda: False, timeout=0.5),
    ):
        pytest.fail("it never served")
