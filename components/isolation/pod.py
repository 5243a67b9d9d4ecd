"""What a Pod's containers run as, and what they may change: rules 2 to 6 and 11 of the checklist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
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


def _effective(workload: Workload, container: Container, field: str) -> Any:
    """A container's own setting, else its Pod's: as the kubelet reads them."""
    own = container.security_context.get(field)
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
        if container.security_context.get("allowPrivilegeEscalation") is not False:
            yield Finding(
                workload.manifest,
                f"{container.path}.securityContext.allowPrivilegeEscalation",
                f"container {container.name} may gain privileges that it did not start with, as by a setuid program",
                "set allowPrivilegeEscalation: false",
            )


def capabilities_are_dropped(objects: Objects) -> Iterator[Finding]:
    """Every Linux capability dropped, and none added."""
    for workload, container in objects.containers():
        capabilities = container.security_context.get("capabilities") or {}
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
        if container.security_context.get("readOnlyRootFilesystem") is not True:
            yield Finding(
                workload.manifest,
                f"{container.path}.securityContext.readOnlyRootFilesystem",
                f"container {container.name} can change its own programs",
                "set readOnlyRootFilesystem: true and mount a sized emptyDir where it writes",
            )


def scratch_space_is_sized(objects: Objects) -> Iterator[Finding]:
    """Every emptyDir has a `sizeLimit`."""
    for workload, position, volume in objects.volumes():
        if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path}.volumes[{position}].emptyDir.sizeLimit",
                f"volume {volume.get('name')} may grow until the node evicts its neighbours",
                "set emptyDir.sizeLimit",
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
    Rule(
        number=11,
        title="images have a tag and a digest",
        source=sources.IMAGES,
        find=images_are_pinned,
        production_only=True,
    ),
)
