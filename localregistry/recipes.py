"""What takes the place of an official image where no public registry answers: made from Debian's packages."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from launcher.failures import ToolUnavailable
from launcher.golang import go_binary, required_version, version_of
from localregistry.debian import program

SUITE: Final = "bookworm"
SERVICES: Final = Path(__file__).parent.parent / "services"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A root file system of Debian's packages, and a Go toolchain where Debian's is too old."""

    packages: tuple[str, ...]
    """Beside what every Debian has, and the public certificate authorities."""
    go: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    """Where commands run."""


RECIPES: Final[Mapping[str, Recipe]] = {
    "library/golang": Recipe(
        packages=(),
        go=True,
        variables={
            "GOPATH": "/go",
            "GOTOOLCHAIN": "local",
            "PATH": "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        },
        folder="/go",
    ),
    "library/maven": Recipe(packages=("openjdk-17-jdk-headless", "maven", "ca-certificates-java")),
    "library/python": Recipe(packages=("python3", "python3-venv")),
}
"""Repository → what is made in its place."""


def make(recipe: Recipe, target: Path) -> str:
    """Write the root file system as a tar archive to `target`, and say what is in it. Raises ToolUnavailable."""
    mmdebstrap = program("mmdebstrap", package="mmdebstrap", purpose="to make base images from Debian's packages")
    contents = [f"Debian {SUITE}", *recipe.packages]
    command = [
        str(mmdebstrap),
        "--variant=minbase",
        f"--include={','.join(('ca-certificates', *recipe.packages))}",
    ]
    # Licences stay, and manuals too: Java's packages link to theirs.
    command += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("locale", "lintian")]
    command += ["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    if recipe.go:
        go = go_binary(required_version(SERVICES))
        # Two hooks, since the toolchain's own folder may have any name.
        command += [
            '--customize-hook=mkdir -p "$1/usr/local/go" "$1/go"',
            f"--customize-hook=sync-in {_root(go)} /usr/local/go",
        ]
        contents.append(version_of(go))
    _run([*command, SUITE, str(target)])
    return ", ".join(contents)


def _root(go: Path) -> str:
    return subprocess.run([str(go), "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()


def _run(command: list[str]) -> None:
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        said = "\n".join(f"  {line}" for line in finished.stderr.strip().splitlines()[-15:])
        raise ToolUnavailable(
            f"mmdebstrap failed with exit code {finished.returncode}, so there is no base image. "
            f"It takes Debian's packages from deb.debian.org, which must be reachable. Its last lines:\n{said}"
        )
