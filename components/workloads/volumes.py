"""Volumes of a Pod, and the claims that outlive it."""

from collections.abc import Mapping
from typing import assert_never

from lightkube.models import core_v1, meta_v1

from components.hardening import HardenedDefault
from components.identity import claim_name, scratch_volume
from components.specs.container import Container
from components.specs.pod import (
    ClaimedVolume,
    ConfigVolume,
    DownwardVolume,
    EmptyDirectory,
    ExistingClaim,
    HostPath,
    ProjectedKeys,
    SecretVolume,
    Volume,
)
from components.specs.workload import WorkloadKind, WorkloadSpec

SCRATCH_PATH = "/tmp"  # noqa: S108 - a path inside the container
SCRATCH_SIZE = "64Mi"
"""Room for a program's temporary files beside its read-only root filesystem."""


def has_scratch(spec: WorkloadSpec, container: Container) -> bool:
    """Whether a container gets a scratch volume: its root is read-only, and it mounts nothing there itself."""
    return HardenedDefault.WRITABLE_ROOT_FILESYSTEM not in spec.exceptions and SCRATCH_PATH not in container.mounts


def volumes(name: str, spec: WorkloadSpec) -> list[core_v1.Volume]:
    """Build the Pod's volumes; a StatefulSet's claims are not among them, as each replica brings its own."""
    named = [
        volume(key, value, claim_name(name, key))
        for key, value in spec.volumes.items()
        if not (isinstance(value, ClaimedVolume) and spec.kind is WorkloadKind.STATEFUL_SET)
    ]
    scratch = [
        core_v1.Volume(
            name=scratch_volume(place[-1] if place else name),
            emptyDir=core_v1.EmptyDirVolumeSource(sizeLimit=SCRATCH_SIZE),
        )
        for place, container in spec.places()
        if has_scratch(spec, container)
    ]
    return named + scratch


def volume(name: str, spec: Volume, claim: str) -> core_v1.Volume:
    """Build one volume of a Pod."""
    match spec:
        case EmptyDirectory():
            medium = "Memory" if spec.medium == "memory" else None
            return core_v1.Volume(name=name, emptyDir=core_v1.EmptyDirVolumeSource(medium=medium, sizeLimit=spec.empty))
        case ClaimedVolume():
            return core_v1.Volume(
                name=name, persistentVolumeClaim=core_v1.PersistentVolumeClaimVolumeSource(claimName=claim)
            )
        case ExistingClaim():
            source = core_v1.PersistentVolumeClaimVolumeSource(
                claimName=spec.existing_claim, readOnly=spec.read_only or None
            )
            return core_v1.Volume(name=name, persistentVolumeClaim=source)
        case ConfigVolume():
            return core_v1.Volume(
                name=name,
                configMap=core_v1.ConfigMapVolumeSource(
                    name=spec.config, items=_items(spec), defaultMode=_mode(spec), optional=spec.optional or None
                ),
            )
        case SecretVolume():
            return core_v1.Volume(
                name=name,
                secret=core_v1.SecretVolumeSource(
                    secretName=spec.secret, items=_items(spec), defaultMode=_mode(spec), optional=spec.optional or None
                ),
            )
        case DownwardVolume():
            files = [
                core_v1.DownwardAPIVolumeFile(path=path, fieldRef=core_v1.ObjectFieldSelector(fieldPath=field))
                for path, field in spec.downward.items()
            ]
            return core_v1.Volume(name=name, downwardAPI=core_v1.DownwardAPIVolumeSource(items=files))
        case HostPath():
            return core_v1.Volume(name=name, hostPath=_node_folder(spec))
        case _:
            assert_never(spec)


def claim_spec(spec: ClaimedVolume) -> core_v1.PersistentVolumeClaimSpec:
    """Build what a claim asks of the cluster's storage."""
    return core_v1.PersistentVolumeClaimSpec(
        accessModes=[spec.access],
        storageClassName=spec.storage_class,
        resources=core_v1.VolumeResourceRequirements(requests={"storage": spec.claim}),
    )


def claim_templates(spec: WorkloadSpec, labels: Mapping[str, str]) -> list[core_v1.PersistentVolumeClaim]:
    """Build a StatefulSet's claims: one of each per replica."""
    return [
        core_v1.PersistentVolumeClaim(
            apiVersion="v1",
            kind="PersistentVolumeClaim",
            metadata=meta_v1.ObjectMeta(name=key, labels=dict(labels)),
            spec=claim_spec(value),
        )
        for key, value in spec.volumes.items()
        if isinstance(value, ClaimedVolume)
    ]


def mounts(spec: WorkloadSpec, container_name: str, container: Container) -> list[core_v1.VolumeMount]:
    """Build a container's mounts: its own, and its scratch volume. ConfigMaps, Secrets and nodes are read-only."""
    own = [
        core_v1.VolumeMount(
            name=mount.volume,
            mountPath=path,
            subPath=mount.sub_path,
            readOnly=mount.read_only or _is_read_only(spec.volumes[mount.volume]) or None,
        )
        for path, mount in container.mounts.items()
    ]
    if has_scratch(spec, container):
        own.append(core_v1.VolumeMount(name=scratch_volume(container_name), mountPath=SCRATCH_PATH))
    return own


def _is_read_only(volume: Volume) -> bool:
    if isinstance(volume, HostPath):
        return not volume.writable
    return isinstance(volume, ConfigVolume | SecretVolume | DownwardVolume)


def _node_folder(spec: HostPath) -> core_v1.HostPathVolumeSource:
    return core_v1.HostPathVolumeSource(path=spec.host_path, type="DirectoryOrCreate" if spec.writable else None)


def _items(spec: ProjectedKeys) -> list[core_v1.KeyToPath] | None:
    return [core_v1.KeyToPath(key=key, path=path) for key, path in spec.items.items()] or None


def _mode(spec: ProjectedKeys) -> int | None:
    return int(spec.mode, 8) if spec.mode else None
