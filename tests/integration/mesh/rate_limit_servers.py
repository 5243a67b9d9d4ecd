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
from tests.integration.servers.mounted_files import mount
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
    mount(folder / mounted.lstrip("/"), config)
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

    def ready() -> bool:
        return is_listening(ports["grpc"]) and is_listening(ports["http"])

    with serving("ratelimit", command, folder=folder, ready=ready):
        yield ports["grpc"], ports["http"]


def _value(value: object, password: str) -> str:
    return password if isinstance(value, SecretReference) else str(value)
