"""Docker's buildx: an installed one where it is recent enough, otherwise built from the module in `buildx/`."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from launcher import gobuild
from launcher.gobuild import GoTool, built

MODULE = Path(__file__).parent / "buildx"
_MODULE_PATH = "github.com/docker/buildx"
_PROGRAM = "docker-buildx"
MINIMUM_VERSION = (0, 13)
"""The first release with `--progress=rawjson`, from which the stand-in reads steps and errors
(https://github.com/docker/buildx/releases/tag/v0.13.0)."""

_SYSTEM_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
"""Where packages put plugins of the docker CLI
(https://github.com/docker/cli/blob/master/cli-plugins/manager/manager_unix.go)."""


def buildx_binary() -> Path:
    """Return a buildx that the stand-in can use: the first installed one that is recent enough, or else a built one.

    Raises ToolUnavailable when there is none and none can be built.
    """
    for candidate in _installed():
        version = _version_of(candidate)
        if version >= MINIMUM_VERSION:
            return candidate
    return built(
        GoTool(
            name=_PROGRAM,
            module=MODULE,
            package=f"{_MODULE_PATH}/cmd/buildx",
            ldflags=("-s", "-w", f"-X {_MODULE_PATH}/version.Version=v{pinned_version()}"),
            takes="about 3 minutes on two cores",
        )
    )


def pinned_version() -> str:
    """Return the version that launcher/buildx/go.mod pins, such as `0.30.1`."""
    return gobuild.pinned_version(MODULE, _MODULE_PATH)


def docker_folder() -> Path:
    """Return the folder of the docker CLI's settings: `$DOCKER_CONFIG`, else `~/.docker`."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _installed() -> Iterator[Path]:
    if on_path := shutil.which(_PROGRAM):
        yield Path(on_path)
    for folder in (docker_folder() / "cli-plugins", *map(Path, _SYSTEM_PLUGINS)):
        if os.access(folder / _PROGRAM, os.X_OK):
            yield folder / _PROGRAM


def _version_of(binary: Path) -> tuple[int, ...]:
    """Return the numbers of a buildx's version; the empty tuple, less than every version, if it says none."""
    try:
        finished = subprocess.run([binary, "version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"\bv(\d+(?:\.\d+)*)", finished.stdout)
    return tuple(map(int, found[1].split("."))) if found else ()
