"""What a build does again: nothing where nothing changed, and no download where only sources did."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import docker
import pytest

from components.specs.images import ImageBuildSpec
from localregistry.building import build
from tests.integration.images.conftest import PROJECT
from tests.integration.images.layers import Image

CHANGES = {
    "gateway": ("gateway/main.go", "go mod download", "go build"),
    "users": ("users/src/main/java/shop/users/Main.java", "mvn -B", "mvn -o"),
    "recommendations": ("recommendations/recommendations/server.py", "pip install", "compileall"),
}
"""Service → a source file, the step that downloads, and the step that compiles."""
COMMENT = {".go": "//", ".java": "//", ".py": "#"}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A project with a copy of the services' sources, to be changed."""
    left_out = shutil.ignore_patterns("target", ".venv", "__pycache__", ".pytest_cache")
    shutil.copytree(PROJECT / "services", tmp_path / "services", ignore=left_out, symlinks=True)
    return tmp_path


def test_a_second_build_takes_everything_from_the_cache(
    images: Mapping[str, Image],
    builds: Mapping[str, ImageBuildSpec],
    build_authorities: Path,
    docker_client: docker.DockerClient,
) -> None:
    for name, spec in builds.items():
        again = build(spec, project=PROJECT, ca_bundle=build_authorities)
        assert again.cached, f"{name}: a build without steps proves nothing"
        assert not again.ran, f"{name}: nothing has changed"
        assert docker_client.images.get(spec.reference).id == images[name].identity, f"{name}: the image changed"


@pytest.mark.parametrize("service", CHANGES)
def test_a_changed_source_downloads_nothing_again(
    service: str,
    copied: Path,
    images: Mapping[str, Image],
    builds: Mapping[str, ImageBuildSpec],
    build_authorities: Path,
) -> None:
    assert service in images, "the first build has downloaded"
    source, downloading, compiling = CHANGES[service]
    path = copied / "services" / source
    # New each time: the cache remembers the changes of earlier runs.
    path.write_text(f"{path.read_text()}{COMMENT[path.suffix]} {secrets.token_hex(8)}\n")
    spec = builds[service].model_copy(update={"tag": "changed"})
    again = build(spec, project=copied, ca_bundle=build_authorities)
    assert any(downloading in step for step in again.cached), f"done again: {again.ran}"
    assert any(compiling in step for step in again.ran), "the change must be in the image"


def test_a_date_changes_nothing(
    copied: Path, images: Mapping[str, Image], builds: Mapping[str, ImageBuildSpec], build_authorities: Path
) -> None:
    """A fresh clone, in which every file is new, finds what the last one has built."""
    assert "gateway" in images, "the first build has filled the cache"
    os.utime(copied / "services" / "gateway" / "main.go", (0, 0))
    assert not build(builds["gateway"], project=copied, ca_bundle=build_authorities).ran
