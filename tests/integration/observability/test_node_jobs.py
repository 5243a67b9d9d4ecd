"""What a real Prometheus keeps of a kubelet's metrics. The kubelet is played: a real one needs a real node (layer 6).

Its page: https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md.
"""

from __future__ import annotations

import json
from collections.abc import Generator

import pytest

from components.observability.prometheus.scrape_jobs import CADVISOR_METRICS, KUBELET_METRICS, node_jobs
from tests.integration.observability import pages
from tests.integration.servers import prometheus
from tests.integration.servers.processes import LOOPBACK
from tests.integration.servers.prometheus import Prometheus
from tests.observability.scraped import scraped

ARGS = scraped(namespace="shop")
CONTAINERS = (
    'container="orders",namespace="shop",pod="orders-1"',
    'container="",namespace="shop",pod="orders-1"',
    'container="orders",namespace="shop-staging",pod="orders-1"',
    'container="coredns",namespace="kube-system",pod="coredns-1"',
)
VOLUMES = ('namespace="shop",persistentvolumeclaim="data"', 'namespace="market",persistentvolumeclaim="data"')


def page(metrics: tuple[str, ...], series: tuple[str, ...]) -> pages.Page:
    lines = [f"{name}{{{labels}}} 1" for name in (*metrics, "container_tasks_state") for labels in series]
    return ("\n".join(lines) + "\n").encode


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Prometheus]:
    """A Prometheus with the kubelets' jobs, whose targets, without TLS and token, are on this machine."""
    jobs = node_jobs(ARGS)
    with pages.serving(
        {
            "/metrics": page(KUBELET_METRICS, VOLUMES),
            "/metrics/cadvisor": page(CADVISOR_METRICS, CONTAINERS),
        }
    ) as port:
        for job in jobs:
            for there in ("scheme", "tls_config", "authorization", "kubernetes_sd_configs", "relabel_configs"):
                del job[there]
            job["static_configs"] = [{"targets": [f"{LOOPBACK}:{port}"], "labels": {"node": "one"}}]
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        with prometheus.running(tmp_path_factory.mktemp("nodes"), {prometheus.CONFIG: json.dumps(config)}) as server:
            server.until_scraped()
            yield server


def kept(server: Prometheus, job: str) -> set[tuple[str, str, str]]:
    own = f'{{job="{job}",__name__!~"up|scrape_.*"}}'
    found = server.until(lambda: server.query(own), f"something of {job} is kept")
    return {(one.labels["__name__"], one.labels["namespace"], one.labels.get("container", "")) for one in found}


def test_of_containers_the_platforms_own_are_kept_and_no_sums(asked: Prometheus) -> None:
    assert kept(asked, "cadvisor") == {(name, "shop", "orders") for name in CADVISOR_METRICS}, (
        "a node tells of everybody's containers, and of each Pod as a whole beside them"
    )


def test_of_volumes_the_platforms_own_are_kept(asked: Prometheus) -> None:
    assert kept(asked, "kubelet") == {(name, "shop", "") for name in KUBELET_METRICS}
