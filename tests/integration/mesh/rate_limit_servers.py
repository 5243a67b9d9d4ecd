"""The real rate-limit service, built from its Go module."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from components import versions
from components.specs.variables import SecretReference
from components.specs.workload import WorkloadSpec
from launcher.gobuild import GoTool, built
from localcluster.processes import serving
from tests.integration.servers.processes import LOOPBACK, free_port, is_listening

RATE_LIMIT: Final = GoTool(
    name="ratelimit",
    module=Path(__file__).parent / "ratelimit",
    package="github.com/envoyproxy/ratelimit/src/service_cmd",
    ldflags=("-s", "-w"),
    takes="about 1 minute",
)
COMMIT: Final = versions.RATE_LIMIT_IMAGE.rpartition(":")[2]
"""The image's tag is that of a commit; go.mod names the same one."""


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
    with serving("ratelimit", command, folder=folder, ready=lambda: is_listening(ports["grpc"])):
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
