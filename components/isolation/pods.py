"""Plain Kubernetes manifests, read by Kubernetes' own terms: metadata, Pod templates, containers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

from .selectors import Labels

Manifest = Mapping[str, Any]
Key = tuple[str, str, str]

POD_TEMPLATE_PATHS: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}


def kind_of(manifest: Manifest) -> str:
    """The object's kind, or an empty string."""
    return manifest.get("kind") or ""


def name_of(manifest: Manifest) -> str:
    """The object's name, or an empty string."""
    return (manifest.get("metadata") or {}).get("name") or ""


def namespace_of(manifest: Manifest) -> str:
    """The object's namespace, or an empty string: cluster-scoped, or left to the client's default."""
    return (manifest.get("metadata") or {}).get("namespace") or ""


def labels_of(manifest: Manifest) -> Labels:
    """The object's, or a Pod template's, labels."""
    return (manifest.get("metadata") or {}).get("labels") or {}


def annotations_of(manifest: Manifest) -> Mapping[str, Any]:
    """The object's, or a Pod template's, annotations."""
    return (manifest.get("metadata") or {}).get("annotations") or {}


def key(manifest: Manifest) -> Key:
    """What identifies an object in a render: kind, namespace, name."""
    return kind_of(manifest), namespace_of(manifest), name_of(manifest)


def pod_template_of(manifest: Manifest) -> Manifest | None:
    """The Pod template of a workload; the Pod itself for a bare Pod; None for any other kind."""
    path = POD_TEMPLATE_PATHS.get(kind_of(manifest))
    if path is None:
        return None
    template: Any = manifest
    for field in path:
        template = template.get(field) or {}
    return template


class ContainerRole(Enum):
    """What a container is in its Pod. A sidecar is an init container with `restartPolicy: Always`."""

    MAIN = auto()
    INIT = auto()
    SIDECAR = auto()


@dataclass(frozen=True)
class Container:
    """One container of a Pod, with its dotted path from the top of the manifest."""

    body: Manifest
    path: str
    role: ContainerRole

    @property
    def name(self) -> str:
        """The container's name."""
        return self.body.get("name") or ""

    @property
    def security_context(self) -> Manifest:
        """Its own security context, without what its Pod says."""
        return self.body.get("securityContext") or {}

    @property
    def port_names(self) -> frozenset[str]:
        """The names of the ports that it declares."""
        return frozenset(port["name"] for port in self.body.get("ports") or [] if port.get("name"))


@dataclass(frozen=True)
class Workload:
    """An object that makes Pods: Deployment, StatefulSet, DaemonSet, Job, CronJob, or a bare Pod."""

    manifest: Manifest

    @property
    def kind(self) -> str:
        """The workload's kind."""
        return kind_of(self.manifest)

    @property
    def namespace(self) -> str:
        """The workload's namespace."""
        return namespace_of(self.manifest)

    @property
    def runs_to_completion(self) -> bool:
        """Whether its Pods end by themselves, so that probes, replicas, budgets and spread mean nothing."""
        return self.kind in ("Job", "CronJob")

    @property
    def pod_template(self) -> Manifest:
        """The Pod template; the Pod itself for a bare Pod."""
        return pod_template_of(self.manifest) or {}

    @property
    def pod_labels(self) -> Labels:
        """The labels of its Pods: what Services, policies and budgets select by."""
        return labels_of(self.pod_template)

    @property
    def pod_spec(self) -> Manifest:
        """The Pod's spec."""
        return self.pod_template.get("spec") or {}

    @property
    def pod_spec_path(self) -> str:
        """Where the Pod's spec stands in the manifest, e.g. `spec.template.spec`."""
        return ".".join((*POD_TEMPLATE_PATHS[self.kind], "spec"))

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Every container: init containers and native sidecars first, in the order in which they start."""
        return tuple(self._containers())

    @property
    def main_containers(self) -> tuple[Container, ...]:
        """The containers that do the Pod's work: no init containers, no native sidecars."""
        return tuple(container for container in self.containers if container.role is ContainerRole.MAIN)

    def _containers(self) -> Iterator[Container]:
        for field in ("initContainers", "containers"):
            for position, body in enumerate(self.pod_spec.get(field) or []):
                role = ContainerRole.MAIN
                if field == "initContainers":
                    role = ContainerRole.SIDECAR if body.get("restartPolicy") == "Always" else ContainerRole.INIT
                yield Container(body, f"{self.pod_spec_path}.{field}[{position}]", role)
