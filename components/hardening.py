"""The hardened defaults that may be switched off, and the annotations that carry the reasons. Pure."""

from enum import StrEnum

from components.identity import exception_annotation


class HardenedDefault(StrEnum):
    """A hardened default of a workload.

    A service may switch it off, giving its reason. The reason is written into an annotation of the workload and of its
    Pods, where reviewers and the rules read it.
    """

    RUN_AS_ROOT = "run-as-root"
    WRITABLE_ROOT_FILESYSTEM = "writable-root-filesystem"
    PRIVILEGE_ESCALATION = "privilege-escalation"
    CAPABILITIES = "capabilities"
    SERVICE_ACCOUNT_TOKEN = "service-account-token"  # noqa: S105 - a name, not a secret
    HOST_PATH = "host-path"
    WRITABLE_HOST_PATH = "writable-host-path"
    SINGLE_REPLICA = "single-replica"
    DISRUPTION_BUDGET = "disruption-budget"
    PROBES = "probes"
    CPU_LIMIT = "cpu-limit"
    SPREAD = "spread"
    RECREATE = "recreate"
    UNSIZED_VOLUME = "unsized-volume"
    NODE_PORT = "node-port"
    FAULT_INJECTION = "fault-injection"

    @property
    def annotation(self) -> str:
        """The annotation's key, e.g. ``polyglot.dev/exception-run-as-root``."""
        return exception_annotation(self.value)


class NamespaceDefault(StrEnum):
    """A hardened default of a namespace; what its workloads switch off decides whether it holds."""

    POD_SECURITY = "pod-security"

    @property
    def annotation(self) -> str:
        """The annotation's key."""
        return exception_annotation(self.value)


class MeshDefault(StrEnum):
    """A hardened default of the mesh, that single ports may switch off."""

    PLAIN_TEXT = "plain-text"

    @property
    def annotation(self) -> str:
        """The annotation's key, of the objects that let plain text in."""
        return exception_annotation(self.value)
