"""Which files a build sees, as BuildKit's own client decides it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from components.images.dockerignore import BadPattern, IgnoreRules

TREE = (
    *("Makefile", "README.md", "readme.md", "go.mod", "[x].txt"),
    *("gateway/main.go", "gateway/main_test.go", "gateway/edge/edge.go", "gateway/edge/README.md"),
    *("users/pom.xml", "users/target/users.jar", "users/target/keep/me.txt", "users/src/test/A.java"),
)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def seen(context: Path, *lines: str) -> set[str]:
    return set(IgnoreRules("\n".join(lines)).seen(context))


GATEWAY = {name for name in TREE if name.startswith("gateway/")}
USERS = {name for name in TREE if name.startswith("users/")}


CASES: Final[tuple[tuple[tuple[str, ...], set[str]], ...]] = (
    ((), set(TREE)),
    (("*",), set()),
    (("**",), set()),
    (("*", "!gateway"), GATEWAY),
    (("*", "!gateway", "**/*_test.go"), GATEWAY - {"gateway/main_test.go"}),
    (("*", "!users", "**/target"), USERS - {"users/target/users.jar", "users/target/keep/me.txt"}),
    (("*", "!users", "**/target", "!users/target/keep"), USERS - {"users/target/users.jar"}),
    (("*", "!**/*.go"), {name for name in TREE if name.endswith(".go")}),
    (("*", "!*/edge"), {"gateway/edge/edge.go", "gateway/edge/README.md"}),
    (("*.md",), set(TREE) - {"README.md", "readme.md"}),
    (("README.md",), set(TREE) - {"README.md"}),
    (("**/*.md", "!README.md"), set(TREE) - {"readme.md", "gateway/edge/README.md"}),
    (("readme.md", "!README.md", "readme.m?"), set(TREE) - {"readme.md"}),
    (("/gateway/", "./users"), set(TREE) - GATEWAY - USERS),
    (("gateway/../users",), set(TREE) - USERS),
    (("users/**",), set(TREE) - USERS),
    (("[a-gM]*",), {name for name in TREE if name[0] not in "gM"}),
    (("[^g]*",), {*GATEWAY, "go.mod"}),
    (("\\[x].txt",), set(TREE) - {"[x].txt"}),
    (("# *", "", "  gateway  "), set(TREE) - GATEWAY),
    (("*", "! gateway"), GATEWAY),
    (("gateway/edge", "!gateway"), set(TREE) - {"gateway/edge/edge.go", "gateway/edge/README.md"}),
)
"""Patterns, and what they leave of the tree: each answer is what BuildKit's client gave."""


@pytest.mark.parametrize(("lines", "left"), CASES, ids=[" ".join(lines) or "nothing" for lines, _ in CASES])
def test_the_last_pattern_that_matches_a_path_or_a_folder_above_it_decides(
    context: Path, lines: tuple[str, ...], left: set[str]
) -> None:
    assert seen(context, *lines) == left


def test_letters_are_told_apart_by_case(context: Path) -> None:
    """Docker's older Python library does not, and would leave out more than the build does."""
    assert seen(context, "readme.md") == set(TREE) - {"readme.md"}


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(context: Path) -> None:
    assert set(IgnoreRules("\ufeff*\r\n!gateway\r\n").seen(context)) == GATEWAY


@pytest.mark.parametrize("line", ["[a", "[]", "a\\", "!", "[z-a]", "x/[-a]"])
def test_a_pattern_that_docker_refuses_is_refused(line: str) -> None:
    with pytest.raises(BadPattern) as caught:
        IgnoreRules(f"*\n{line}")
    assert str(caught.value) in {line, line.removeprefix("!")}


def test_a_link_to_a_folder_is_a_link_and_not_followed(context: Path) -> None:
    (context / "shortcut").symlink_to("gateway")
    (context / "circle").symlink_to(".")
    assert seen(context) == {*TREE, "shortcut", "circle"}


def test_a_folder_that_is_left_out_is_not_even_looked_into(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment or node_modules beside the sources holds ten thousand files."""
    listed: list[str] = []
    iterdir = Path.iterdir

    def noted(folder: Path) -> object:
        listed.append(folder.relative_to(context).as_posix())
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", noted)
    assert seen(context, "*", "!gateway/edge", "!users/**", "**/target") == {
        "gateway/edge/edge.go",
        "gateway/edge/README.md",
        "users/pom.xml",
        "users/src/test/A.java",
    }
    assert "users/target" not in listed
    assert "users/src/test" in listed
