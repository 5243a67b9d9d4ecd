"""What a Pod may do to its node, and what a Service opens there: rule 7 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator

from components.hardening import HardenedDefault

from . import sources
from .objects import Objects
from .pods import Container, Manifest, Workload
from .rules import Finding, Rule


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
        if container.security_context.get("privileged"):
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
    """No hostPath volumes; those that are written to are the next rule's."""
    written = {(id(workload.pod_spec), mount.get("name")) for workload, _, _, mount in _mounts_for_writing(objects)}
    for workload, position, volume in objects.volumes():
        if "hostPath" in volume and (id(workload.pod_spec), volume.get("name")) not in written:
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path}.volumes[{position}].hostPath",
                f"volume {volume.get('name')} opens the node's own files to the Pod",
                "use an emptyDir or a PersistentVolumeClaim",
            )


def node_files_are_read_only(objects: Objects) -> Iterator[Finding]:
    """No hostPath volume that a container may write to: reading the node's files is no reason to change them."""
    for workload, container, position, mount in _mounts_for_writing(objects):
        if any(volume.get("name") == mount.get("name") for volume in _node_volumes(workload)):
            yield Finding(
                workload.manifest,
                f"{container.path}.volumeMounts[{position}].readOnly",
                f"container {container.name} can write to the node's own files by volume {mount.get('name')}",
                "set readOnly: true",
            )


def _mounts_for_writing(objects: Objects) -> Iterator[tuple[Workload, Container, int, Manifest]]:
    for workload, container in objects.containers():
        for position, mount in enumerate(container.body.get("volumeMounts") or []):
            if mount.get("readOnly") is not True:
                yield workload, container, position, mount


def _node_volumes(workload: Workload) -> list[Manifest]:
    return [volume for volume in workload.pod_spec.get("volumes") or [] if "hostPath" in volume]


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


RULES = (
    Rule(
        number=7,
        title="the node's namespaces and ports are out of reach",
        source=sources.POD_SECURITY_STANDARDS,
        find=node_is_out_of_reach,
    ),
    Rule(
        number=7,
        title="the node's files are out of reach",
        source=sources.POD_SECURITY_STANDARDS,
        find=node_files_are_out_of_reach,
        relaxation=HardenedDefault.HOST_PATH,
    ),
    Rule(
        number=7,
        title="the node's files are read-only",
        source=sources.HARDENING_GUIDE,
        find=node_files_are_read_only,
        relaxation=HardenedDefault.WRITABLE_HOST_PATH,
    ),
    Rule(
        number=7,
        title="no Service opens a port on the nodes",
        source=sources.NODE_PORT,
        find=services_open_no_node_port,
        relaxation=HardenedDefault.NODE_PORT,
    ),
)
