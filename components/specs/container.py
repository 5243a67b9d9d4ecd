"""One container: what runs in it, what it sees, what it may use."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from components.faults import fault
from components.scalars import (
    AbsolutePath,
    Capability,
    DnsLabel,
    EnvironmentVariableName,
    ImageReference,
    PortName,
    RelativePath,
    UserId,
)
from components.specs.base import Finding, Spec
from components.specs.ports import METRICS, PortOrNumber
from components.specs.probes import Probes
from components.specs.resources import Resources
from components.specs.variables import EnvironmentSource, EnvironmentValue, forward_references


class Language(StrEnum):
    """The runtime inside a container; it decides the budget that the runtime is told."""

    GO = "go"
    JAVA = "java"
    PYTHON = "python"
    OTHER = "other"


class Mount(Spec):
    """Where a volume appears in a container. A bare name stands for ``{volume: NAME}``."""

    volume: DnsLabel
    sub_path: RelativePath | None = Field(
        None, description="One file or folder of the volume (never updated while running)."
    )
    read_only: bool = False


MountOrVolume = Annotated[
    Mount,
    BeforeValidator(
        lambda value: {"volume": value} if isinstance(value, str) else value, json_schema_input_type=DnsLabel | Mount
    ),
]


class Container(Spec):
    """One container of a workload's Pod."""

    language: Language = Language.OTHER
    image: ImageReference | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_directory: AbsolutePath | None = None
    ports: dict[PortName, PortOrNumber] = {}
    env: dict[EnvironmentVariableName, EnvironmentValue] = {}
    env_from: tuple[EnvironmentSource, ...] = Field(
        (), description="ConfigMaps and Secrets; later ones win over earlier ones."
    )
    mounts: dict[AbsolutePath, MountOrVolume] = Field({}, description="Mount path → volume, or a volume's sub-path.")
    probes: Probes = Probes()
    resources: Resources = Resources()
    user: UserId | None = Field(None, description="The container's UID, where it differs from the Pod's.")
    group: UserId | None = Field(None, description="The container's GID, where it differs from the Pod's.")
    capabilities: tuple[Capability, ...] = Field(
        (), description="Linux capabilities kept; needs the exception 'capabilities'."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield each variable that is used too early, each probe without a port to ask, and each path that is idle."""
        yield from forward_references(self.env)
        for name, port in self.ports.items():
            if port.path is not None and name != METRICS:
                yield (
                    ("ports", name, "path"),
                    fault(
                        f"is set on a port that is not called {METRICS}",
                        consequence="nothing reads it: it says where metrics are scraped",
                        fix=f"call the port {METRICS}, or drop the path",
                    ),
                )
        for name, probe in self.probes.named():
            if probe.exec or (isinstance(probe.port, int) and probe.grpc is None):
                continue
            known = ", ".join(self.ports) or "none"
            if isinstance(probe.port, str) and probe.port not in self.ports:
                problem = f"asks port {probe.port!r}, which the container does not have"
            elif probe.port is None and not self.ports:
                problem = "has no port to ask"
            else:
                continue
            yield (
                ("probes", name),
                fault(
                    problem,
                    consequence="the container would never count as ready, or be restarted for ever",
                    fix=f"name a port of the container (it has: {known}), or use exec",
                ),
            )


class Sidecar(Container):
    """A container beside the main one: a native sidecar or a second runtime in the same Pod."""

    image: ImageReference
