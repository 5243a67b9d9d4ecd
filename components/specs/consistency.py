"""What must hold between the fields of a workload: each rule yields all that it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from components.faults import fault
from components.hardening import HardenedDefault
from components.identity import RESERVED_PREFIXES, STABLE
from components.specs.pod import ClaimedVolume, EmptyDirectory, HostPath, ServiceType
from components.specs.port_consistency import containers_and_ports_are_distinct, service_ports_are_distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from components.specs.base import Finding
    from components.specs.workload import WorkloadSpec


def weights_sum_to_100(workload: WorkloadSpec) -> Iterator[Finding]:
    """Versions share out all requests, neither more nor less."""
    total = sum(version.weight for version in workload.versions.values())
    if workload.versions and abs(total - 100) > 1e-6:
        shares = ", ".join(f"{name} {version.weight:g}%" for name, version in workload.versions.items())
        yield (
            ("versions",),
            fault(
                f"have weights that sum to {total:g}% ({shares})",
                consequence="nobody could tell where the other requests go"
                if total < 100
                else "the shares mean nothing",
                fix="make the weights sum to 100%",
            ),
        )


def one_version_is_stable(workload: WorkloadSpec) -> Iterator[Finding]:
    """The stable version keeps the service's own Deployment, so that starting a canary touches nothing of it."""
    if workload.versions and STABLE not in workload.versions:
        yield (
            ("versions",),
            fault(
                f"have none called {STABLE!r}",
                consequence="the Deployment that serves now would be deleted",
                fix=f"call the version that serves now {STABLE!r}",
            ),
        )


def readiness_can_be_known(workload: WorkloadSpec) -> Iterator[Finding]:
    """Whatever receives requests says when it is ready for them."""
    if workload.kind.runs_to_completion or HardenedDefault.PROBES in workload.exceptions:
        return
    if workload.ports and workload.probes.readiness is None and not {"http", "grpc"} & set(workload.ports):
        yield (
            ("probes",),
            fault(
                "name no readiness, and none follows from the ports, as none is called http or grpc",
                consequence="requests would reach Pods that are still starting",
                fix="add probes.readiness, e.g. {tcp: true}, or 'exceptions: {probes: REASON}'",
            ),
        )


def claims_survive_rollouts(workload: WorkloadSpec) -> Iterator[Finding]:
    """A volume that one node may hold cannot follow a Deployment's Pods while old and new run together."""
    if workload.kind is not workload.kind.DEPLOYMENT or HardenedDefault.RECREATE in workload.exceptions:
        return
    for name, volume in workload.volumes.items():
        if isinstance(volume, ClaimedVolume) and volume.access.startswith("ReadWriteOnce"):
            yield (
                ("volumes", name),
                fault(
                    f"is {volume.access} in a Deployment that rolls",
                    consequence="the new Pod would wait for ever for the volume that the old one holds",
                    fix="make it kind: statefulset, use access: ReadWriteMany, or add 'exceptions: {recreate: REASON}'",
                ),
            )


def drain_ends_within_grace(workload: WorkloadSpec) -> Iterator[Finding]:
    """A Pod leaves its Service, drains, and only then may be killed."""
    if workload.drain >= workload.termination_grace:
        yield (
            ("drain",),
            fault(
                f"is not shorter than the termination grace of {workload.termination_grace.total_seconds():g}s",
                consequence="requests in flight would be cut off by SIGKILL",
                fix="shorten drain or lengthen termination-grace",
            ),
        )


def labels_stay_clear(workload: WorkloadSpec) -> Iterator[Finding]:
    """Identity alone writes the labels that selectors read."""
    for field in ("labels", "annotations"):
        for key in getattr(workload, field):
            if key.startswith(RESERVED_PREFIXES):
                yield (
                    (field, key),
                    fault(
                        "is a key that the platform sets itself",
                        consequence="Services and policies that select by it would lose their Pods",
                        fix=f"choose a key outside {' and '.join(RESERVED_PREFIXES)}",
                    ),
                )


def kind_fits_settings(workload: WorkloadSpec) -> Iterator[Finding]:
    """Each kind of workload has settings that only it reads."""
    kind = workload.kind
    if kind.is_scheduled and workload.job.schedule is None:
        yield (
            ("kind",),
            fault("has no job.schedule", consequence="it would never start", fix="add job.schedule, e.g. '0 3 * * *'"),
        )
    if not kind.is_scheduled and workload.job.schedule is not None:
        yield (
            ("job", "schedule"),
            fault(f"is set on a {kind.value}", consequence="nothing reads it", fix="make it kind: cronjob"),
        )
    for field in ("replicas", "autoscaling", "versions"):
        if getattr(workload, field) and not kind.is_replicated:
            yield (
                (field,),
                fault(
                    f"is set on a {kind.value}",
                    consequence="nothing reads it: its Pods are counted otherwise",
                    fix="drop it, or make it kind: deployment or statefulset",
                ),
            )
    if workload.versions and kind.is_replicated and not kind.is_stateless:
        yield (
            ("versions",),
            fault(
                f"are set on a {kind.value}",
                consequence="two versions would write to the same volumes",
                fix="make it kind: deployment, or drop versions",
            ),
        )


def relaxations_give_reasons(workload: WorkloadSpec) -> Iterator[Finding]:
    """A hardened default is switched off in plain sight or not at all."""
    for default, (where, what) in _relaxations(workload):
        if default not in workload.exceptions:
            yield (
                where,
                fault(
                    f"{what} without a reason",
                    consequence="a hardened default would be off and no reviewer would see it",
                    fix=f"add 'exceptions: {{{default.value}: REASON}}', or drop it",
                ),
            )


_NODE_FOLDERS: Final = {
    False: (HardenedDefault.HOST_PATH, ((), "mounts a folder of the node")),
    True: (HardenedDefault.WRITABLE_HOST_PATH, ((), "writes to a folder of the node")),
}


def _relaxations(workload: WorkloadSpec) -> Iterator[tuple[HardenedDefault, tuple[tuple[str, ...], str]]]:
    """Yield each default that the workload's own settings switch off: where, and in words."""
    containers, volumes = workload.every_container, workload.volumes.values()
    if 0 in (workload.pod_user, *(container.user for container in containers)):
        yield HardenedDefault.RUN_AS_ROOT, ((), "runs as root")
    if any(container.capabilities for container in containers):
        yield HardenedDefault.CAPABILITIES, ((), "keeps Linux capabilities")
    for writable in {volume.writable for volume in volumes if isinstance(volume, HostPath)}:
        yield _NODE_FOLDERS[writable]
    if workload.api_access:
        yield HardenedDefault.SERVICE_ACCOUNT_TOKEN, ((), "uses the Kubernetes API")
    if workload.service.type is ServiceType.NODE_PORT:
        yield HardenedDefault.NODE_PORT, ((), "opens a port on every node")
    if workload.disruption_budget is None:
        yield HardenedDefault.DISRUPTION_BUDGET, (("disruption-budget",), "is switched off")
    if any(isinstance(volume, EmptyDirectory) and volume.empty is None for volume in volumes):
        yield HardenedDefault.UNSIZED_VOLUME, ((), "has an emptyDir of any size")


def mounts_name_volumes(workload: WorkloadSpec) -> Iterator[Finding]:
    """Whatever is mounted exists."""
    known = f", or mount one of {', '.join(workload.volumes)}" if workload.volumes else ""
    for where, container in workload.places():
        for path, mount in container.mounts.items():
            if mount.volume not in workload.volumes:
                yield (
                    (*where, "mounts", path),
                    fault(
                        f"names the volume {mount.volume!r}, which does not exist",
                        consequence="Kubernetes refuses the Pod",
                        fix=f"add volumes.{mount.volume}{known}",
                    ),
                )


RULES: Final[tuple[Callable[[WorkloadSpec], Iterator[Finding]], ...]] = (
    weights_sum_to_100,
    one_version_is_stable,
    readiness_can_be_known,
    claims_survive_rollouts,
    drain_ends_within_grace,
    labels_stay_clear,
    kind_fits_settings,
    relaxations_give_reasons,
    mounts_name_volumes,
    containers_and_ports_are_distinct,
    service_ports_are_distinct,
)
