"""How many replicas there are, how they are spread over versions, and how many may be missing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, Literal

from pydantic import Field

from components.faults import fault
from components.scalars import ImageReference
from components.specs.base import Finding, Spec
from components.specs.mesh.traffic import Match
from components.specs.observability.metrics import MetricName
from components.specs.observability.objectives import Quantile
from components.units import Duration, Percent

REQUESTS_METRIC: Final = "requests_per_second"
"""What autoscalers call a Pod's requests."""


def latency_metric(quantile: Quantile) -> str:
    """Return what autoscalers call a quantile of the requests' durations."""
    return f"request_duration_{quantile}_seconds"


class ScalingStep(Spec):
    """How fast an autoscaler moves in one direction.

    The fields are those of ``HPAScalingRules``
    (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior).
    """

    stabilization: Duration | None = Field(None, description="How long the most cautious recommendation holds.")
    pods: int | None = Field(None, ge=1, description="At most this many Pods per period.")
    percent: Percent | None = Field(None, description="At most this share of the replicas per period.")
    period: Duration | None = None
    select: Literal["Max", "Min", "Disabled"] | None = None

    def findings(self) -> Iterator[Finding]:
        """Yield a speed limit that lacks its number or its period, or whose period Kubernetes would refuse."""
        if self.period is not None and not timedelta(seconds=1) <= self.period <= timedelta(minutes=30):
            yield (
                ("period",),
                fault(
                    "is not between 1s and 30m",
                    consequence="Kubernetes refuses the autoscaler",
                    fix="choose one that is",
                ),
            )
        if (self.pods is None and self.percent is None) != (self.period is None):
            yield (
                (),
                fault(
                    "names a period without 'pods' or 'percent'"
                    if self.period
                    else "names 'pods' or 'percent' without a period",
                    consequence="Kubernetes refuses the autoscaler",
                    fix="name both: how many, and per how long",
                ),
            )


class ScalingBehaviour(Spec):
    """Speed limits of an autoscaler; Kubernetes' own where absent."""

    up: ScalingStep | None = None
    down: ScalingStep | None = None


class Autoscaling(Spec):
    """Replicas between two bounds, by the metrics named here; the autoscaler alone owns the number.

    ``requests-per-second``, ``latency`` and ``metrics`` are read from the custom metrics API, per Pod: the first two as
    ``requests_per_second`` and ``request_duration_<quantile>_seconds``. The adapter of ``observability.metrics`` serves
    them, or another one of the cluster.
    """

    min: int = Field(ge=1)
    max: int = Field(ge=1)
    cpu: Percent | None = Field(None, description="Average use of the CPU request.")
    memory: Percent | None = Field(None, description="Average use of the memory request.")
    requests_per_second: float | None = Field(None, gt=0, description="Average per Pod.")
    latency: dict[Quantile, Duration] = Field({}, description="Quantile → target.")
    metrics: dict[MetricName, float] = Field({}, description="Any other metric of the service → its average per Pod.")
    behaviour: ScalingBehaviour = ScalingBehaviour()

    def findings(self) -> Iterator[Finding]:
        """Yield bounds that are the wrong way round, targets of nothing, and an autoscaler without a metric."""
        for field in ("cpu", "memory"):
            share = getattr(self, field)
            if share is not None and round(share) < 1:
                yield (
                    (field,),
                    fault("is less than 1%", consequence="Kubernetes refuses the autoscaler", fix="name 1% or more"),
                )
        if self.min > self.max:
            yield (
                ("min",),
                fault(f"is over max, {self.max}", consequence="Kubernetes refuses the autoscaler", fix="swap the two"),
            )
        for name, target in self.metrics.items():
            if target <= 0:
                yield (
                    ("metrics", name),
                    fault("is not above 0", consequence="Kubernetes refuses the autoscaler", fix="name a target"),
                )
        if self.cpu is None and self.memory is None and not self.uses_request_metrics:
            yield (
                (),
                fault(
                    "names no metric",
                    consequence="the autoscaler would never move",
                    fix="name at least one of cpu, memory, requests-per-second, latency and metrics",
                ),
            )

    @property
    def uses_request_metrics(self) -> bool:
        """Whether it reads the custom metrics API, behind which there must be an adapter."""
        return self.requests_per_second is not None or bool(self.latency) or bool(self.metrics)


class Version(Spec):
    """One of the versions of a service that run side by side."""

    weight: Percent
    image: ImageReference | None = Field(None, description="The service's own image where absent.")
    match: Match | None = Field(None, description="Requests that it gets whatever its weight; needs a mesh.")
    replicas: int | None = Field(
        None, ge=0, description="In a mesh as many as the service's, or its autoscaler's; else a share by weight."
    )


class DisruptionBudget(Spec):
    """How many Pods a node drain may take away at once."""

    max_unavailable: int | Percent = Field(1, description="A number of Pods, or a share such as 25%.")

    def findings(self) -> Iterator[Finding]:
        """Yield a budget that allows no eviction at all, or a share that Kubernetes can't read."""
        if (
            isinstance(self.max_unavailable, float)
            and self.max_unavailable
            and not (self.max_unavailable.is_integer() and 1 <= self.max_unavailable <= 100)
        ):
            yield (
                ("max-unavailable",),
                fault(
                    "is not a whole percentage from 1% to 100%",
                    consequence="Kubernetes refuses the disruption budget",
                    fix="write e.g. 25%, or a number of Pods",
                ),
            )
        if self.max_unavailable == 0:
            yield (
                ("max-unavailable",),
                fault(
                    "allows no eviction",
                    consequence="no node that runs the service could ever be drained",
                    fix="allow at least one: max-unavailable: 1",
                ),
            )


def version_replicas(total: int, weights: dict[str, float]) -> dict[str, int]:
    """Divide replicas over versions by weight: every version gets at least one, the largest takes up the rounding.

    Without a mesh a Service spreads connections over all its ready Pods alike, so a version's share of the traffic is
    its share of the Pods (https://kubernetes.io/docs/concepts/workloads/management/#canary-deployments).
    """
    largest = max(weights, key=lambda name: weights[name])
    others = {
        name: max(1, round(total * weight / 100)) for name, weight in weights.items() if name != largest and weight > 0
    }
    return {name: others.get(name, 0) if name != largest else max(1, total - sum(others.values())) for name in weights}
