"""The platform's program, as a function that the engine calls inside the launcher's own process."""

import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path


def program_of(project: Path) -> Callable[[], None]:
    """Return a function that runs the project's `__main__.py` from its start, each time that it is called."""

    def program() -> None:
        runpy.run_path(str(project / "__main__.py"), run_name="__main__")

    return program


def enter(project: Path) -> None:
    """Make `project` the working folder, and where modules are looked up first, as Pulumi's own host does."""
    os.chdir(project)
    if sys.path[0] != str(project):
        sys.path.insert(0, str(project))
