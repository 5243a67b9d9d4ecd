"""What a Pod and its containers may do to their node: rules 2 to 7 and 11 of the checklist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from components.hardening import HardenedDefault

from . import sources
from .objects import Objects
from .pods import Container, Workload
from .rules import Finding, Relaxation, Rule

LOWEST_ID = 10_000
"""Below it lie the ids of the node's own users, whose files a process that escapes its container could touch."""

_PINNED = re.compile(r".+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}@sha256:[a-f0-9]{64}")
_WITHOUT_DIGEST = re.compile(r".+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def _security_context(container: Container) -> Mapping[str, Any]:
    return container.body.get("securityContext") or {}


def _effective(workload: Workload, container: Container, field: str) -> Any:
    """A container's own setting, else its Pod's: as the kubelet reads them."""
    own = _security_context(container).get(field)
    return (workload.pod_spec.get("securityContext") or {}).get(field) if own is None else own


def runs_as_a_high_user(objects: Objects) -> Iterator[Finding]:
    """`runAsNonRoot`, and a UID and GID of at least 10000: set on the Pod or the container."""
    for workload, container in objects.containers():
        path = f"{container.path}.securityContext"
        if _effective(workload, container, "runAsNonRoot") is not True:
            yield Finding(
                workload.manifest,
                f"{path}.runAsNonRoot",
                f"container {container.name} may run as root, so an escape from it owns the node",
                "set runAsNonRoot: true on the Pod or the container",
            )
        for field in ("runAsUser", "runAsGroup"):
            number = _effective(workload, container, field)
            if not isinstance(number, int | float) or number < LOWEST_ID:
                yield Finding(
                    workload.manifest,
                    f"{path}.{field}",
                    f"container {container.name} has {field} {number}: not set, or an id that the node may use itself",
                    f"set {field} to {LOWEST_ID} or more",
                )


def system_calls_are_filtered(objects: Objects) -> Iterator[Finding]:
    """Seccomp `RuntimeDefault`, or a profile of one's own (`Localhost`)."""
    for workload, container in objects.containers():
        profile = (_effective(workload, container, "seccompProfile") or {}).get("type")
        if profile not in ("RuntimeDefault", "Localhost"):
            yield Finding(
                workload.manifest,
                f"{container.path}.securityContext.seccompProfile.type",
                f"container {container.name} has the seccomp profile {profile}, so every system call is open to it",
                "set seccompProfile.type: RuntimeDefault on the Pod or the container",
            )


def privileges_stay_as_they_are(objects: Objects) -> Iterator[Finding]:
    """`allowPrivilegeEscalation: false` on every container (the Pod has no such field)."""
    for workload, container in objects.containers():
        if _security_context(container).get("allowPrivilegeEscalation") is not False:
            yield Finding(
                workload.manifest,
                f"{container.path}.securityContext.allowPrivilegeEscalation",
                f"container {container.name} may gain privileges that it did not start with, as by a setuid program",
                "set allowPrivilegeEscalation: false",
            )


def capabilities_are_dropped(objects: Objects) -> Iterator[Finding]:
    """Every Linux capability dropped, and none added."""
    for workload, container in objects.containers():
        capabilities = _security_context(container).get("capabilities") or {}
        path = f"{container.path}.securityContext.capabilities"
        if "ALL" not in (capabilities.get("drop") or []):
            yield Finding(
                workload.manifest,
                f"{path}.drop",
                f"container {container.name} keeps the runtime's default capabilities, such as NET_RAW",
                "set capabilities.drop: [ALL]",
            )
        if added := capabilities.get("add"):
            yield Finding(
                workload.manifest,
                f"{path}.add",
                f"container {container.name} adds {', '.join(map(str, added))}",
                "drop the entry",
            )


def root_filesystem_is_read_only(objects: Objects) -> Iterator[Finding]:
    """`readOnlyRootFilesystem: true`: what is written goes to volumes that someone sized."""
    for workload, container in objects.containers():
        if _security_context(container).get("readOnlyRootFilesystem") is not True:
            yield Finding(
                workload.manifest,
                f"{container.path}.securityContext.readOnlyRootFilesystem",
                f"container {container.name} can change its own programs",
                "set readOnlyRootFilesystem: true and mount a sized emptyDir where it writes",
            )


def scratch_space_is_sized(objects: Objects) -> Iterator[Finding]:
    """Every emptyDir has a `sizeLimit`."""
    for workload, position, volume in _volumes(objects):
        if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path}.volumes[{position}].emptyDir.sizeLimit",
                f"volume {volume.get('name')} may grow until the node evicts its neighbours",
                "set emptyDir.sizeLimit",
            )


def node_is_out_of_reach(objects: Objects) -> Iterator[Finding]:
    """No host namespaces, no host ports, nothing privileged."""
    for workload in objects.workloads:
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if workload.pod_spec.get(field):
                yield Finding(
                    workload.manifest,
                    f"{workload.pod_spec_path}.{field}",
                    "the Pod shares this namespace with its node, and so sees its neighbours",
                    "drop the field",
                )
    for workload, container in objects.containers():
        if _security_context(container).get("privileged"):
            yield Finding(
                workload.manifest,
                f"{container.path}.securityContext.privileged",
                f"container {container.name} is root on its node",
                "drop the field",
            )
        for position, port in enumerate(container.body.get("ports") or []):
            if port.get("hostPort"):
                yield Finding(
                    workload.manifest,
                    f"{container.path}.ports[{position}].hostPort",
                    f"port {port['hostPort']} of the node goes to container {container.name}, past every NetworkPolicy",
                    "drop hostPort and reach the Pod by a Service",
                )


def node_files_are_out_of_reach(objects: Objects) -> Iterator[Finding]:
    """No hostPath volumes."""
    for workload, position, volume in _volumes(objects):
        if "hostPath" in volume:
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path}.volumes[{position}].hostPath",
                f"volume {volume.get('name')} opens the node's own files to the Pod",
                "use an emptyDir or a PersistentVolumeClaim",
            )


def node_files_are_read_only(objects: Objects) -> Iterator[Finding]:
    """Where a hostPath volume is excepted, every mount of it is still read-only."""
    for workload, container in objects.containers():
        host_paths = {volume.get("name") for volume in workload.pod_spec.get("volumes") or [] if "hostPath" in volume}
        for position, mount in enumerate(container.body.get("volumeMounts") or []):
            if mount.get("name") in host_paths and mount.get("readOnly") is not True:
                yield Finding(
                    workload.manifest,
                    f"{container.path}.volumeMounts[{position}].readOnly",
                    f"container {container.name} can write to the node's own files by volume {mount.get('name')}",
                    "set readOnly: true",
                )


def services_open_no_node_port(objects: Objects) -> Iterator[Finding]:
    """No Service of type NodePort."""
    for service in objects.of_kind("Service"):
        if (service.get("spec") or {}).get("type") == "NodePort":
            yield Finding(
                service,
                "spec.type",
                "every node opens a port for this Service, to all who reach the node",
                "use ClusterIP, or LoadBalancer with loadBalancerSourceRanges",
            )


def images_are_pinned(objects: Objects) -> Iterator[Finding]:
    """Every image has a tag, for people, and a digest, for the runtime."""
    for workload, container in objects.containers():
        image = container.body.get("image")
        # An image that is still being built has no text yet; its digest is known when it is deployed.
        if (image is None or isinstance(image, str)) and not _PINNED.fullmatch(image or ""):
            lacks = "digest" if _WITHOUT_DIGEST.fullmatch(image or "") else "tag or digest"
            yield Finding(
                workload.manifest,
                f"{container.path}.image",
                f"{image} has no {lacks}, so what runs can change without a deployment",
                "write NAME:TAG@sha256:DIGEST",
            )


def _volumes(objects: Objects) -> Iterable[tuple[Workload, int, Mapping[str, Any]]]:
    for workload in objects.workloads:
        for position, volume in enumerate(workload.pod_spec.get("volumes") or []):
            yield workload, position, volume


def _restricted(
    number: int, title: str, find: Callable[[Objects], Iterable[Finding]], relaxation: Relaxation | None = None
) -> Rule:
    return Rule(number=number, title=title, source=sources.POD_SECURITY_STANDARDS, find=find, relaxation=relaxation)


RULES = (
    _restricted(2, "containers run as a high, non-root user", runs_as_a_high_user, HardenedDefault.RUN_AS_ROOT),
    _restricted(3, "system calls are filtered", system_calls_are_filtered),
    _restricted(4, "no privilege escalation", privileges_stay_as_they_are, HardenedDefault.PRIVILEGE_ESCALATION),
    _restricted(5, "all capabilities are dropped", capabilities_are_dropped, HardenedDefault.CAPABILITIES),
    Rule(
        number=6,
        title="the root filesystem is read-only",
        source=sources.HARDENING_GUIDE,
        find=root_filesystem_is_read_only,
        relaxation=HardenedDefault.WRITABLE_ROOT_FILESYSTEM,
    ),
    Rule(
        number=6,
        title="scratch space is sized",
        source=sources.EMPTY_DIR,
        find=scratch_space_is_sized,
        relaxation=HardenedDefault.UNSIZED_VOLUME,
    ),
    _restricted(7, "the node's namespaces and ports are out of reach", node_is_out_of_reach),
    _restricted(7, "the node's files are out of reach", node_files_are_out_of_reach, HardenedDefault.HOST_PATH),
    Rule(
        number=7, title="the node's files are read-only", source=sources.HARDENING_GUIDE, find=node_files_are_read_only
    ),
    Rule(
        number=7,
        title="no Service opens a port on the nodes",
        source=sources.NODE_PORT,
        find=services_open_no_node_port,
        relaxation=HardenedDefault.NODE_PORT,
    ),
    Rule(
        number=11,
        title="images have a tag and a digest",
        source=sources.IMAGES,
        find=images_are_pinned,
        production_only=True,
    ),
)
