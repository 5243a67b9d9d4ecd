"""What a kubelet and its cAdvisor would say of the Pods on the played node: names and labels are theirs alone.

A kubelet needs a real node (layer 6). Its metrics: https://kubernetes.io/docs/reference/instrumentation/metrics/, and
https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from components.manifests import Manifest
from tests.integration.observability import pages

KUBELET: Final = "/metrics"
CADVISOR: Final = "/metrics/cadvisor"
_CONTAINER: Final = ("container", "id", "image", "name", "namespace", "pod")
_NETWORK: Final = ("id", "image", "interface", "name", "namespace", "pod")
_VOLUME: Final = ("namespace", "persistentvolumeclaim")
_MEBIBYTE: Final = 2**20
_OF_CONTAINERS: Final = {
    "container_cpu_cfs_periods_total": 10.0,
    "container_cpu_cfs_throttled_periods_total": 0.5,
    "container_cpu_usage_seconds_total": 0.05,
    "container_memory_working_set_bytes": 64.0 * _MEBIBYTE,
    "container_memory_usage_bytes": 70.0 * _MEBIBYTE,
}
_OF_PODS: Final = {
    "container_network_receive_bytes_total": 2_000.0,
    "container_network_transmit_bytes_total": 3_000.0,
}
"""Containers of a Pod share its network."""
_OF_VOLUMES: Final = {
    "kubelet_volume_stats_available_bytes": 700.0 * _MEBIBYTE,
    "kubelet_volume_stats_capacity_bytes": 1024.0 * _MEBIBYTE,
    "kubelet_volume_stats_used_bytes": 324.0 * _MEBIBYTE,
    "kubelet_volume_stats_inodes": 65536.0,
    "kubelet_volume_stats_inodes_free": 60000.0,
}
"""Metric → what a gauge says, or by how much a counter grows each second."""
_FOREIGN: Final = "kube-system"
"""A kubelet tells of all Pods of its node, whoever they belong to."""


def kubelet_page(pods: Iterable[Manifest]) -> pages.Page:
    """What a kubelet says of the Pods' volumes."""
    volumes = [(namespace, claim) for pod in pods for namespace, claim in _claims(pod)]
    return lambda: pages.text(_families(_OF_VOLUMES, _VOLUME, [*volumes, (_FOREIGN, "data")], stamped=False))


def cadvisor_page(pods: Iterable[Manifest]) -> pages.Page:
    """What cAdvisor says of the Pods' containers; also, without a container's name, of each Pod as a whole."""
    found = list(pods)
    containers = [row for pod in found for row in _containers(pod)]
    networks = [("/pod", "", "eth0", "", *_key(pod)) for pod in found]
    containers.append(("coredns", "/pod/coredns", "coredns:1", "coredns", _FOREIGN, "coredns-0"))

    def page() -> bytes:
        families = [
            *_families(_OF_CONTAINERS, _CONTAINER, containers, stamped=True),
            *_families(_OF_PODS, _NETWORK, networks, stamped=True),
        ]
        return pages.text(families)

    return page


def _families(
    values: Mapping[str, float], labels: Sequence[str], rows: Iterable[Sequence[str]], *, stamped: bool
) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    """cAdvisor says when it has looked; a kubelet doesn't."""
    now = time.time()
    for name, value in values.items():
        grows = name.endswith("_total")
        family = (CounterMetricFamily if grows else GaugeMetricFamily)(name, "Played.", labels=labels)
        for row in rows:
            # Counters have grown since midnight, and so don't look as if they began with the first scrape.
            family.add_metric(row, value * (now % 86400) if grows else value, timestamp=now if stamped else None)
        yield family


def _containers(pod: Manifest) -> Iterator[tuple[str, ...]]:
    yield "", "/pod", "", "", *_key(pod)
    for container in pod["spec"]["containers"]:
        yield container["name"], f"/pod/{container['name']}", container["image"], container["name"], *_key(pod)


def _key(pod: Manifest) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def _claims(pod: Manifest) -> Iterator[tuple[str, str]]:
    for volume in pod["spec"].get("volumes", ()):
        if claim := volume.get("persistentVolumeClaim"):
            yield pod["metadata"]["namespace"], claim["claimName"]
