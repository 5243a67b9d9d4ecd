"""What the containers of one Pod share: volumes, identity, the way it stops, and what it relaxes."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from components.faults import fault
from components.hardening import HardenedDefault
from components.scalars import (
    AbsolutePath,
    Cidr,
    ConfigKey,
    DnsLabel,
    DnsSubdomain,
    PodFileField,
    RelativePath,
    matching,
)
from components.specs.base import Finding, Spec
from components.specs.tags import tag, tag_by_key
from components.units import Memory

_SHORTEST_REASON: Final = 10


def _reason(value: str) -> str:
    if len(value) < _SHORTEST_REASON:
        raise fault(
            "is too short to be a reason",
            consequence="nobody could judge later whether the default may come back",
            fix=f"say in a sentence why the default is off, in {_SHORTEST_REASON} characters or more",
        )
    return value


Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    AfterValidator(_reason),
    WithJsonSchema({"type": "string", "minLength": _SHORTEST_REASON}),
]
"""Why a default is switched off: a sentence that a reviewer can weigh, at least 10 characters."""

_FileMode = Annotated[
    str,
    matching(
        re.compile(r"0[0-7]{3}"), "a file mode", "Kubernetes refuses the Pod", "write four octal digits, e.g. '0440'"
    ),
    WithJsonSchema({"type": "string", "pattern": "^0[0-7]{3}$", "examples": ["0440"]}),
]
_ApiResource = Annotated[
    str,
    matching(
        re.compile(r"[a-z]+(/[a-z]+)?"),
        "a resource of the Kubernetes API",
        "the Role would allow nothing, or everything",
        "write its plural in lower case: pods, or a part of it: pods/log",
    ),
    WithJsonSchema({"type": "string", "pattern": "^[a-z]+(/[a-z]+)?$", "examples": ["pods", "pods/log"]}),
]


class EmptyDirectory(Spec):
    """Scratch space that lives as long as the Pod: ``{empty: 64Mi}``."""

    empty: Memory | None = Field(..., description="Size limit; null (no limit) needs the exception 'unsized-volume'.")
    medium: Literal["disk", "memory"] = "disk"


class ClaimedVolume(Spec):
    """Storage that outlives the Pod: ``{claim: 10Gi}``. A StatefulSet makes one per replica."""

    claim: Memory
    storage_class: DnsSubdomain | None = Field(None, description="The cluster's default class where absent.")
    access: Literal["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"] = "ReadWriteOnce"


class ExistingClaim(Spec):
    """A PersistentVolumeClaim that somebody else made."""

    existing_claim: DnsSubdomain
    read_only: bool = False


class ProjectedKeys(Spec):
    """How the keys of a ConfigMap or Secret become files."""

    items: dict[ConfigKey, RelativePath] = Field(
        {}, description="Key → path; all keys under their own names where absent."
    )
    mode: _FileMode | None = Field(None, description="Octal text, e.g. '0440'.")
    optional: bool = Field(False, description="Start with an empty folder where the object is missing.")
    on_change: Literal["restart", "reload"] = Field(
        "restart", description="'restart' rolls the Pods; 'reload' trusts the program to read its changed files."
    )


class ConfigVolume(ProjectedKeys):
    """A ConfigMap as files: ``{config: NAME}``."""

    config: DnsSubdomain


class SecretVolume(ProjectedKeys):
    """A Secret as files: ``{secret: NAME}``."""

    secret: DnsSubdomain


class DownwardVolume(Spec):
    """Fields of the Pod as files: ``{downward: {labels: metadata.labels}}``."""

    downward: dict[RelativePath, PodFileField]


class HostPath(Spec):
    """A folder of the node; for agents, with the exception 'host-path', or 'writable-host-path'."""

    host_path: AbsolutePath
    writable: bool = Field(
        False, description="Read-only where absent. A writable one is made on the node, and outlives the Pods."
    )


Volume = Annotated[
    Annotated[EmptyDirectory, tag("empty")]
    | Annotated[ClaimedVolume, tag("claim")]
    | Annotated[ExistingClaim, tag("existing-claim")]
    | Annotated[ConfigVolume, tag("config")]
    | Annotated[SecretVolume, tag("secret")]
    | Annotated[DownwardVolume, tag("downward")]
    | Annotated[HostPath, tag("host-path")],
    tag_by_key("claim", "existing-claim", "config", "secret", "downward", "host-path", "empty"),
]


class ApiAccess(Spec):
    """What the workload may do with the Kubernetes API of its own namespace: one rule of a Role, without wildcards."""

    groups: tuple[DnsSubdomain | Literal[""], ...] = ("",)
    resources: tuple[_ApiResource, ...]
    verbs: tuple[Literal["get", "list", "watch", "create", "update", "patch", "delete"], ...]
    names: tuple[str, ...] = ()


class ServiceType(StrEnum):
    """How a Service is reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


class ServiceSettings(Spec):
    """The workload's Service, where it is to differ from a ClusterIP of the workload's own name."""

    name: DnsLabel | None = Field(None, description="The workload's name by default.")
    type: ServiceType = ServiceType.CLUSTER_IP
    headless: bool = Field(False, description="No cluster IP: DNS answers with the Pods' addresses.")
    source_ranges: tuple[Cidr, ...] = Field(
        (), description="CIDRs that may reach a LoadBalancer or NodePort; everybody where empty."
    )
    external_traffic: Literal["Cluster", "Local"] | None = None
    session_affinity: bool = False
    annotations: dict[str, str] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield a Service that is headless and reached from outside, and settings of a Service that is not."""
        if self.type is ServiceType.CLUSTER_IP:
            for field in ("external-traffic", "source-ranges"):
                if getattr(self, field.replace("-", "_")):
                    yield (
                        (field,),
                        fault(
                            f"does not go with type {self.type.value}",
                            consequence="Kubernetes refuses it, or nothing reads it: nobody comes from outside",
                            fix="drop it, or make the type LoadBalancer or NodePort",
                        ),
                    )
        if self.headless and self.type is not ServiceType.CLUSTER_IP:
            yield (
                ("headless",),
                fault(
                    f"does not go with type {self.type.value}",
                    consequence="Kubernetes refuses a Service that has no cluster IP and is reached from outside",
                    fix="drop 'headless' or 'type'",
                ),
            )


def named_reasons(value: Any) -> Any:
    """Refuse a list, the commonest slip: an exception without a reason is none."""
    if isinstance(value, list | tuple):
        raise fault(
            "gives no reasons",
            consequence="nobody could judge later whether the default may come back",
            fix="write each as NAME: reason",
        )
    return value


Exceptions = Annotated[dict[HardenedDefault, Reason], BeforeValidator(named_reasons)]
