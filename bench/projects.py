"""The two programs that are compared, each as a Pulumi project in a folder of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from bench.catalogue import environment

REPOSITORY: Final = Path(__file__).resolve().parent.parent
STACK: Final = "bench"


def write_platform(folder: Path, catalogue: dict[str, Any]) -> Path:
    """Make a project of the real program with a generated catalogue, and return its folder.

    The program is copied: it looks for its catalogue beside itself.
    """
    _write_settings(folder, {"polyglot:environment": environment(catalogue)})
    shutil.copy(REPOSITORY / "__main__.py", folder)
    for package in ("components", "stacks"):
        code = shutil.ignore_patterns("__pycache__", "*.yaml", "*.json")
        shutil.copytree(REPOSITORY / package, folder / package, ignore=code, dirs_exist_ok=True)
    _write_yaml(folder / "stacks" / "catalogue.yaml", catalogue)
    return folder


def write_flat(folder: Path, objects: Iterable[tuple[str, str, dict[str, Any]]]) -> Path:
    """Make a project of the flat program with ready-made objects (token, name, body), and return its folder."""
    _write_settings(folder, {})
    shutil.copy(REPOSITORY / "bench" / "flat" / "__main__.py", folder)
    (folder / "objects.json").write_text(json.dumps(list(objects)))
    return folder


def _write_settings(folder: Path, config: dict[str, Any]) -> None:
    (folder / "stacks").mkdir(parents=True)
    shutil.copy(REPOSITORY / "Pulumi.yaml", folder)
    _write_yaml(folder / "stacks" / f"Pulumi.{STACK}.yaml", {"config": config})


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
