"""A copy of the whole project, to run the real engine on."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SOURCES = ("__main__.py", "Pulumi.yaml", "components", "stacks", "launcher", "services")
_BUILT = ("__pycache__", ".venv", "target")


def copy_to(folder: Path) -> Path:
    """Copy what a run needs; a run in the copy touches neither the state nor the files of the original."""
    folder.mkdir()
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(*_BUILT))
        else:
            shutil.copy(source, folder)
    return folder


def environment() -> dict[str, str]:
    """Return a run's variables: none of Pulumi's that the user has set, and no attempt to download a plugin."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    return {**mine, "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}


def command(*arguments: str) -> list[str]:
    """Return the command line that runs the launcher of the project in the working folder."""
    return [sys.executable, "-m", "launcher", *arguments]


def launch(project: Path, *arguments: str, expect: int = 0) -> str:
    """Run the launcher to its end, check its exit code, and return everything that it printed."""
    ended = subprocess.run(
        command(*arguments),
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == expect, f"{arguments} ended with {ended.returncode}:\n{ended.stdout}"
    return ended.stdout


def counts(output: str) -> dict[str, int]:
    """Return the engine's closing counts, such as `{"created": 62}`."""
    return {what: int(number) for number, what in re.findall(r"^    (?:[-+~] ?)*(\d+) (\w+)$", output, re.MULTILINE)}


def files(folder: Path) -> dict[str, str]:
    """Return every file below `folder`, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def edit(path: Path, old: str, new: str) -> None:
    """Replace the one place where `path` says `old`."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path} says {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new))
