"""A project in a folder of its own: the committed catalogue and stacks, changed by path before they are validated."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import yaml

from stacks.loader import CATALOGUE, PROJECT, environment_file, validate
from stacks.problems import InvalidConfiguration, Problem, written
from stacks.schema.environment_checks import ROOT
from stacks.schema.platform import Platform

STACKS: Final = ("local", "dev", "prod", "ci")
REMOVED: Final = object()
"""The value that takes an entry away."""


class Project:
    """A catalogue and stack files that a test may spoil."""

    def __init__(self, folder: Path, stack: str = "dev") -> None:
        self.folder = folder
        self.stack = stack
        self.catalogue: dict[str, Any] = yaml.safe_load((PROJECT / CATALOGUE).read_text())
        self.environment_name = environment_file(stack)
        self.document: dict[str, Any] = yaml.safe_load((PROJECT / self.environment_name).read_text())
        (folder / "stacks").mkdir()
        (folder / "services").symlink_to(PROJECT / "services")

    @property
    def environment(self) -> dict[str, Any]:
        """What the stack's file says under ``polyglot:environment``."""
        return self.document[ROOT[0]][ROOT[1]]

    def change(
        self, catalogue: Mapping[str, Any] | None = None, environment: Mapping[str, Any] | None = None
    ) -> Project:
        """Set values by path (keys with spaces between them); mappings on the way are made."""
        for document, changes in ((self.catalogue, catalogue), (self.environment, environment)):
            for path, value in (changes or {}).items():
                _set(document, path.split(), value if value is REMOVED else deepcopy(value))
        return self

    def write(self, name: str, text: str) -> Project:
        """Write a file of the project as it is."""
        (self.folder / name).write_text(text)
        return self

    def save(self) -> Project:
        """Write both documents, except where a test wrote its own."""
        for name, document in ((CATALOGUE, self.catalogue), (self.environment_name, self.document)):
            if not (self.folder / name).exists():
                self.write(name, yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=200))
        return self

    def validate(self) -> Platform:
        """Validate the stack, as the launcher does."""
        return validate(self.stack, self.save().folder)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong, nothing where nothing is."""
        try:
            self.validate()
        except InvalidConfiguration as error:
            return error.problems
        return ()

    def line(self, problem: Problem) -> str:
        """Return the text of the line that a problem points at."""
        assert problem.line is not None, f"the problem names no line: {problem}"
        return (self.folder / problem.file).read_text().splitlines()[problem.line - 1].strip()


def place(problem: Problem) -> str:
    """Return where a problem is, as people write it: the file's name, and the path from its root."""
    path = written(problem.location).removeprefix("config.polyglot:environment").removeprefix(".")
    return f"{Path(problem.file).name} {path}".strip()


def _set(document: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for segment in parents:
        document = document.setdefault(segment, {})
    if value is REMOVED:
        del document[last]
    else:
        document[last] = value
