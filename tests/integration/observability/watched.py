"""A platform as it is watched: Prometheus, Alertmanager and kube-state-metrics on their generated configuration.

What carries its traces and logs runs with them, since it pushes metrics to this Prometheus.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.observability.arguments import ObservabilityArgs
from components.observability.exporters.certificate_metrics import CERTIFICATES, CERTIFICATES_PORT
from components.observability.names import (
    ALERTMANAGER,
    ALERTMANAGER_PORT,
    KUBE_STATE_METRICS,
    PROMETHEUS,
    STATE_PORT,
    alertmanager_hosts,
)
from stacks.assembly import render
from stacks.schema.platform import Platform
from tests.integration.observability import carriers
from tests.integration.observability.local_copies import alertmanager_files, mounted, prometheus_files
from tests.integration.observability.played_node import Endpoint, PlayedCluster
from tests.integration.servers import exporters
from tests.integration.servers.alertmanager import Alertmanager
from tests.integration.servers.processes import free_port
from tests.integration.servers.prometheus import Prometheus
from tests.integration.servers.webhook import Webhook


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What watches a platform, running."""

    platform: Platform
    args: ObservabilityArgs
    prometheus: Prometheus
    alertmanager: Alertmanager


Redirect = Callable[[str, Endpoint], Endpoint]
"""Workload and where its metrics are → where they are to be scraped."""


@contextmanager
def running(
    folder: Path,
    platform: Platform,
    cluster: PlayedCluster,
    endpoints: Mapping[str, Endpoint],
    receiver: Webhook,
    redirect: Redirect = lambda _, endpoint: endpoint,
) -> Generator[Watched]:
    """Put the platform's objects into the cluster, and run what watches it; receivers' addresses lead to `receiver`.

    `endpoints`: where the metrics of each Deployment and StatefulSet are, but for what is started here.
    """
    args = platform.observability
    assert args is not None, f"{platform.namespace.name} is not watched"
    kubeconfig = cluster.server.kubeconfig
    state_port, server = free_port(), Prometheus(folder=_made(folder / "prometheus"))
    tells = Alertmanager(folder=_made(folder / "alertmanager"), arguments=platform.workloads[ALERTMANAGER].spec.args)
    own = {PROMETHEUS: server.port, ALERTMANAGER: tells.port, KUBE_STATE_METRICS: state_port}
    with ExitStack() as stack:
        carrying = stack.enter_context(carriers.running(folder / "carriers", args, server.url))
        everything = {**endpoints, **carrying, **{name: Endpoint(port=port) for name, port in own.items()}}
        spec = platform.workloads[KUBE_STATE_METRICS].spec
        here = _made(folder / "state")
        arguments = mounted(spec, platform.config_maps, here)
        state = stack.enter_context(exporters.kube_state_metrics(here, kubeconfig, arguments, own_port=state_port))
        addresses = {f"{KUBE_STATE_METRICS}:{STATE_PORT}": state.address}
        if args.certificates:
            arguments = spec.containers[CERTIFICATES].args
            expiry = stack.enter_context(exporters.kube_state_metrics(_made(folder / "expiry"), kubeconfig, arguments))
            addresses[f"{KUBE_STATE_METRICS}:{CERTIFICATES_PORT}"] = expiry.address
        addresses |= {f"{host}:{ALERTMANAGER_PORT}": tells.address for host in alertmanager_hosts(args)}
        cluster.apply(render(platform), {name: redirect(name, endpoint) for name, endpoint in everything.items()})
        keys = platform.secrets[ALERTMANAGER].keys
        tells.write(alertmanager_files(platform, tells.folder, _urls(keys, receiver)))
        tells.start()
        stack.callback(tells.stop)
        server.arguments = platform.workloads[PROMETHEUS].spec.args
        server.write(prometheus_files(platform, server.folder, kubeconfig, addresses))
        server.start()
        stack.callback(server.stop)
        yield Watched(platform=platform, args=args, prometheus=server, alertmanager=tells)


def _urls(keys: tuple[str, ...], receiver: Webhook) -> dict[str, str]:
    """Each receiver has a path of its own, called like its key."""
    return {key: f"{receiver.url}/{key}" for key in keys}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
