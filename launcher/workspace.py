"""The folder that the engine works in: a copy of the project's settings, so that no run rewrites a committed file.

The CLI writes a stack's encryption salt into the stack's settings file. In the project that file is committed; so the
engine gets a copy, and the salt that it adds is carried over from one copy to the next.
"""

from pathlib import Path
from typing import Any

import yaml

_ENCRYPTION = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""The entries of a stack's settings that say how its secrets are encrypted."""


def project_settings(project: Path) -> dict[str, Any]:
    """Return the content of the project's Pulumi.yaml."""
    return _read(project / "Pulumi.yaml")


def stack_file(project: Path, stack: str) -> Path:
    """Return the settings file of a stack, whether it exists or not."""
    return project / project_settings(project).get("stackConfigDir", ".") / f"Pulumi.{stack}.yaml"


def known_stacks(project: Path) -> tuple[str, ...]:
    """Return the names of the stacks that the project has settings for."""
    files = stack_file(project, "*").parent.glob("Pulumi.*.yaml")
    return tuple(sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files))


def prepared(project: Path, stack: str, folder: Path) -> Path:
    """Bring the copies in `folder` up to date with the project, and return it as the engine's working folder."""
    work = folder / stack
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = project_settings(project)
    # The program runs inside the launcher: the engine needs no virtual environment, but must know where the program is.
    settings.pop("stackConfigDir", None)
    _write(work / "Pulumi.yaml", {**settings, "runtime": "python", "main": str(project)})
    source, copy = stack_file(project, stack), work / f"Pulumi.{stack}.yaml"
    wanted = _read(source) if source.exists() else {}
    if copy.exists() and not any(key in wanted for key in _ENCRYPTION):
        earlier = _read(copy)
        wanted |= {key: earlier[key] for key in _ENCRYPTION if key in earlier}
    _write(copy, wanted)
    return work


def _read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text()) or {}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
