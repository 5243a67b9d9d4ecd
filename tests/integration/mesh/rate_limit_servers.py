"""The real rate-limit service, built from its Go module, and the real Redis in which it counts."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from components import versions
from components.specs.variables import SecretReference
from components.specs.workload import WorkloadSpec
from launcher.failures import ToolUnavailable
from launcher.gobuild import GoTool, built
from launcher.private_file import write_private
from launcher.progress import say
from localcluster.processes import serving
from tests.integration.servers.processes import LOOPBACK, free_port

RATE_LIMIT: Final = GoTool(
    name="ratelimit",
    module=Path(__file__).parent / "ratelimit",
    package="github.com/envoyproxy/ratelimit/src/service_cmd",
    ldflags=("-s", "-w"),
    takes="about 1 minute",
)
COMMIT: Final = versions.RATE_LIMIT_IMAGE.rpartition(":")[2]
"""The image's tag is that of a commit; go.mod names the same one."""
_DEBIAN: Final = Path("/usr/bin/redis-check-rdb")
"""Redis' one program, as the package redis-tools has it; called redis-server it serves. The package of that name would
also start a server of its own."""


@contextmanager
def redis(folder: Path) -> Generator[tuple[int, str]]:
    """Run Redis, which asks for a password; give its port and that password."""
    port, password, configuration = free_port(), secrets.token_hex(16), folder / "redis.conf"
    server = folder / "redis-server"
    server.symlink_to(_redis())
    settings = (f"bind {LOOPBACK}", f"port {port}", 'save ""', f"dir {folder}", f"requirepass {password}")
    write_private(configuration, "\n".join(settings).encode())
    command = [str(server), str(configuration)]
    with serving("redis", command, folder=folder, ready=lambda: _answers(port)):
        yield port, password


@contextmanager
def rate_limit_service(
    folder: Path, spec: WorkloadSpec, config: Mapping[str, str], password: str
) -> Generator[tuple[int, int]]:
    """Run the service as its workload says, with ports and folders of this machine; give those of gRPC and HTTP.

    The ConfigMap's files are where kubelet would put them, links and hidden folder included.
    """
    (mounted,) = (path for path, mount in spec.mounts.items() if mount.volume == "limits")
    _mount(config, folder / mounted.lstrip("/"))
    ports = {name: free_port() for name in spec.ports}
    environment = {name: _value(value, password) for name, value in spec.env.items()}
    environment |= {
        "RUNTIME_ROOT": str(folder / environment["RUNTIME_ROOT"].lstrip("/")),
        "GRPC_PORT": str(ports["grpc"]),
        "PORT": str(ports["http"]),
        "PROMETHEUS_ADDR": f"{LOOPBACK}:{ports['metrics']}",
        "DEBUG_PORT": str(free_port()),
        "HOST": LOOPBACK,
        "GRPC_HOST": LOOPBACK,
    }
    # Through env: `serving` starts programs with this process' own variables.
    command = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), str(built(RATE_LIMIT))]
    with serving("ratelimit", command, folder=folder, ready=lambda: _answers(ports["grpc"])):
        yield ports["grpc"], ports["http"]


def _mount(config: Mapping[str, str], folder: Path) -> None:
    hidden = folder / "..2026_01_01"
    hidden.mkdir(parents=True)
    (folder / "..data").symlink_to(hidden.name)
    for name, content in config.items():
        (hidden / name).write_text(content)
        (folder / name).symlink_to(f"..data/{name}")


def _value(value: object, password: str) -> str:
    return password if isinstance(value, SecretReference) else str(value)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _redis() -> Path:
    """Return Redis' program; as root on Debian its package is installed where it is missing. Raises ToolUnavailable."""
    if found := shutil.which("redis-server"):
        return Path(found)
    if not _DEBIAN.exists():
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise ToolUnavailable("Redis is not installed: put redis-server on PATH (on Debian: redis-tools will do).")
        say("Installing Redis from Debian's packages (once) ...")
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "redis-tools"]):
            done = subprocess.run(["apt-get", *arguments], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise ToolUnavailable(f"apt-get {' '.join(arguments)} failed:\n{done.stderr}")
    return _DEBIAN
