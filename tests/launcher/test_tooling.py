"""The project's own tools: the Makefile on bare machines, and import contracts that can fail."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"


def make(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/usr/bin/env", "make", *arguments],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_every_target() -> None:
    listed = make(ROOT).stdout
    for target in ("setup", "up", "down", "preview", "validate", "render", "graph", "schema", "test", "lint", "bench"):
        assert f"\n  {target} " in listed


def test_setup_does_nothing_while_the_pins_are_unchanged(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".pins-installed").touch()
    assert make(tmp_path, "setup", "--question").returncode == 0

    later = (tmp_path / "requirements.txt").stat().st_mtime + 60
    os.utime(tmp_path / "requirements.txt", (later, later))
    assert make(tmp_path, "setup", "--question").returncode == 1, "a changed pin was not noticed"


def test_setup_without_a_new_enough_python_says_what_to_install(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("make", "sh", "touch"):
        (programs / name).symlink_to(shutil.which(name) or pytest.skip(f"{name} is not on PATH"))
    old = programs / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)

    ended = make(tmp_path, "setup", PATH=str(programs))

    assert ended.returncode != 0
    assert "Python 3.11 or newer is needed, and PATH has none (python3 is: Python 3.9.2)" in ended.stderr


def copy_of_the_packages(folder: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in ("components", "stacks", "launcher", "localregistry"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def broken_contracts(folder: Path) -> str:
    """Return what import-linter says about the packages in `folder`; empty if all contracts are kept."""
    # The packages of the copy must be found before those of the project, which the tests themselves run in.
    variables = {**os.environ, "PYTHONPATH": str(folder)}
    ended = subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    return ended.stdout if ended.returncode else ""


def test_the_import_contracts_are_kept(tmp_path: Path) -> None:
    assert broken_contracts(copy_of_the_packages(tmp_path)) == ""


@pytest.mark.parametrize(
    ("module", "forbidden", "contract"),
    [
        ("components/identity.py", "pulumi", "The pure core never imports Pulumi"),
        ("stacks/schema/catalogue.py", "pulumi_kubernetes", "The pure core never imports Pulumi"),
        ("components/workloads/workload.py", "components.isolation.rules", "no component knows its sibling"),
        ("components/workloads/workload.py", "stacks.schema.platform", "none knows who uses it"),
        ("components/scalars.py", "components.specs.pod", "scalars <- specs"),
        ("stacks/schema/catalogue.py", "stacks.loader", "The schema knows neither loader nor assembly"),
        ("stacks/assembly.py", "stacks.loader", "Loading knows the schema"),
        ("launcher/standin/serve.py", "components.identity", "The stand-ins know nothing of this platform"),
    ],
)
def test_a_planted_import_breaks_its_contract(tmp_path: Path, module: str, forbidden: str, contract: str) -> None:
    folder = copy_of_the_packages(tmp_path)
    with (folder / module).open("a") as source:
        source.write(f"\nimport {forbidden}\n")
    told = " ".join(broken_contracts(folder).split())
    assert re.search(rf"{re.escape(contract)}(?:(?!KEPT|BROKEN).)*BROKEN", told), told or "all contracts were kept"
