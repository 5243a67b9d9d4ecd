"""What keeps the Pods running: Deployment, StatefulSet, DaemonSet, Job or CronJob."""

from typing import Any, assert_never

from lightkube.models import apps_v1, batch_v1, meta_v1

from components import identity
from components.hardening import HardenedDefault
from components.quantities import whole_seconds
from components.specs.workload import WorkloadKind
from components.workloads.arguments import NamedWorkload
from components.workloads.pods import pod_template
from components.workloads.services import governing_service_name
from components.workloads.volumes import claim_templates

Controller = apps_v1.Deployment | apps_v1.StatefulSet | apps_v1.DaemonSet | batch_v1.Job | batch_v1.CronJob


def controllers(workload: NamedWorkload) -> list[Controller]:
    """Build the workload's controllers: one, or one for each version that runs side by side."""
    match workload.spec.kind:
        case WorkloadKind.DEPLOYMENT:
            return [*deployments(workload)]
        case WorkloadKind.STATEFUL_SET:
            return [stateful_set(workload)]
        case WorkloadKind.DAEMON_SET:
            return [daemon_set(workload)]
        case WorkloadKind.JOB:
            return [batch_v1.Job(**_kind("batch/v1", "Job"), metadata=workload.metadata(), spec=job_spec(workload))]
        case WorkloadKind.CRON_JOB:
            return [cron_job(workload)]
        case _:
            assert_never(workload.spec.kind)


def deployments(workload: NamedWorkload) -> list[apps_v1.Deployment]:
    """Build one Deployment a version; without versions only the stable one. An autoscaler may own the replicas."""
    spec = workload.spec
    if not spec.versions:
        return [_deployment(workload, identity.STABLE, replicas=_replicas(workload), image=None)]
    return [
        _deployment(workload, track, replicas=replicas, image=spec.versions[track].image)
        for track, replicas in spec.replicas_by_version.items()
    ]


def _deployment(workload: NamedWorkload, track: str, *, replicas: int | None, image: str | None) -> apps_v1.Deployment:
    spec = workload.spec
    metadata = workload.metadata(identity.version_name(workload.name, track))
    metadata.labels = {**(metadata.labels or {}), identity.TRACK: track}
    recreate = HardenedDefault.RECREATE in spec.exceptions
    return apps_v1.Deployment(
        **_kind("apps/v1", "Deployment"),
        metadata=metadata,
        spec=apps_v1.DeploymentSpec(
            replicas=replicas,
            selector=meta_v1.LabelSelector(matchLabels=identity.selector(workload.name, track=track)),
            progressDeadlineSeconds=whole_seconds(spec.progress_deadline),
            strategy=apps_v1.DeploymentStrategy(type="Recreate")
            if recreate
            else apps_v1.DeploymentStrategy(
                type="RollingUpdate", rollingUpdate=apps_v1.RollingUpdateDeployment(maxUnavailable=0, maxSurge="25%")
            ),
            template=pod_template(workload, track=track, image=image),
        ),
    )


def stateful_set(workload: NamedWorkload) -> apps_v1.StatefulSet:
    """Build a StatefulSet; it is governed by a headless Service, so that each Pod has a name of its own."""
    spec = workload.spec
    return apps_v1.StatefulSet(
        **_kind("apps/v1", "StatefulSet"),
        metadata=workload.metadata(),
        spec=apps_v1.StatefulSetSpec(
            replicas=_replicas(workload),
            serviceName=governing_service_name(workload),
            selector=meta_v1.LabelSelector(matchLabels=identity.selector(workload.name)),
            updateStrategy=apps_v1.StatefulSetUpdateStrategy(type="RollingUpdate"),
            volumeClaimTemplates=claim_templates(spec, identity.selector(workload.name)) or None,
            template=pod_template(workload),
        ),
    )


def daemon_set(workload: NamedWorkload) -> apps_v1.DaemonSet:
    """Build a DaemonSet that is updated node by node."""
    return apps_v1.DaemonSet(
        **_kind("apps/v1", "DaemonSet"),
        metadata=workload.metadata(),
        spec=apps_v1.DaemonSetSpec(
            selector=meta_v1.LabelSelector(matchLabels=identity.selector(workload.name)),
            updateStrategy=apps_v1.DaemonSetUpdateStrategy(
                type="RollingUpdate", rollingUpdate=apps_v1.RollingUpdateDaemonSet(maxUnavailable=1)
            ),
            template=pod_template(workload),
        ),
    )


def job_spec(workload: NamedWorkload) -> batch_v1.JobSpec:
    """Build how a Job runs."""
    job = workload.spec.job
    return batch_v1.JobSpec(
        backoffLimit=job.retries,
        completions=job.completions,
        parallelism=job.parallelism,
        activeDeadlineSeconds=whole_seconds(job.deadline) if job.deadline else None,
        ttlSecondsAfterFinished=whole_seconds(job.keep) if job.keep is not None else None,
        template=pod_template(workload),
    )


def cron_job(workload: NamedWorkload) -> batch_v1.CronJob:
    """Build a CronJob; its schedule is there, as validation saw to it."""
    job = workload.spec.job
    return batch_v1.CronJob(
        **_kind("batch/v1", "CronJob"),
        metadata=workload.metadata(),
        spec=batch_v1.CronJobSpec(
            schedule=job.schedule or "",
            timeZone=job.time_zone,
            concurrencyPolicy=job.concurrency,
            startingDeadlineSeconds=whole_seconds(job.starting_deadline) if job.starting_deadline else None,
            suspend=job.suspended or None,
            successfulJobsHistoryLimit=job.history[0],
            failedJobsHistoryLimit=job.history[1],
            jobTemplate=batch_v1.JobTemplateSpec(
                metadata=meta_v1.ObjectMeta(labels=workload.labels), spec=job_spec(workload)
            ),
        ),
    )


def _replicas(workload: NamedWorkload) -> int | None:
    """Under an autoscaler the number is absent: two owners would undo each other's changes."""
    return None if workload.spec.autoscaling else workload.spec.replicas


def _kind(api_version: str, kind: str) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind}
