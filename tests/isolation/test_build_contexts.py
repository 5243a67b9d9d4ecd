"""What the build of each service sees: its own tree, what its language shares, and its contracts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from components.images.content import seen_files
from stacks.loader import CATALOGUE, PROJECT

SERVICES = yaml.safe_load((PROJECT / CATALOGUE).read_text())["services"]
SHARED = {
    "go": ("images/", "go.mod", "go.sum", "internal/", "gen/shop/"),
    "java": ("images/", "java/pom.xml", "java-telemetry/", "proto/shop/"),
    "python": ("images/", "proto/shop/"),
}
"""Language → what its services share, seen from the context."""
FOREIGN = {
    "go": r"\.(java|py|proto)$|pom\.xml$|requirements.*\.txt$",
    "java": r"\.(go|py)$|go\.(mod|sum)$|requirements.*\.txt$",
    "python": r"\.(go|java)$|go\.(mod|sum)$|pom\.xml$",
}
"""Language → the files of others."""
NEVER = r"(^|/)(\.git|\.venv|__pycache__|target|node_modules|tests?)/|_test\.go$|\.(pem|key|env)$"
"""What no image is built from: tests, results of earlier builds, secrets."""

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def seen(services: Path, name: str) -> list[str]:
    return [file.path for file in seen_files(services, services / name / "Dockerfile")]


def faults(services: Path, name: str) -> list[str]:
    """What a build sees and has no business with."""
    language = SERVICES[name]["language"]
    allowed = (f"{name}/", *SHARED[language])
    return [
        path
        for path in seen(services, name)
        if not path.startswith(allowed) or re.search(FOREIGN[language], path) or re.search(NEVER, path)
    ]


@each_service
def test_a_build_sees_its_own_tree_and_what_its_language_shares_and_nothing_else(name: str) -> None:
    assert faults(PROJECT / "services", name) == []


@each_service
def test_a_build_sees_its_sources_and_its_contracts(name: str) -> None:
    """Else the test above passes on an empty list."""
    found = seen(PROJECT / "services", name)
    assert any(path.startswith(f"{name}/") and not path.endswith("Dockerfile") for path in found)
    assert any(re.match(r"(gen|proto)/shop/", path) for path in found)


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("gateway", "gateway/Main.java"),
        ("gateway", "orders/more.go"),
        ("gateway", "gateway/deploy.key"),
        ("users", "users/target/users.jar"),
        ("users", "users/tool.py"),
        ("recommendations", "recommendations/tests/test_more.py"),
        ("recommendations", "gen/shop/users/v1/users.pb.go"),
    ],
)
def test_a_file_that_does_not_belong_there_is_noticed(tmp_path: Path, name: str, planted: str) -> None:
    services = tmp_path / "services"
    shutil.copytree(PROJECT / "services", services, ignore=shutil.ignore_patterns(".venv", "target", "__pycache__"))
    (services / planted).parent.mkdir(parents=True, exist_ok=True)
    (services / planted).touch()
    with (services / name / "Dockerfile.dockerignore").open("a") as ignored:
        ignored.write(f"\n!{planted}\n")
    assert planted in faults(services, name)
