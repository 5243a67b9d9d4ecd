"""A namespace: how strict it is, and how much may run in it."""

from enum import StrEnum

from pydantic import Field

from components.scalars import DnsLabel
from components.specs.base import Spec
from components.specs.pod import Reason
from components.units import Cpu, Memory


class PodSecurityLevel(StrEnum):
    """Pod Security Standards (https://kubernetes.io/docs/concepts/security/pod-security-standards/)."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"
    PRIVILEGED = "privileged"


class Quota(Spec):
    """The most that all Pods of a namespace may ask for together."""

    cpu: Cpu
    memory: Memory
    pods: int = Field(ge=1)
    storage: Memory | None = Field(None, description="Sum of all claims; not bounded where absent.")


class NamespaceSpec(Spec):
    """One namespace."""

    name: DnsLabel
    quota: Quota
    pod_security: PodSecurityLevel = PodSecurityLevel.RESTRICTED
    relaxed_for: tuple[Reason, ...] = Field((), description="Why the level is weaker than restricted.")
    labels: dict[str, str] = {}
