"""What Prometheus scrapes, and which labels that gets. Pure.

https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
"""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, TypedDict

from components import identity
from components.observability.arguments import MonitoredWorkload, ObservabilityArgs
from components.observability.exporters.certificate_metrics import EXPIRATION, PART_OF
from components.observability.exporters.kube_state_metrics import state_ports
from components.observability.names import KUBE_STATE_METRICS
from components.specs.ports import SCRAPE, SCRAPE_PATH, SCRAPE_PORT

SERVICE_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
PROXY_PORT: Final = 15020
"""Where a Pod of the mesh serves the metrics of its proxy, and those of its service beside them; outside of mutual TLS
(https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging)."""
KUBELET_PORT: Final = 10250
SAMPLE_LIMIT: Final = 50_000
"""Of one Pod's scrape. A service that puts ids into labels loses its metrics, and not everybody theirs."""

CADVISOR_METRICS: Final = (
    "container_cpu_cfs_periods_total",
    "container_cpu_cfs_throttled_periods_total",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
)
"""What rules and dashboards use of each container, of the 60 or so that there are."""
KUBELET_METRICS: Final = ("kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes")

_GATEWAY_NAME: Final = "gateway.networking.k8s.io/gateway-name"
"""What Istio puts on the Pods that it starts for a Gateway, as the waypoint is one."""


class Relabelling(TypedDict, total=False):
    """One step: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config."""

    source_labels: list[str]
    target_label: str
    regex: str
    replacement: str
    action: Literal["replace", "keep", "drop", "labeldrop"]


def scrape_jobs(args: ObservabilityArgs) -> list[dict[str, Any]]:
    """Return every job: all Pods, what kube-state-metrics knows of objects, and what kubelets know of containers."""
    return [pods_job(args), state_job(args), *(node_jobs(args) if args.settings.metrics.nodes else ())]


def pods_job(args: ObservabilityArgs) -> dict[str, Any]:
    """Build the one job for every Pod with the annotations that `Workload` writes and Istio's injector rewrites.

    So a new service needs no job of its own, and its port and path are those of its catalogue entry.
    """
    return {
        "job_name": "pods",
        "sample_limit": SAMPLE_LIMIT,
        "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": list(args.scraped_namespaces)}}],
        "relabel_configs": [*_chosen_pods(args), *_address(), *_pod_labels()],
    }


def _chosen_pods(args: ObservabilityArgs) -> Iterator[Relabelling]:
    yield {
        "source_labels": [_annotation(SCRAPE), _annotation(SCRAPE_PORT)],
        "regex": r"true;\d+",
        "action": "keep",
    }
    # A Pod that has ended keeps its address in its status for a while, and somebody else may have it by then.
    yield {"source_labels": [_pod("phase")], "regex": "Succeeded|Failed", "action": "drop"}
    if args.mesh:
        # Of the edge's namespace only proxies: what else runs there belongs to others.
        ours = [args.namespace, *([args.settings.logs.namespace] if args.settings.logs else ())]
        yield {
            "source_labels": ["__meta_kubernetes_namespace", _annotation(SCRAPE_PORT)],
            "regex": "|".join([*(f"{re.escape(namespace)};.*" for namespace in ours), f".*;{PROXY_PORT}"]),
            "action": "keep",
        }


def _address() -> Iterator[Relabelling]:
    """Yield where to ask. A Pod is found once for each of its ports: all of them become the same target, and so one."""
    yield {"source_labels": [_annotation(SCRAPE_PATH)], "regex": "(.+)", "target_label": "__metrics_path__"}
    for regex, replacement in ((r"([\d.]+);(\d+)", "$1:$2"), (r"(.*:.*);(\d+)", "[$1]:$2")):  # IPv4, IPv6
        yield {
            "source_labels": [_pod("ip"), _annotation(SCRAPE_PORT)],
            "regex": regex,
            "target_label": "__address__",
            "replacement": replacement,
        }


def _pod_labels() -> Iterator[Relabelling]:
    """Yield the labels of all series of a Pod; the first column wins over nothing, a later one over an earlier one."""
    yield {"target_label": "track", "replacement": identity.STABLE}
    for source, label in (
        ("__meta_kubernetes_namespace", "namespace"),
        (_pod("name"), "pod"),
        (_pod("node_name"), "node"),
        (_label(_GATEWAY_NAME), "service"),
        (_label(identity.NAME), "service"),
        (_label(identity.TEAM), "team"),
        (_label(identity.LANGUAGE), "language"),
        (_label(identity.TRACK), "track"),
    ):
        yield {"source_labels": [source], "regex": "(.+)", "target_label": label}


def state_job(args: ObservabilityArgs) -> dict[str, Any]:
    """Build the job for the series about Kubernetes' objects, whose labels say which objects they are about.

    It goes through the Service, as a call to any other does, and so through the mesh. Whose target it is stands on
    ``up`` alone.
    """
    server = args.workloads.get(KUBE_STATE_METRICS)
    targets = [f"{KUBE_STATE_METRICS}:{port}" for port in state_ports(args).values()]
    return {
        "job_name": KUBE_STATE_METRICS,
        "honor_labels": True,
        "static_configs": [{"targets": targets, "labels": _owner(server)}],
        "metric_relabel_configs": [*_own_objects(args)],
    }


def _own_objects(args: ObservabilityArgs) -> Iterator[Relabelling]:
    if args.certificates:
        yield {
            "source_labels": ["__name__", PART_OF],
            "regex": f"kube_.*|{EXPIRATION};{re.escape(args.part_of)}",
            "action": "keep",
        }
    yield {"regex": f"service|team|{PART_OF}|customresource_.*", "action": "labeldrop"}


def _owner(workload: MonitoredWorkload | None) -> dict[str, str]:
    return {"service": KUBE_STATE_METRICS} | ({"team": workload.team} if workload else {})


def node_jobs(args: ObservabilityArgs) -> list[dict[str, Any]]:
    """Build the jobs for the kubelets: their own metrics, and cAdvisor's; of both only the platform's namespace.

    Kubelets ask for a token and the right to read ``nodes/metrics``
    (https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/).
    """
    verified = {"ca_file": f"{SERVICE_ACCOUNT}/ca.crt"}
    kubelet = {
        "job_name": "kubelet",
        "scheme": "https",
        "kubernetes_sd_configs": [{"role": "node"}],
        "authorization": {"credentials_file": f"{SERVICE_ACCOUNT}/token"},
        "tls_config": verified if args.settings.metrics.verify_nodes else {"insecure_skip_verify": True},
        "relabel_configs": [{"source_labels": ["__meta_kubernetes_node_name"], "target_label": "node"}],
    }
    # Without a container's name they are sums over the Pod, which every sum would count again.
    of_containers: Relabelling = {"source_labels": ["container"], "regex": ".+", "action": "keep"}
    return [
        {**kubelet, "metric_relabel_configs": [_own(args, KUBELET_METRICS)]},
        {
            **kubelet,
            "job_name": "cadvisor",
            "metrics_path": "/metrics/cadvisor",
            # Its samples carry timestamps; without this a container that is gone would be seen for five minutes more.
            "track_timestamps_staleness": True,
            "metric_relabel_configs": [_own(args, CADVISOR_METRICS), of_containers],
        },
    ]


def _own(args: ObservabilityArgs, metrics: tuple[str, ...]) -> Relabelling:
    return {
        "source_labels": ["namespace", "__name__"],
        "regex": f"{re.escape(args.namespace)};({'|'.join(metrics)})",
        "action": "keep",
    }


def _pod(field: str) -> str:
    return f"__meta_kubernetes_pod_{field}"


def _label(key: str) -> str:
    return _pod(f"label_{_sanitized(key)}")


def _annotation(key: str) -> str:
    return _pod(f"annotation_{_sanitized(key)}")


def _sanitized(key: str) -> str:
    """Spell a label's or annotation's key as the name of a label of Prometheus can."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", key)
