"""The services' Dockerfiles: clean under hadolint, nothing floating, and each with a list of what its build sees."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from components.versions import BASE_IMAGES

PROJECT = Path(__file__).parents[2]
HADOLINT = PROJECT / ".venv" / "bin" / "hadolint"
DOCKERFILES = sorted((PROJECT / "services").glob("*/Dockerfile"))
NAMES = [path.parent.name for path in DOCKERFILES]


def complaints(dockerfile: Path) -> str:
    """What hadolint says of a Dockerfile: nothing, if it is clean."""
    return subprocess.run([HADOLINT, "--no-color", dockerfile], capture_output=True, text=True, check=False).stdout


def test_there_are_five() -> None:
    assert NAMES == ["fulfilment", "gateway", "orders", "recommendations", "users"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=NAMES)
def test_hadolint_has_nothing_to_say(dockerfile: Path) -> None:
    assert not complaints(dockerfile)


def test_hadolint_sees_an_image_that_floats(tmp_path: Path) -> None:
    planted = tmp_path / "Dockerfile"
    planted.write_text("FROM docker.io/library/golang:latest\n")
    assert "DL3007" in complaints(planted)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=NAMES)
def test_a_base_image_is_the_one_that_the_platform_pins(dockerfile: Path) -> None:
    """So a build by hand, which names no base image, starts from the same one as the platform's."""
    pinned = {name: image for arguments in BASE_IMAGES.values() for name, image in arguments.items()}
    defaults = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", dockerfile.read_text(), re.MULTILINE))
    assert defaults
    assert defaults.items() <= pinned.items()
    stages = set(re.findall(r"^FROM (?:--platform=\S+ )?(\S+)", dockerfile.read_text(), re.MULTILINE))
    assert stages <= {"scratch", *(f"${{{name}}}" for name in defaults)}, "another base image would be pinned nowhere"


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=NAMES)
def test_a_dockerfile_asks_for_no_frontend(dockerfile: Path) -> None:
    """A `# syntax=` line has the engine pull a program from the public registry, which isn't everywhere."""
    assert "syntax=" not in dockerfile.read_text().partition("\n")[0]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=NAMES)
def test_a_build_sees_only_what_it_asks_for(dockerfile: Path) -> None:
    """Everything is left out first: what a checkout happens to hold must not change an image."""
    rules = [
        line for line in dockerfile.with_name("Dockerfile.dockerignore").read_text().splitlines() if line[:1] != "#"
    ]
    assert rules[0] == "*"
