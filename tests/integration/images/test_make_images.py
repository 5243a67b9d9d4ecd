"""`make images`, as CI runs it: the launcher, the engine, the real Dockerfiles, a real registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests
import yaml

from launcher.standin.docker.registry import MANIFEST_TYPES
from tests.integration.images.conftest import PROJECT

SERVICES = {"gateway", "users", "orders", "recommendations", "fulfilment"}
TOGETHER = 900.0
"""Seconds that five cold builds may take."""


@pytest.fixture
def copied(tmp_path: Path, base_registry: str, ca_bundle: Path | None) -> Path:
    """A checkout of its own, told of the CAs that this machine trusts beside the public ones."""
    assert base_registry, "the stack ci builds on base images from the local registry"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.splitlines():
        if (PROJECT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(PROJECT / ".venv")
    if ca_bundle is not None:
        path = tmp_path / "stacks" / "Pulumi.ci.yaml"
        document = yaml.safe_load(path.read_text())
        document["config"]["polyglot:environment"]["images"]["ca-bundle"] = str(ca_bundle)
        path.write_text(yaml.safe_dump(document))
    return tmp_path


def make_images(project: Path) -> tuple[dict[str, str], str]:
    """Run `make images`; return service → reference, and everything that it printed."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "MAKE"))}
    ended = subprocess.run(
        ["make", "--no-print-directory", "images"],
        cwd=project,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=TOGETHER,
    )
    assert ended.returncode == 0, ended.stdout
    return dict(re.findall(r"^([a-z]+): (\S+@sha256:\S+)$", ended.stdout, re.MULTILINE)), ended.stdout


def missing(references: Mapping[str, str]) -> list[str]:
    """Return the references that their registry does not know by that very digest."""
    found = []
    for reference in references.values():
        name, _, digest = reference.partition("@")
        host, _, repository = name.rpartition(":")[0].partition("/")
        answer = requests.head(
            f"http://{host}/v2/{repository}/manifests/{digest}", headers={"Accept": MANIFEST_TYPES}, timeout=10
        )
        if answer.status_code != requests.codes.ok:
            found.append(reference)
    return found


def test_all_five_are_built_and_pushed_once_and_a_change_in_one_service_builds_one_image(copied: Path) -> None:
    first, said = make_images(copied)
    assert set(first) == SERVICES, said
    assert not missing(first), "what `make images` prints is what a node can pull"

    again, said = make_images(copied)
    assert again == first
    assert not re.search(r"created|updated|replaced", said), f"nothing has changed, so nothing is built:\n{said}"

    source = copied / "services" / "gateway" / "main.go"
    source.write_text(source.read_text() + "// one more line\n")
    changed, said = make_images(copied)
    assert {name for name in SERVICES if changed[name] != first[name]} == {"gateway"}, said
    assert not missing(changed)
