"""kube-state-metrics, which turns the platform's Kubernetes objects into metrics: what it tells, and how it runs. Pure.

https://github.com/kubernetes/kube-state-metrics/blob/main/docs/developer/cli-arguments.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from components import identity, versions
from components.hardening import HardenedDefault
from components.observability.arguments import ObservabilityArgs
from components.observability.exporters.certificate_metrics import (
    CERTIFICATE_ACCESS,
    CERTIFICATES,
    CERTIFICATES_PORT,
    certificates_container,
)
from components.observability.names import STATE_PORT
from components.specs.container import Language
from components.specs.pod import ApiAccess
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.resources import Resources
from components.specs.workload import WorkloadSpec

STATE: Final = "state"
"""The port with the series about objects; the port ``metrics`` has those about the program itself."""
OWN_PORT: Final = 8081


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of object: its API group, and the metrics that are made of it."""

    group: str = ""
    metrics: tuple[str, ...]


KINDS: Final[Mapping[str, Kind]] = {
    "deployments": Kind(
        group="apps",
        metrics=(
            "kube_deployment_labels",
            "kube_deployment_spec_replicas",
            "kube_deployment_status_condition",
            "kube_deployment_status_replicas_available",
            "kube_deployment_status_replicas_updated",
        ),
    ),
    "horizontalpodautoscalers": Kind(
        group="autoscaling",
        metrics=(
            "kube_horizontalpodautoscaler_labels",
            "kube_horizontalpodautoscaler_spec_max_replicas",
            "kube_horizontalpodautoscaler_spec_min_replicas",
            "kube_horizontalpodautoscaler_status_current_replicas",
            "kube_horizontalpodautoscaler_status_desired_replicas",
        ),
    ),
    "pods": Kind(
        metrics=(
            "kube_pod_container_info",
            "kube_pod_container_resource_limits",
            "kube_pod_container_status_last_terminated_reason",
            "kube_pod_container_status_restarts_total",
            "kube_pod_container_status_waiting_reason",
            "kube_pod_labels",
            "kube_pod_spec_volumes_persistentvolumeclaims_info",
            "kube_pod_status_phase",
            "kube_pod_status_ready",
        )
    ),
    "statefulsets": Kind(
        group="apps",
        metrics=(
            "kube_statefulset_labels",
            "kube_statefulset_replicas",
            "kube_statefulset_status_replicas_ready",
        ),
    ),
}
"""Resource → what rules and dashboards use of it: rights and series follow, and there are no others."""
LABELS: Final = (identity.NAME, identity.TEAM, identity.TRACK)
"""The objects' labels that ``kube_…_labels`` carry: by them the series of a container find their service."""


def kube_state_metrics_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the Deployment of kube-state-metrics, for this namespace alone; with a second one for certificates."""
    # Unanchored, a name would let in each longer one, too.
    metrics = sorted(f"^{name}$" for kind in KINDS.values() for name in kind.metrics)
    labelled = ",".join(f"{resource}=[{','.join(LABELS)}]" for resource in KINDS)
    objects = (
        ApiAccess(groups=(kind.group,), resources=(resource,), verbs=("list", "watch"))
        for resource, kind in KINDS.items()
    )
    return WorkloadSpec(
        language=Language.GO,
        image=versions.KUBE_STATE_METRICS_IMAGE,
        ports={STATE: Port(number=STATE_PORT, app_protocol="http"), METRICS: Port(number=OWN_PORT)},
        args=(
            f"--port={STATE_PORT}",
            f"--telemetry-port={OWN_PORT}",
            f"--namespaces={args.namespace}",
            f"--resources={','.join(KINDS)}",
            f"--metric-allowlist={','.join(metrics)}",
            f"--metric-labels-allowlist={labelled}",
        ),
        containers={CERTIFICATES: certificates_container(args)} if args.certificates else {},
        probes=Probes(
            # Both ask the API server, which may be away for a while.
            readiness=Probe(http="/readyz", port=METRICS, timeout=timedelta(seconds=5)),
            liveness=Probe(http="/livez", port=STATE, timeout=timedelta(seconds=5), failures=6),
        ),
        replicas=1,
        resources=Resources(cpu="50m", memory="128Mi"),
        api_access=(*objects, *((CERTIFICATE_ACCESS,) if args.certificates else ())),
        exceptions={
            HardenedDefault.SERVICE_ACCOUNT_TOKEN: "it reads the objects that it tells of through the Kubernetes API",
            HardenedDefault.SINGLE_REPLICA: "it holds nothing and is back soon; a second one would tell all twice",
        },
    )


def state_ports(args: ObservabilityArgs) -> dict[str, int]:
    """Return the ports with series about objects, by name."""
    return {STATE: STATE_PORT} | ({CERTIFICATES: CERTIFICATES_PORT} if args.certificates else {})
