"""What runs, in which version, and what happens to it: rollouts, restarts, scaling, and versions side by side."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import index, tracks
from components.observability.dashboards.expressions import SERVICE, in_namespace, measures, of_chosen_services
from components.observability.dashboards.page import Row, page, services
from components.observability.dashboards.panels import Column, Panel, Query, graph, table_of
from components.observability.rules.inventory import knows_objects

# A version's Deployment is called like the service, with its track behind it.
_DEPLOYMENT = 'deployment=~"($service)(-.+)?"'
_STATEFUL_SET = 'statefulset=~"$service"'
_AUTOSCALER = 'horizontalpodautoscaler=~"($service)(-.+)?"'


def deployments(args: ObservabilityArgs) -> Dashboard:
    """Return the dashboard of rollouts, restarts and versions."""
    rows = [Row(title="Replicas", panels=[_missing(args), _outdated(args), _missing_stateful(args)])]
    if knows_objects(args):
        rows.append(Row(title="Restarts", panels=[_restarts(args), _ended(args), _held_up(args)]))
    if any(workload.autoscaling for workload in args.workloads.values()):
        rows.append(Row(title="Autoscaling", panels=[_scaled(args), _room(args)]))
    if measures(args):
        rows.append(Row(title="Versions side by side: stable, and what is tried beside it", panels=tracks.panels(args)))
    if knows_objects(args):
        rows.append(Row(title="Images", panels=[_images(args)], height=9))
    return page(
        index.DEPLOYMENTS,
        "Which versions run, whether all their Pods are ready, and why Pods restart.",
        rows,
        choice=services(args.workloads, everything=True),
    )


def _missing(args: ObservabilityArgs) -> Panel:
    of = in_namespace(args, _DEPLOYMENT)
    return graph(
        "Replicas that are missing",
        "Wanted and not available, by Deployment: above 0 for long, a rollout is stuck or Pods fail.",
        units.Short,
        Query(
            expression=f"kube_deployment_spec_replicas{of} - kube_deployment_status_replicas_available{of}",
            legend="{{deployment}}",
        ),
    )


def _outdated(args: ObservabilityArgs) -> Panel:
    of = in_namespace(args, _DEPLOYMENT)
    return graph(
        "Replicas that are outdated",
        "Not yet of the newest version, by Deployment: a rollout is under way.",
        units.Short,
        Query(
            expression=f"clamp_min(kube_deployment_spec_replicas{of} - kube_deployment_status_replicas_updated{of}, 0)",
            legend="{{deployment}}",
        ),
    )


def _missing_stateful(args: ObservabilityArgs) -> Panel:
    of = in_namespace(args, _STATEFUL_SET)
    return graph(
        "Missing, with a state",
        "Wanted and not ready, by StatefulSet.",
        units.Short,
        Query(
            expression=f"kube_statefulset_replicas{of} - kube_statefulset_status_replicas_ready{of}",
            legend="{{statefulset}}",
        ),
    )


def _restarts(args: ObservabilityArgs) -> Panel:
    return graph(
        "Restarts",
        "Of containers, in ten minutes.",
        units.Short,
        Query(
            expression=of_chosen_services(
                f"increase(kube_pod_container_status_restarts_total{in_namespace(args)}[10m])", by="service"
            ),
            legend="{{service}}",
        ),
    )


def _ended(args: ObservabilityArgs) -> Panel:
    return graph(
        "Why they ended",
        "Containers by the reason of their last end: OOMKilled is a memory limit that is too small, or a leak.",
        units.Short,
        Query(
            expression=of_chosen_services(
                f"kube_pod_container_status_last_terminated_reason{in_namespace(args)}", by="service, reason"
            ),
            legend="{{service}} {{reason}}",
        ),
    )


def _held_up(args: ObservabilityArgs) -> Panel:
    return graph(
        "Why they wait",
        "Containers that don't start, by reason: CrashLoopBackOff, ImagePullBackOff and the like.",
        units.Short,
        Query(
            expression=of_chosen_services(
                f"kube_pod_container_status_waiting_reason{in_namespace(args)}", by="service, reason"
            ),
            legend="{{service}} {{reason}}",
        ),
    )


def _scaled(args: ObservabilityArgs) -> Panel:
    of = in_namespace(args, _AUTOSCALER)
    return graph(
        "Replicas",
        "Pods that autoscalers have, and that they want.",
        units.Short,
        Query(
            expression=f"kube_horizontalpodautoscaler_status_current_replicas{of}",
            legend="{{horizontalpodautoscaler}}",
        ),
        Query(
            expression=f"kube_horizontalpodautoscaler_status_desired_replicas{of}",
            legend="{{horizontalpodautoscaler}} wanted",
        ),
    )


def _room(args: ObservabilityArgs) -> Panel:
    of = in_namespace(args, _AUTOSCALER)
    return graph(
        "Of the most",
        "Share of the replicas that an autoscaler may start: at 100 % more load means slower answers.",
        units.PercentUnit,
        Query(
            expression=(
                f"kube_horizontalpodautoscaler_status_current_replicas{of}"
                f" / kube_horizontalpodautoscaler_spec_max_replicas{of}"
            ),
            legend="{{horizontalpodautoscaler}}",
        ),
        most=1,
    )


def _images(args: ObservabilityArgs) -> Panel:
    containers = (
        f"kube_pod_container_info{in_namespace(args)}"
        f" * on (namespace, pod) group_left (service) pod:service:info{{{SERVICE}}}"
    )
    return table_of(
        "Images",
        "What runs now: two images of one container are a rollout, or a version that is tried.",
        {"service": "Service", "container": "Container", "image_spec": "Image"},
        [
            Column(
                title="Pods",
                expression=f"count by (service, container, image_spec) ({containers})",
                unit=units.Short,
            )
        ],
    )
