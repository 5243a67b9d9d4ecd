"""Packages are installed one after another: apt-get itself fails where another one is at work."""

from __future__ import annotations

import os
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from launcher.failures import ToolUnavailable
from localregistry import debian

APT_GET = """\
#!/bin/sh
echo "$@" >> {folder}/calls
mkdir {folder}/lock || exit 100
sleep 0.2
rmdir {folder}/lock
[ "$1" = update ] && exit 0
for package; do :; done
[ "$package" = empty ] || {{ echo '#!/bin/sh' > {folder}/"$package"; chmod +x {folder}/"$package"; }}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH with an apt-get that fails beside another one, and puts an installed program beside itself."""
    script = tmp_path / "apt-get"
    script.write_text(textwrap.dedent(APT_GET.format(folder=tmp_path)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("POLYGLOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def test_two_that_install_at_once_wait_for_each_other(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(debian.program, name, package=name, purpose="here") for name in ("first", "second")]
        found = {one.result() for one in asked}
    assert found == {folder / "first", folder / "second"}, "neither has met the other's lock"


def test_what_another_has_installed_meanwhile_is_not_installed_again(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(debian.program, "tool", package="tool", purpose="here") for _ in range(2)]
        assert {one.result() for one in asked} == {folder / "tool"}
    calls = (folder / "calls").read_text().splitlines()
    assert sum(call.startswith("install") for call in calls) == 1, calls


@pytest.mark.usefixtures("folder")
def test_a_package_without_the_program_is_told() -> None:
    with pytest.raises(ToolUnavailable, match="empty has not brought it"):
        debian.program("nothing-of-this-name", package="empty", purpose="here")
