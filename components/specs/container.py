"""One container: what runs in it, what it sees, what it may use."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from components.faults import fault
from components.quantities import byte_count, millicores, thousandths_text
from components.scalars import (
    AbsolutePath,
    AppProtocol,
    Capability,
    ConfigKey,
    Cpu,
    DnsLabel,
    DnsSubdomain,
    EnvironmentVariableName,
    ImageReference,
    Memory,
    PodField,
    PortName,
    RelativePath,
    UserId,
)
from components.specs.base import Finding, Spec
from components.specs.probes import PortNumber, Probes
from components.specs.tags import tag, tag_by_key


class Language(StrEnum):
    """The runtime inside a container; it decides the budget that the runtime is told (REQUIREMENTS W5)."""

    GO = "go"
    JAVA = "java"
    PYTHON = "python"
    OTHER = "other"


class Protocol(StrEnum):
    """Transport protocols of a port."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Port(Spec):
    """A port that a container listens on. A bare number stands for ``{number: …}``."""

    number: PortNumber
    protocol: Protocol = Protocol.TCP
    service_port: PortNumber | None = Field(None, description="The Service's port; the container's number by default.")
    node_port: int | None = Field(
        None, ge=30000, le=32767, description="A fixed port on every node (type NodePort or LoadBalancer)."
    )
    app_protocol: AppProtocol | None = Field(
        None,
        description="The Service's appProtocol; by default the port's name where that is http, grpc, https or tcp.",
    )
    exposed: bool = Field(True, description="Whether the workload's Service carries this port.")


def _port(value: Any) -> Any:
    if isinstance(value, str):
        raise fault(
            "is text, where a number or a mapping belongs",
            consequence="the container would have no such port",
            fix=f"write {value} without quotes" if value.isdecimal() else "write its number, e.g. 8080",
        )
    return {"number": value} if isinstance(value, int) and not isinstance(value, bool) else value


PortOrNumber = Annotated[Port, BeforeValidator(_port, json_schema_input_type=PortNumber | Port)]


class FieldReference(Spec):
    """A field of the Pod, by the downward API: ``{field: metadata.name}``."""

    field: PodField


class ResourceReference(Spec):
    """A budget of a container, by the downward API: ``{resource: limits.cpu}``."""

    resource: Literal[
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
    ]
    divisor: str | None = None


class ConfigReference(Spec):
    """One key of a ConfigMap: ``{config: NAME, key: KEY}``."""

    config: DnsSubdomain
    key: ConfigKey
    optional: bool = Field(False, description="Start without the variable where the object or key is missing.")


class SecretReference(Spec):
    """One key of a Secret: ``{secret: NAME, key: KEY}``."""

    secret: DnsSubdomain
    key: ConfigKey
    optional: bool = Field(False, description="Start without the variable where the object or key is missing.")


def _scalar_as_text(value: Any) -> Any:
    """Write YAML's numbers and booleans as a shell would see them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


EnvironmentValue = Annotated[
    Annotated[str, BeforeValidator(_scalar_as_text, json_schema_input_type=str | int | float | bool), tag("literal")]
    | Annotated[FieldReference, tag("field")]
    | Annotated[ResourceReference, tag("resource")]
    | Annotated[ConfigReference, tag("config")]
    | Annotated[SecretReference, tag("secret")],
    tag_by_key("field", "resource", "config", "secret", otherwise="literal"),
]
"""The value of a variable: a literal (``$(NAME)`` refers to a variable above it) or a reference."""


class ConfigSource(Spec):
    """All keys of a ConfigMap as variables."""

    config: DnsSubdomain
    prefix: str = ""
    optional: bool = False


class SecretSource(Spec):
    """All keys of a Secret as variables."""

    secret: DnsSubdomain
    prefix: str = ""
    optional: bool = False


EnvironmentSource = Annotated[
    Annotated[ConfigSource, tag("config")] | Annotated[SecretSource, tag("secret")],
    tag_by_key("config", "secret"),
]


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


class Limits(Spec):
    """Upper bounds, where they are to differ from what is derived from the requests."""

    cpu: Cpu | None = None
    memory: Memory | None = None
    ephemeral_storage: Memory | None = None


class Resources(Spec):
    """What a container asks for; its limits follow.

    The memory limit equals the request, so that a node never promises memory it does not have; the CPU limit is four
    times the request, room for a JVM to start; the ephemeral-storage limit equals its request.
    """

    cpu: Cpu = "100m"
    memory: Memory = "128Mi"
    ephemeral_storage: Memory = "128Mi"
    limits: Limits = Limits()

    def findings(self) -> Iterator[Finding]:
        """Yield each request that is over its limit."""
        for what, request, limit, size in (
            ("cpu", self.cpu, self.limits.cpu, millicores),
            ("memory", self.memory, self.limits.memory, byte_count),
            ("ephemeral-storage", self.ephemeral_storage, self.limits.ephemeral_storage, byte_count),
        ):
            if limit is not None and size(request) > size(limit):
                yield (
                    (what,),
                    fault(
                        f"is over its limit of {limit}",
                        consequence="Kubernetes refuses the Pod",
                        fix=f"lower {what} or raise limits.{what}",
                    ),
                )

    @property
    def cpu_limit(self) -> str:
        """CPU limit: as given, or four times the request."""
        return self.limits.cpu or thousandths_text(4 * millicores(self.cpu))

    @property
    def memory_limit(self) -> str:
        """Memory limit: as given, or the request."""
        return self.limits.memory or self.memory

    @property
    def ephemeral_storage_limit(self) -> str:
        """Ephemeral-storage limit: as given, or the request."""
        return self.limits.ephemeral_storage or self.ephemeral_storage


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
        """Yield each variable that refers to one that is not defined yet, and each probe that has no port to ask."""
        yield from forward_references(self.env)
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


_REFERENCE: Final = re.compile(r"\$\$|\$\(([^)]*)\)")
"""An escaped dollar sign, or a reference; Kubernetes reads a value from left to right."""


def forward_references(env: Mapping[str, EnvironmentValue]) -> Iterator[Finding]:
    """Yield each variable that refers to one that is defined after it, as Kubernetes expands in order."""
    names = list(env)
    for index, (name, value) in enumerate(env.items()):
        if not isinstance(value, str):
            continue
        for later in dict.fromkeys(found[1] for found in _REFERENCE.finditer(value) if found[1] in names[index:]):
            yield (
                ("env", name),
                fault(
                    f"refers to $({later}), which is {'itself' if later == name else 'defined after it'}",
                    consequence=f"Kubernetes leaves the text $({later}) in the value",
                    fix=f"move {later} above {name}, or write $$({later}) for the text itself",
                ),
            )


class Sidecar(Container):
    """A container beside the main one: a native sidecar or a second runtime in the same Pod."""

    image: ImageReference
