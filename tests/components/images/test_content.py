"""The tag follows from what the build sees, all of it, and from nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.images.content import TAG_LENGTH, content_tag, seen_files

NAMES = st.text("abc-_.é", min_size=1, max_size=6).filter(lambda name: name.strip(".") != "" and name != "Dockerfile")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.binary(max_size=8)
FILES = st.dictionaries(PATHS, CONTENTS, min_size=1, max_size=6).filter(
    lambda files: not any(other.startswith(f"{path}/") for path in files for other in files)
)
IGNORE = "ignored\n"


def write(context: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = context / "seen" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY seen /\n")
    (context / "Dockerfile.dockerignore").write_text(IGNORE)


def tag(context: Path, **arguments: str) -> str:
    return content_tag(context, context / "Dockerfile", arguments=arguments, platforms=["linux/amd64"])


def tag_of(files: Mapping[str, bytes]) -> str:
    with TemporaryDirectory() as folder:
        write(Path(folder), files)
        return tag(Path(folder))


@given(files=FILES)
def test_the_same_content_has_the_same_tag_wherever_and_in_whatever_order_it_was_written(
    files: dict[str, bytes],
) -> None:
    assert tag_of(files) == tag_of(dict(reversed(files.items())))


@given(files=FILES, other=FILES)
def test_another_content_has_another_tag(files: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (tag_of(files) == tag_of(other)) is (files == other)


@given(files=FILES, ignored=st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=3))
def test_what_the_build_does_not_see_changes_nothing(files: dict[str, bytes], ignored: dict[str, bytes]) -> None:
    with TemporaryDirectory() as folder:
        context = Path(folder)
        write(context, files)
        before = tag(context)
        (context / "ignored").mkdir()
        for name, content in ignored.items():
            (context / "ignored" / name).write_bytes(content)
        assert tag(context) == before


@pytest.fixture
def context(tmp_path: Path) -> Path:
    write(tmp_path, {"main.go": b"package main\n", "run.sh": b"#!/bin/sh\n"})
    return tmp_path


def test_neither_dates_nor_empty_folders_nor_rights_of_others_change_a_tag(context: Path) -> None:
    """A checkout gives files new dates, and the rights that its umask allows."""
    before = tag(context)
    os.utime(context / "seen/main.go", (1, 1))
    (context / "seen/main.go").chmod(0o600)
    (context / "seen/empty").mkdir()
    assert tag(context) == before


def test_a_file_that_becomes_executable_changes_the_tag(context: Path) -> None:
    before = tag(context)
    (context / "seen/run.sh").chmod(0o755)
    assert tag(context) != before


def test_a_link_counts_by_its_target_and_is_no_file(context: Path) -> None:
    (context / "seen/link").symlink_to("main.go")
    one = tag(context)
    (context / "seen/link").unlink()
    (context / "seen/link").symlink_to("run.sh")
    other = tag(context)
    (context / "seen/link").unlink()
    (context / "seen/link").write_bytes(b"run.sh")
    assert len({one, other, tag(context)}) == 3


def test_the_dockerfile_counts_even_where_the_build_can_not_copy_it(context: Path) -> None:
    (context / "Dockerfile.dockerignore").write_text("*\n!seen\n")
    assert {file.path for file in seen_files(context, context / "Dockerfile")} == {"seen/main.go", "seen/run.sh"}
    before = tag(context)
    with (context / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("USER 10001\n")
    assert tag(context) != before


def test_base_images_and_platforms_count(context: Path) -> None:
    dockerfile = context / "Dockerfile"
    tags = {
        tag(context),
        tag(context, GO_IMAGE="docker.io/library/golang:1"),
        tag(context, GO_IMAGE="docker.io/library/golang:2"),
        content_tag(context, dockerfile, arguments={}, platforms=["linux/arm64"]),
        content_tag(context, dockerfile, arguments={}, platforms=["linux/arm64", "linux/amd64"]),
        content_tag(context, dockerfile, arguments={}, platforms=["linux/amd64", "linux/arm64"]),
    }
    assert len(tags) == 5, "the order of platforms means nothing"


def test_the_ignore_file_beside_the_dockerfile_wins_over_that_of_the_context(context: Path) -> None:
    (context / ".dockerignore").write_text("**/*.go\n")
    assert "seen/main.go" in {file.path for file in seen_files(context, context / "Dockerfile")}
    (context / "Dockerfile.dockerignore").unlink()
    assert "seen/main.go" not in {file.path for file in seen_files(context, context / "Dockerfile")}


def test_what_is_no_file_is_not_sent(context: Path) -> None:
    before = tag(context)
    os.mkfifo(context / "seen/pipe")
    assert tag(context) == before


def test_a_tag_is_one_that_a_registry_takes(context: Path) -> None:
    assert len(tag(context)) == TAG_LENGTH
    assert set(tag(context)) <= set("0123456789abcdef")


def test_a_tag_is_quick_beside_folders_that_are_left_out(context: Path) -> None:
    for index in range(3000):
        path = context / "ignored" / str(index % 60) / str(index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    started = time.monotonic()
    tag(context)
    assert time.monotonic() - started < 0.4, "five services have two seconds together (usually it takes a millisecond)"
