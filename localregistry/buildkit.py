"""A BuildKit of its own, for what the one in an engine can't: several platforms, an exported cache, attestations."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from launcher.failures import ToolUnavailable
from launcher.gobuild import built
from localcluster.processes import serving
from localregistry.binaries import BUILDKITD
from localregistry.debian import program


@contextmanager
def running(folder: Path) -> Generator[str]:
    """Run a buildkitd that keeps everything in `folder`, give its address, and stop it at the end.

    Builds reach the network as processes of this machine do. It needs root, and runc from Debian's packages.
    Raises ToolUnavailable, and `localcluster.processes.ServerFailed` where it doesn't start.
    """
    if os.geteuid() != 0:
        raise ToolUnavailable("A buildkitd of its own needs root, so nothing can be built with it. Run this as root.")
    runc = program("runc", package="runc", purpose="to run the steps of builds")
    socket = folder / "buildkitd.sock"
    command = [
        str(built(BUILDKITD)),
        f"--root={folder / 'data'}",
        f"--addr=unix://{socket}",
        f"--oci-worker-binary={runc}",
        "--oci-worker-net=host",
        "--containerd-worker=false",
    ]
    with serving("buildkitd", command, folder=folder, ready=socket.is_socket):
        yield f"unix://{socket}"


@contextmanager
def builder(buildx: Path, name: str, address: str) -> Generator[str]:
    """Make the buildkitd at `address` known to buildx under `name`, as long as the context lasts."""
    subprocess.run([buildx, "create", "--name", name, "--driver", "remote", address], check=True, capture_output=True)
    try:
        yield name
    finally:
        subprocess.run([buildx, "rm", "--force", name], check=True, capture_output=True)
