"""Whether everything that runs fits into the namespace's quota."""

from collections.abc import Iterator, Mapping
from typing import Final

from components.quantities import byte_count, millicores
from components.specs.mesh.settings import DataPlane
from components.specs.resources import Resources
from components.specs.workload import WorkloadSpec
from stacks.document import Document, Problem
from stacks.schema.environment import ROOT, Environment

PROXY: Final = Resources(cpu="100m", memory="128Mi")
"""What Istio's charts let each sidecar and each waypoint ask for (values ``global.proxy.resources.requests``)."""


def quota_problems(
    specs: Mapping[str, WorkloadSpec], environment: Environment, document: Document
) -> Iterator[Problem]:
    """Yield each part of the quota that is less than what all workloads, and the mesh's proxies, ask for."""
    cpu = memory = pods = 0
    data_plane = environment.mesh.data_plane if environment.mesh else None
    for spec in specs.values():
        count = most_pods(spec)
        asked = [part.resources for place, part in spec.places() if place[:1] != ("init",)]
        if data_plane is DataPlane.SIDECAR:
            asked.append(PROXY)
        pods += count
        cpu += count * sum(millicores(one.cpu) for one in asked)
        memory += count * sum(byte_count(one.memory) for one in asked)
    if data_plane is DataPlane.AMBIENT:
        pods, cpu, memory = pods + 1, cpu + millicores(PROXY.cpu), memory + byte_count(PROXY.memory)
    quota = environment.quota
    everything = "all workloads, with the mesh's proxies," if data_plane else "all workloads"
    for field, needed, allowed, text in (
        ("cpu", cpu, millicores(quota.cpu), f"{cpu}m"),
        ("memory", memory, byte_count(quota.memory), f"{-(-memory // 1024**2)}Mi"),
        ("pods", pods, quota.pods, str(pods)),
    ):
        if needed > allowed:
            yield document.problem(
                (*ROOT, "quota", field),
                f"is less than the {text} that {everything} ask for at their most replicas",
                consequence="the namespace would refuse the last of the Pods",
                fix=f"raise quota.{field} to {text} or more, with room for rollouts, or lower requests or replicas",
            )


def most_pods(spec: WorkloadSpec) -> int:
    """Return how many Pods a workload has at the most; of a DaemonSet at least one, as nobody knows the nodes here."""
    most = spec.autoscaling.max if spec.autoscaling else None
    if spec.versions:
        return sum(most or 0 if replicas is None else replicas for replicas in spec.replicas_by_version.values())
    if most is not None:
        return most
    if spec.kind.runs_to_completion:
        return spec.job.parallelism or 1
    return spec.replicas if spec.replicas is not None else 1
