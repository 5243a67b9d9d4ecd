"""The digest of what a build sees: it changes with every byte of it, and with nothing else."""

import os
from pathlib import Path

import pytest

from launcher.standin.docker.context import digest


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.go").write_text("package main\n")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY src /src\n")
    (folder / "Dockerfile.dockerignore").write_text("*\n!src\n**/*.md\n")
    return folder


def of(context: Path) -> str:
    return digest(context, context / "Dockerfile")


def test_what_is_ignored_changes_nothing(context: Path) -> None:
    before = of(context)
    (context / "notes.txt").write_text("x")
    (context / "src" / "notes.md").write_text("x")
    assert of(context) == before


def test_times_change_nothing(context: Path) -> None:
    before = of(context)
    os.utime(context / "src" / "main.go", (0, 0))
    assert of(context) == before, "a fresh clone would build everything anew"


@pytest.mark.parametrize(
    "change",
    [
        lambda context: (context / "src" / "main.go").write_text("package main \n"),
        lambda context: (context / "src" / "main.go").rename(context / "src" / "other.go"),
        lambda context: (context / "src" / "main.go").chmod(0o755),
        lambda context: (context / "src" / "more.go").touch(),
        lambda context: (context / "src" / "link").symlink_to("main.go"),
        lambda context: (context / "Dockerfile").write_text("FROM scratch\n"),
        lambda context: (context / "Dockerfile.dockerignore").unlink(),
    ],
    ids=["content", "name", "mode", "new file", "new link", "Dockerfile", "ignore file"],
)
def test_whatever_the_build_sees_changes_it(context: Path, change) -> None:  # noqa: ANN001 - a lambda of the table
    before = of(context)
    change(context)
    assert of(context) != before


def test_a_link_is_its_target_and_not_what_lies_there(context: Path) -> None:
    link = context / "src" / "link"
    link.symlink_to("/nowhere")
    dangling = of(context)
    link.unlink()
    link.symlink_to("/elsewhere")
    assert of(context) != dangling


def test_the_contexts_own_ignore_file_counts_where_the_dockerfile_has_none(context: Path) -> None:
    (context / "Dockerfile.dockerignore").rename(context / ".dockerignore")
    before = of(context)
    (context / "notes.txt").write_text("x")
    assert of(context) == before
