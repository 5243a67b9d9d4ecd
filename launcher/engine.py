"""The Pulumi engine: the CLI from PATH where it is recent enough, otherwise built from the module in `engine/`."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from launcher import gobuild
from launcher.gobuild import GoTool, built

MODULE = Path(__file__).parent / "engine"
_PACKAGES = "github.com/pulumi/pulumi/pkg/v3"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def pinned_version() -> str:
    """Return the CLI's version that launcher/engine/go.mod pins, such as `3.259.0`."""
    return gobuild.pinned_version(MODULE, _PACKAGES)


def version_of(pulumi: Path) -> str:
    """Return what `pulumi version` prints, without its leading `v`."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    finished = subprocess.run([str(pulumi), "version"], env=environment, capture_output=True, text=True, check=False)
    return finished.stdout.strip().removeprefix("v")


def pulumi_binary() -> Path:
    """Return a Pulumi CLI of at least the pinned version, with which this program is tested.

    Raises ToolUnavailable when PATH has none and none can be built.
    """
    pinned = pinned_version()
    on_path = shutil.which("pulumi")
    if on_path is not None and _numbers(version_of(Path(on_path))) >= _numbers(pinned):
        return Path(on_path)
    # Linked without the version the CLI reports none, and Pulumi's Automation API then refuses it.
    return built(
        GoTool(
            name="pulumi",
            module=MODULE,
            package=f"{_PACKAGES}/cmd/pulumi",
            ldflags=("-s", "-w", f"-X {_VERSION_VARIABLE}={pinned}"),
            takes="about 6 minutes on two cores",
        )
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version; of anything else the empty tuple, which is less than every version."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
