"""A cluster whose autoscaler is told of requests: by the adapter, through the API server.

The controllers are Kubernetes' own. Played are the node, cert-manager (its certificate and the trust in it), the
cluster's DNS (the API server finds the adapter under this machine's name) and the requests: Prometheus starts with what
it would have scraped from the Pods.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.manifests import Manifest
from components.observability.custom_metrics.adapter import FILE, adapter_config, adapter_workload
from components.observability.custom_metrics.api import MetricsAdapter, MetricsApi
from components.observability.names import PROMETHEUS_ADAPTER
from components.specs.workload import WorkloadSpec
from components.workloads.arguments import WorkloadArgs
from components.workloads.objects import workload_objects
from launcher.gobuild import built
from localcluster.binaries import Binaries
from localcluster.certificates import Authority
from localcluster.processes import serving
from tests.integration.observability import played_node
from tests.integration.observability.accounts import Account
from tests.integration.observability.played_node import PlayedCluster
from tests.integration.servers import prometheus
from tests.integration.servers.flags import with_flags
from tests.integration.servers.processes import LOOPBACK, Process, eventually, free_port, is_listening
from tests.observability.scaled_shop import scaled_shop
from tests.tools.prometheus import PROMTOOL
from tests.tools.prometheus_adapter import PROMETHEUS_ADAPTER as ADAPTER

ARGS: Final = dataclasses.replace(scaled_shop(), namespace="scaled")
API: Final = "/apis/custom.metrics.k8s.io/v1beta1"
REQUESTS: Final = 80.0
"""A second, of each Pod of the gateway; it scales on 50."""
JOBS: Final = 35
"""That wait in each Pod of the mailer; it scales on 10."""
BUCKETS: Final = (("0.1", 0.9), ("0.2", 1.0), ("+Inf", 1.0))
"""Upper bound → share of the requests: the 95th percentile lies half-way between the first two."""
_AUTHORITY: Final = "adapter-ca.crt"
_PAST, _FUTURE, _STEP = 600, 1800, 10
"""Seconds of samples before and after now: rates have their window, however long the tests take."""


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """The cluster with its autoscaler, and where the adapter answers by itself."""

    cluster: PlayedCluster
    adapter_port: int
    adapter_authority: str
    """The file of whoever signed its certificate."""
    measured: dict[str, list[str]]
    """Service → the Pods that Prometheus knows; the autoscaler adds others."""

    def get(self, path: str) -> Any:
        answer = self.cluster.cluster.request("GET", path)
        assert answer.ok, f"{path}: {answer.text}"
        return answer.json()

    def values(self, metric: str, service: str) -> dict[str, str]:
        """Pod → value, as the autoscaler asks for it."""
        path = f"{API}/namespaces/{ARGS.namespace}/pods/*/{metric}"
        found = self.get(f"{path}?labelSelector=app.kubernetes.io/name={service}")
        return {item["describedObject"]["name"]: item["value"] for item in found["items"]}

    def autoscaler(self, service: str) -> Manifest:
        return self.get(f"/apis/autoscaling/v2/namespaces/{ARGS.namespace}/horizontalpodautoscalers/{service}")


@contextmanager
def running(folder: Path) -> Generator[Scaled]:
    """Run all of it, and stop it at the end."""
    with played_node.running(folder) as cluster, _autoscaler(cluster, folder):
        cluster.apply([_namespace(), *_workloads()], {})
        first = eventually(lambda: _least_pods(cluster), "each service has its least number of Pods")
        (folder / "samples").write_text("\n".join([*_samples(first), "# EOF", ""]))
        _run(built(PROMTOOL), "tsdb", "create-blocks-from", "openmetrics", "samples", "data", folder=folder)
        with (
            prometheus.running(folder, {prometheus.CONFIG: "{}"}) as server,
            _adapter(cluster, server.url, folder) as port,
        ):
            yield Scaled(cluster=cluster, adapter_port=port, adapter_authority=str(folder / _AUTHORITY), measured=first)


def _namespace() -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ARGS.namespace}}


def _workloads() -> Iterator[Manifest]:
    for one in ARGS.services:
        spec = WorkloadSpec(image="registry.example.com/app:1", ports={"http": 8080}, autoscaling=one.autoscaling)  # ty: ignore[invalid-argument-type]
        yield from workload_objects(one.name, WorkloadArgs(spec=spec, namespace=ARGS.namespace, part_of=ARGS.part_of))


def _least_pods(cluster: PlayedCluster) -> dict[str, list[str]]:
    """Service → its running Pods; nothing before all have their least number."""
    found: dict[str, list[str]] = {one.name: [] for one in ARGS.services}
    for pod in cluster.pods(ARGS.namespace):
        if pod.get("status", {}).get("phase") == "Running":
            found[pod["metadata"]["labels"]["app.kubernetes.io/name"]].append(pod["metadata"]["name"])
    return found if all(len(pods) == 2 for pods in found.values()) else {}


def _samples(pods: dict[str, list[str]]) -> Iterator[str]:
    """Yield what Prometheus would have scraped, and will, as OpenMetrics with times."""
    now = int(time.time())
    times = range(now - _PAST, now + _FUTURE, _STEP)
    requests_total = {at: REQUESTS * (at - times.start) for at in times}
    yield "# TYPE up gauge"
    for service, names in pods.items():
        for name in names:
            yield from (f'up{{{_labels(service, name)},job="pods"}} 1 {at}' for at in times)
    yield "# TYPE jobs_waiting gauge"
    for name in pods["mailer"]:
        yield from (f"jobs_waiting{{{_labels('mailer', name)}}} {JOBS} {at}" for at in times)
    yield "# TYPE http_server_request_duration_seconds histogram"
    for name in pods["gateway"]:
        labels = f'{_labels("gateway", name)},method="GET",route="/api",code="200"'
        for bound, share in BUCKETS:
            series = f'http_server_request_duration_seconds_bucket{{{labels},le="{bound}"}}'
            yield from (f"{series} {share * total} {at}" for at, total in requests_total.items())
        series = f"http_server_request_duration_seconds_count{{{labels}}}"
        yield from (f"{series} {total} {at}" for at, total in requests_total.items())


def _labels(service: str, pod: str) -> str:
    return f'namespace="{ARGS.namespace}",pod="{pod}",service="{service}"'


def _run(program: Path, *arguments: str, folder: Path) -> None:
    finished = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@contextmanager
def _autoscaler(cluster: PlayedCluster, folder: Path) -> Generator[None]:
    """Kubernetes' own autoscaler, with the rights that Kubernetes gives it and no others."""
    command = [
        str(Binaries.built().kube_controller_manager),
        f"--kubeconfig={cluster.server.kubeconfig}",
        "--controllers=horizontal-pod-autoscaler-controller",
        "--use-service-account-credentials",
        "--horizontal-pod-autoscaler-sync-period=1s",
        "--secure-port=0",
        "--leader-elect=false",
    ]
    with serving("autoscaler", command, folder=folder, ready=lambda: True):
        yield


@contextmanager
def _adapter(cluster: PlayedCluster, prometheus_url: str, folder: Path) -> Generator[int]:
    """The adapter as the platform runs it, with its own service account's token and rights."""
    port = free_port()
    spec = adapter_workload(ARGS)
    objects = workload_objects(
        PROMETHEUS_ADAPTER, WorkloadArgs(spec=spec, namespace=ARGS.namespace, part_of=ARGS.part_of)
    )
    rights = [one for one in objects if one["kind"] in {"ServiceAccount", "Role", "RoleBinding"}]
    bodies = MetricsAdapter.manifests("adapter", ARGS)
    (certificate,) = (one for one in bodies if one["kind"] == "Certificate")
    cluster.apply([*rights, *bodies, _on_this_machine(objects)], {})
    authority = Authority("cert-manager")
    pair = authority.serving(PROMETHEUS_ADAPTER, hosts=certificate["spec"]["dnsNames"], addresses=[LOOPBACK])
    for name, content in ((_AUTHORITY, authority.certificate), ("tls.crt", pair.certificate), ("tls.key", pair.key)):
        (folder / name).write_bytes(content)
    (folder / FILE).write_text(adapter_config(ARGS)[FILE])
    account = Account.of(cluster.server, cluster.cluster, ARGS.namespace, PROMETHEUS_ADAPTER)
    kubeconfig = str(account.write_kubeconfig(folder))
    flags: dict[str, str | None] = {
        "--config": str(folder / FILE),
        "--prometheus-url": prometheus_url,
        "--secure-port": str(port),
        "--bind-address": LOOPBACK,
        "--tls-cert-file": str(folder / "tls.crt"),
        "--tls-private-key-file": str(folder / "tls.key"),
        "--metrics-relist-interval": "1s",
        "--metrics-max-age": "60s",
        **{f"--{purpose}-kubeconfig": kubeconfig for purpose in ("lister", "authentication", "authorization")},
    }
    process = Process(PROMETHEUS_ADAPTER, [built(ADAPTER), *with_flags(spec.args, flags)], folder=folder)
    try:
        process.until(lambda: is_listening(port), "the adapter listens")
        cluster.apply([_trusted(one, authority, port) for one in MetricsApi.manifests("adapter", ARGS)], {})
        process.until(lambda: _is_serving(cluster), "the API server finds the adapter, and it the metrics")
        yield port
    finally:
        process.stop()


def _is_serving(cluster: PlayedCluster) -> bool:
    answer = cluster.cluster.request("GET", API)
    return answer.ok and bool(answer.json()["resources"])


def _on_this_machine(objects: list[Manifest]) -> Manifest:
    """The adapter's Service, with what a cluster's own network would do for it."""
    (service,) = (copy.deepcopy(one) for one in objects if one["kind"] == "Service")
    service["spec"] = {"type": "ExternalName", "externalName": "localhost"}
    return service


def _trusted(api: Manifest, authority: Authority, port: int) -> Manifest:
    """The APIService as cert-manager completes it, for a server that is this machine's."""
    body = copy.deepcopy(api)
    body["spec"] |= {"caBundle": base64.b64encode(authority.certificate).decode()}
    body["spec"]["service"]["port"] = port
    return body
