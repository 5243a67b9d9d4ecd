"""Autoscalers and disruption budgets."""

from lightkube.models import autoscaling_v2, meta_v1, policy_v1

from components import identity
from components.quantities import percent_text, thousandths_text, whole_seconds
from components.specs.scaling import REQUESTS_METRIC, Autoscaling, ScalingStep, latency_metric
from components.workloads.arguments import NamedWorkload


def horizontal_pod_autoscalers(workload: NamedWorkload) -> list[autoscaling_v2.HorizontalPodAutoscaler]:
    """Build the autoscaler, or one for each version that has no number of its own; none where replicas are fixed."""
    spec = workload.spec
    if spec.autoscaling is None:
        return []
    if not spec.versions:
        return [_autoscaler(workload, spec.autoscaling, None)]
    scaled = [track for track, replicas in spec.replicas_by_version.items() if replicas is None]
    return [_autoscaler(workload, spec.autoscaling, track) for track in scaled]


def _autoscaler(
    workload: NamedWorkload, spec: Autoscaling, track: str | None
) -> autoscaling_v2.HorizontalPodAutoscaler:
    kind = "StatefulSet" if workload.spec.kind.value == "statefulset" else "Deployment"
    behaviour = spec.behaviour
    metadata = workload.metadata(identity.version_name(workload.name, track or identity.STABLE))
    if track:
        metadata.labels = {**(metadata.labels or {}), identity.TRACK: track}
    return autoscaling_v2.HorizontalPodAutoscaler(
        apiVersion="autoscaling/v2",
        kind="HorizontalPodAutoscaler",
        metadata=metadata,
        spec=autoscaling_v2.HorizontalPodAutoscalerSpec(
            scaleTargetRef=autoscaling_v2.CrossVersionObjectReference(
                apiVersion="apps/v1", kind=kind, name=metadata.name or workload.name
            ),
            minReplicas=spec.min,
            maxReplicas=spec.max,
            metrics=metrics(spec),
            behavior=autoscaling_v2.HorizontalPodAutoscalerBehavior(
                scaleUp=_rules(behaviour.up), scaleDown=_rules(behaviour.down)
            )
            if behaviour.up or behaviour.down
            else None,
        ),
    )


def metrics(spec: Autoscaling) -> list[autoscaling_v2.MetricSpec]:
    """Build what the autoscaler looks at: the one that asks for most replicas wins."""
    built = [
        autoscaling_v2.MetricSpec(
            type="Resource",
            resource=autoscaling_v2.ResourceMetricSource(
                name=resource, target=autoscaling_v2.MetricTarget(type="Utilization", averageUtilization=round(share))
            ),
        )
        for resource, share in (("cpu", spec.cpu), ("memory", spec.memory))
        if share is not None
    ]
    per_pod = {
        **({REQUESTS_METRIC: round(spec.requests_per_second * 1000)} if spec.requests_per_second else {}),
        **{latency_metric(quantile): round(target.total_seconds() * 1000) for quantile, target in spec.latency.items()},
        **{name: round(target * 1000) for name, target in spec.metrics.items()},
    }
    return built + [
        autoscaling_v2.MetricSpec(
            type="Pods",
            pods=autoscaling_v2.PodsMetricSource(
                metric=autoscaling_v2.MetricIdentifier(name=name),
                target=autoscaling_v2.MetricTarget(type="AverageValue", averageValue=thousandths_text(value)),
            ),
        )
        for name, value in per_pod.items()
    ]


def _rules(step: ScalingStep | None) -> autoscaling_v2.HPAScalingRules | None:
    if step is None:
        return None
    period = whole_seconds(step.period) if step.period else 0
    policies = [
        autoscaling_v2.HPAScalingPolicy(type=kind, value=round(value), periodSeconds=period)
        for kind, value in (("Pods", step.pods), ("Percent", step.percent))
        if value is not None
    ]
    return autoscaling_v2.HPAScalingRules(
        policies=policies or None,
        selectPolicy=step.select,
        stabilizationWindowSeconds=whole_seconds(step.stabilization) if step.stabilization is not None else None,
    )


def pod_disruption_budget(workload: NamedWorkload) -> policy_v1.PodDisruptionBudget | None:
    """Build the disruption budget over all versions of a workload; None where there is nothing to disrupt."""
    budget = workload.spec.disruption_budget
    if budget is None or not workload.spec.kind.is_replicated:
        return None
    allowed = budget.max_unavailable
    return policy_v1.PodDisruptionBudget(
        apiVersion="policy/v1",
        kind="PodDisruptionBudget",
        metadata=workload.metadata(),
        spec=policy_v1.PodDisruptionBudgetSpec(
            maxUnavailable=allowed if isinstance(allowed, int) else percent_text(allowed),
            selector=meta_v1.LabelSelector(matchLabels=identity.selector(workload.name)),
            # Pods that never became ready must not hold up a node that drains.
            unhealthyPodEvictionPolicy="AlwaysAllow",
        ),
    )
