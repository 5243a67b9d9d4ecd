"""How strict a namespace is: as its least strict workload allows."""

from collections.abc import Mapping

from components.hardening import HardenedDefault
from components.mesh.names import namespace_labels
from components.specs.mesh.settings import Mesh
from components.specs.namespace import NamespaceSpec, PodSecurityLevel, Quota
from components.specs.workload import WorkloadSpec

RESTRICTED_ALLOWS = frozenset({"NET_BIND_SERVICE"})
"""The one capability that the restricted Pod Security Standard lets a container keep."""
BASELINE_ALLOWS = RESTRICTED_ALLOWS | {
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
}
"""Those that the baseline standard lets it add."""


def namespace(name: str, quota: Quota, specs: Mapping[str, WorkloadSpec], mesh: Mesh | None) -> NamespaceSpec:
    """Return a namespace, as strict as its least strict workload allows."""
    level, reasons = PodSecurityLevel.RESTRICTED, list[str]()
    order = list(PodSecurityLevel)
    for workload, spec in specs.items():
        for default, needed in _weaker_levels(spec):
            level = max(level, needed, key=order.index)
            reasons.append(f"{workload}: {spec.exceptions[default]}")
    return NamespaceSpec(
        name=name,
        quota=quota,
        pod_security=level,
        relaxed_for=tuple(reasons),
        labels=namespace_labels(mesh) if mesh else {},
    )


def _weaker_levels(spec: WorkloadSpec) -> list[tuple[HardenedDefault, PodSecurityLevel]]:
    added = {capability for part in spec.every_container for capability in part.capabilities}
    found = []
    if HardenedDefault.RUN_AS_ROOT in spec.exceptions:
        found.append((HardenedDefault.RUN_AS_ROOT, PodSecurityLevel.BASELINE))
    if HardenedDefault.PRIVILEGE_ESCALATION in spec.exceptions:
        found.append((HardenedDefault.PRIVILEGE_ESCALATION, PodSecurityLevel.BASELINE))
    if HardenedDefault.HOST_PATH in spec.exceptions:
        found.append((HardenedDefault.HOST_PATH, PodSecurityLevel.PRIVILEGED))
    if added - BASELINE_ALLOWS:
        found.append((HardenedDefault.CAPABILITIES, PodSecurityLevel.PRIVILEGED))
    elif added - RESTRICTED_ALLOWS:
        found.append((HardenedDefault.CAPABILITIES, PodSecurityLevel.BASELINE))
    return found
