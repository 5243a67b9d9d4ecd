"""A whole workload: one Pod template, and what surrounds it."""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from components.hardening import HardenedDefault
from components.scalars import DnsLabel, LabelKey, LabelValue, UserId
from components.specs import consistency
from components.specs.base import Finding, Spec
from components.specs.container import Container, Sidecar
from components.specs.pod import ApiAccess, Exceptions, ServiceSettings, Volume
from components.specs.ports import METRICS, Port
from components.specs.scaling import Autoscaling, DisruptionBudget, Version, version_replicas
from components.specs.schedule import CronSchedule, TimeZone
from components.units import Duration, PositiveDuration


class WorkloadKind(StrEnum):
    """What keeps the Pods running."""

    DEPLOYMENT = "deployment"
    STATEFUL_SET = "statefulset"
    DAEMON_SET = "daemonset"
    JOB = "job"
    CRON_JOB = "cronjob"

    @property
    def runs_to_completion(self) -> bool:
        """Whether the Pods end by themselves."""
        return self in (WorkloadKind.JOB, WorkloadKind.CRON_JOB)

    @property
    def is_scheduled(self) -> bool:
        """Whether a schedule starts it."""
        return self is WorkloadKind.CRON_JOB

    @property
    def is_stateless(self) -> bool:
        """Whether one Pod is as good as another."""
        return self is WorkloadKind.DEPLOYMENT

    @property
    def is_replicated(self) -> bool:
        """Whether the number of Pods is somebody's choice."""
        return self in (WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET)


class JobSettings(Spec):
    """How a Job runs, and when a CronJob starts one."""

    schedule: CronSchedule | None = Field(None, description="Cron expression; for a cronjob.")
    time_zone: TimeZone | None = Field(
        None, description="IANA name, e.g. Europe/Berlin; the controller's where absent."
    )
    concurrency: Literal["Allow", "Forbid", "Replace"] = "Forbid"
    starting_deadline: PositiveDuration | None = None
    suspended: bool = False
    history: tuple[int, int] = Field((3, 1), description="Finished Jobs kept: successful, failed.")
    completions: int | None = Field(None, ge=1)
    parallelism: int | None = Field(None, ge=1)
    retries: int = Field(6, ge=0, description="Failed Pods until the Job counts as failed.")
    deadline: PositiveDuration | None = Field(None, description="Longest time that a Job may run.")
    keep: Duration | None = Field(None, description="How long a finished Job is kept.")
    restart: Literal["OnFailure", "Never"] = "OnFailure"


class WorkloadSpec(Container):
    """One workload: its main container (the fields of Container) and everything around it.

    The defaults are the hardened ones. Each may be switched off under ``exceptions``, with a reason.
    """

    kind: WorkloadKind = WorkloadKind.DEPLOYMENT
    service: ServiceSettings = ServiceSettings()
    containers: dict[DnsLabel, Sidecar] = Field(
        {}, description="Further runtimes in the same Pod, each with its own budget."
    )
    init: dict[DnsLabel, Sidecar] = Field({}, description="Containers that end before the others start, in order.")
    sidecars: dict[DnsLabel, Sidecar] = Field(
        {}, description="Native sidecars: started before, stopped after the others, in order."
    )
    volumes: dict[DnsLabel, Volume] = {}
    replicas: int | None = Field(None, ge=0, description="The environment's number where absent.")
    autoscaling: Autoscaling | None = None
    disruption_budget: DisruptionBudget | None = DisruptionBudget()
    versions: dict[DnsLabel, Version] = Field({}, description="Versions side by side; their weights sum to 100%.")
    job: JobSettings = JobSettings()
    pod_user: UserId = Field(10001, description="UID of the Pod's processes.")
    pod_group: UserId = Field(10001, description="GID of the Pod's processes, and group of its volumes.")
    drain: Duration = Field(
        timedelta(seconds=5), description="Pause between leaving the Service and SIGTERM, while proxies learn of it."
    )
    termination_grace: Duration = Field(timedelta(seconds=30), description="From the start of the drain to SIGKILL.")
    progress_deadline: PositiveDuration = Field(
        timedelta(minutes=10), description="How long a rollout may make no progress."
    )
    labels: dict[LabelKey, LabelValue] = Field({}, description="Further labels of the Pods and the workload.")
    annotations: dict[LabelKey, str] = Field({}, description="Further annotations of the Pods and the workload.")
    priority_class: DnsLabel | None = None
    node_selector: dict[LabelKey, LabelValue] = {}
    api_access: tuple[ApiAccess, ...] = Field(
        (), description="Rights at the Kubernetes API; needs 'service-account-token'."
    )
    exceptions: Exceptions = Field({}, description="Hardened default → reason for switching it off.")

    def findings(self) -> Iterator[Finding]:
        """Yield whatever in the workload does not go together."""
        yield from super().findings()
        for rule in consistency.RULES:
            yield from rule(self)

    def places(self) -> Iterator[tuple[tuple[str, ...], Container]]:
        """Yield every container with its place in the document; the main one stands at the root."""
        yield (), self
        for field in ("init", "sidecars", "containers"):
            for name, container in getattr(self, field).items():
                yield (field, name), container

    @property
    def replicas_by_version(self) -> dict[str, int | None]:
        """The replicas of each version that runs side by side with others; None where an autoscaler owns them."""
        if not self.versions:
            return {}
        shares = version_replicas(self.replicas or 1, {key: version.weight for key, version in self.versions.items()})
        return {
            key: version.replicas if version.replicas is not None or self.autoscaling else shares[key]
            for key, version in self.versions.items()
        }

    @property
    def metrics_port(self) -> Port | None:
        """Where its Pods serve metrics; None for a workload without any."""
        return next((part.ports[METRICS] for part in self.every_container if METRICS in part.ports), None)

    @property
    def uses_kubernetes_api(self) -> bool:
        """Whether its Pods ask the API server: they have rights there, or rights that somebody else gives them."""
        return bool(self.api_access) or HardenedDefault.SERVICE_ACCOUNT_TOKEN in self.exceptions

    @property
    def every_container(self) -> tuple[Container, ...]:
        """The main container and all others."""
        return tuple(container for _, container in self.places())
