"""What a Pod refers to by name, with how much of it must exist. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .pods import Container, Manifest, Workload


@dataclass(frozen=True)
class Reference:
    """A reference from a Pod to an object of its namespace; `key` is the entry of its data that is read, if one is."""

    path: str
    kind: str
    name: str
    key: str | None = None


def references_of(workload: Workload) -> Iterator[Reference]:
    """Every ConfigMap, Secret, PersistentVolumeClaim and ServiceAccount that a workload's Pods can't start without."""
    spec, path = workload.pod_spec, workload.pod_spec_path
    if spec.get("serviceAccountName"):
        yield Reference(f"{path}.serviceAccountName", "ServiceAccount", spec["serviceAccountName"])
    for position, secret in enumerate(spec.get("imagePullSecrets") or []):
        yield Reference(f"{path}.imagePullSecrets[{position}]", "Secret", secret.get("name") or "")
    for position, volume in enumerate(spec.get("volumes") or []):
        yield from _of_volume(volume, f"{path}.volumes[{position}]")
    for container in workload.containers:
        yield from _of_environment(container)


def _of_volume(volume: Manifest, path: str) -> Iterator[Reference]:
    claim = volume.get("persistentVolumeClaim")
    if claim:
        yield Reference(
            f"{path}.persistentVolumeClaim.claimName", "PersistentVolumeClaim", claim.get("claimName") or ""
        )
    yield from _of_files(volume, path, field_of_name="secretName")
    for position, source in enumerate((volume.get("projected") or {}).get("sources") or []):
        yield from _of_files(source, f"{path}.projected.sources[{position}]", field_of_name="name")


def _of_files(source: Manifest, path: str, *, field_of_name: str) -> Iterator[Reference]:
    # A Secret's name stands under `secretName` in a volume, and under `name` in a projected source.
    for field in ("configMap", "secret"):
        files = source.get(field)
        if files is None or files.get("optional"):
            continue
        kind, name = _kind(field), files.get(field_of_name if field == "secret" else "name") or ""
        if not files.get("items"):
            yield Reference(f"{path}.{field}", kind, name)
        for position, item in enumerate(files.get("items") or []):
            yield Reference(f"{path}.{field}.items[{position}]", kind, name, item.get("key"))


def _of_environment(container: Container) -> Iterator[Reference]:
    for position, source in enumerate(container.body.get("envFrom") or []):
        for field in ("configMapRef", "secretRef"):
            reference = source.get(field)
            if reference is not None and not reference.get("optional"):
                yield Reference(
                    f"{container.path}.envFrom[{position}].{field}", _kind(field), reference.get("name") or ""
                )
    for position, variable in enumerate(container.body.get("env") or []):
        for field in ("configMapKeyRef", "secretKeyRef"):
            reference = (variable.get("valueFrom") or {}).get(field)
            if reference is not None and not reference.get("optional"):
                yield Reference(
                    f"{container.path}.env[{position}].valueFrom.{field}",
                    _kind(field),
                    reference.get("name") or "",
                    reference.get("key"),
                )


def _kind(field: str) -> str:
    return "ConfigMap" if field.startswith("configMap") else "Secret"
