"""Containers: one function from what a service asks for to what Kubernetes runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightkube.models import core_v1

from components.hardening import HardenedDefault
from components.quantities import whole_seconds
from components.workloads.environment import environment_sources, environment_variable, variables
from components.workloads.probes import effective_probes, probe
from components.workloads.volumes import mounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Input

    from components.specs.container import Container
    from components.specs.resources import Resources
    from components.specs.variables import EnvironmentValue
    from components.specs.workload import WorkloadSpec


def container(
    name: str,
    spec: Container,
    workload: WorkloadSpec,
    *,
    image: Input[str] | None,
    derived: Mapping[str, EnvironmentValue],
) -> core_v1.Container:
    """Build a container of a workload's Pod, with the hardened defaults that the workload does not switch off.

    ``derived`` are the variables that follow from the catalogue's list of dependencies.
    """
    cpu_limited = HardenedDefault.CPU_LIMIT not in workload.exceptions
    environment = variables(spec, derived, cpu_limited=cpu_limited)
    return core_v1.Container(
        name=name,
        image=image,  # ty: ignore[invalid-argument-type] - a digest may be known only at deploy time
        imagePullPolicy="IfNotPresent",
        command=list(spec.command) or None,
        args=list(spec.args) or None,
        workingDir=spec.working_directory,
        ports=[
            core_v1.ContainerPort(name=port_name, containerPort=port.number, protocol=port.protocol.value)
            for port_name, port in spec.ports.items()
        ]
        or None,
        env=[environment_variable(key, value) for key, value in environment.items()] or None,
        envFrom=environment_sources(spec) or None,
        volumeMounts=mounts(workload, name, spec) or None,
        resources=resource_requirements(spec.resources, cpu_limited=cpu_limited),
        securityContext=security_context(spec, workload),
    )


def serving(model: core_v1.Container, spec: Container, workload: WorkloadSpec) -> core_v1.Container:
    """Add what a container has that serves until it is told to stop: probes, and a pause before it is."""
    probes = effective_probes(spec)
    model.startupProbe = probe(probes.startup, spec)
    model.livenessProbe = probe(probes.liveness, spec)
    model.readinessProbe = probe(probes.readiness, spec)
    if seconds := whole_seconds(workload.drain):
        # The kubelet itself sleeps, so that an image without a shell drains too (Kubernetes 1.30 and later).
        model.lifecycle = core_v1.Lifecycle(
            preStop=core_v1.LifecycleHandler(sleep=core_v1.SleepAction(seconds=seconds))
        )
    return model


def resource_requirements(spec: Resources, *, cpu_limited: bool) -> core_v1.ResourceRequirements:
    """Build requests and limits."""
    limits = {"memory": spec.memory_limit, "ephemeral-storage": spec.ephemeral_storage_limit}
    return core_v1.ResourceRequirements(
        requests={"cpu": spec.cpu, "memory": spec.memory, "ephemeral-storage": spec.ephemeral_storage},
        limits=({"cpu": spec.cpu_limit} if cpu_limited else {}) | limits,
    )


def security_context(spec: Container, workload: WorkloadSpec) -> core_v1.SecurityContext:
    """Build a security context that the restricted Pod Security Standard admits.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    return core_v1.SecurityContext(
        allowPrivilegeEscalation=HardenedDefault.PRIVILEGE_ESCALATION in workload.exceptions,
        capabilities=core_v1.Capabilities(drop=["ALL"], add=list(spec.capabilities) or None),
        readOnlyRootFilesystem=HardenedDefault.WRITABLE_ROOT_FILESYSTEM not in workload.exceptions,
        runAsNonRoot=False if spec.user == 0 else None,
        runAsUser=spec.user,
        runAsGroup=spec.group,
    )
