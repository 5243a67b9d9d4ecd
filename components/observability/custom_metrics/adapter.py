"""prometheus-adapter, which answers autoscalers from Prometheus: its rules, and how it runs. Pure.

https://github.com/kubernetes-sigs/prometheus-adapter/blob/master/docs/config.md
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from components import versions
from components.hardening import HardenedDefault
from components.observability.arguments import MonitoredWorkload, ObservabilityArgs
from components.observability.measures import MEASURES
from components.observability.names import PROMETHEUS, PROMETHEUS_ADAPTER, PROMETHEUS_PORT
from components.quantities import duration_text
from components.specs.container import Language, Mount
from components.specs.observability.objectives import quantile_percent
from components.specs.pod import ApiAccess, ConfigVolume, SecretVolume
from components.specs.ports import Port
from components.specs.probes import Probe, Probes
from components.specs.scaling import REQUESTS_METRIC, latency_metric
from components.specs.workload import WorkloadSpec
from components.yaml_text import yaml_file

PORT: Final = 6443
FILE: Final = "config.json"
CERTIFICATE_SECRET: Final = f"{PROMETHEUS_ADAPTER}-tls"
"""Where cert-manager keeps the adapter's key pair."""
PLAIN_TEXT_REASON: Final = (
    "The API server asks the adapter, and is no member of the mesh; the adapter has TLS of its own, and takes requests "
    "with the API server's certificate or a token only."
)
"""Why the mesh lets callers without an identity in, on the port `https`."""

_FOLDER: Final = "/etc/prometheus-adapter"
_LEAST_WINDOW: Final = timedelta(minutes=1)
_SCRAPES_IN_A_WINDOW: Final = 4
"""A rate asks for two samples; so many survive that two scrapes in a row fail."""
_RELIST: Final = timedelta(minutes=1)
_REMEMBERED: Final = timedelta(minutes=5)
_ANSWERS_A_SECOND: Final = 100
"""Each autoscaler asks every 15 s for each metric, and each answer lists Pods: enough for over a thousand of them."""


def adapter_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data: a rule for each metric that some autoscaler reads, and for no other.

    `requests_per_second` and `request_duration_<quantile>_seconds` come from the histograms of the service's own
    interfaces, so that they are the same with and without a mesh. A Pod without requests has 0, as it is found by its
    scrapes: an autoscaler that finds no value does nothing.
    """
    return {FILE: yaml_file({"rules": list(_rules(args))})}


def scaled_metrics(args: ObservabilityArgs) -> dict[str, tuple[MonitoredWorkload, ...]]:
    """Return what autoscalers read from the custom metrics API: metric → the services that scale on it."""
    found: dict[str, list[MonitoredWorkload]] = {}
    for service in args.services:
        scaling = service.autoscaling
        if scaling is None:
            continue
        own = [REQUESTS_METRIC] if scaling.requests_per_second is not None else []
        for metric in (*own, *map(latency_metric, scaling.latency), *scaling.metrics):
            found.setdefault(metric, []).append(service)
    return {metric: tuple(services) for metric, services in sorted(found.items())}


def adapter_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the Deployment of the adapter: as many replicas as Prometheus has.

    It lists Pods, asks Prometheus, and keeps nothing. Its own metrics are for callers with a token only.
    """
    settings = args.settings.metrics
    exceptions = {HardenedDefault.SERVICE_ACCOUNT_TOKEN: "It asks the API server for Pods, and who its callers are."}
    if settings.replicas == 1:
        exceptions[HardenedDefault.SINGLE_REPLICA] = "While it is away autoscalers keep the number of Pods as it is."
    return WorkloadSpec(
        language=Language.GO,
        image=versions.PROMETHEUS_ADAPTER_IMAGE,
        args=(
            f"--config={_FOLDER}/config/{FILE}",
            f"--prometheus-url=http://{PROMETHEUS}:{PROMETHEUS_PORT}",
            f"--secure-port={PORT}",
            f"--tls-cert-file={_FOLDER}/tls/tls.crt",
            f"--tls-private-key-file={_FOLDER}/tls/tls.key",
            "--tls-min-version=VersionTLS12",
            f"--metrics-relist-interval={duration_text(_RELIST)}",
            f"--metrics-max-age={duration_text(_REMEMBERED)}",
            f"--client-qps={_ANSWERS_A_SECOND}",
            f"--client-burst={2 * _ANSWERS_A_SECOND}",
            "--profiling=false",
        ),
        ports={"https": Port(number=PORT)},
        volumes={
            "config": ConfigVolume(config=PROMETHEUS_ADAPTER),
            # It reads a renewed certificate by itself.
            "tls": SecretVolume(secret=CERTIFICATE_SECRET, on_change="reload"),
        },
        mounts={
            f"{_FOLDER}/config": Mount(volume="config", read_only=True),
            f"{_FOLDER}/tls": Mount(volume="tls", read_only=True),
        },
        probes=Probes(
            startup=Probe(http="/readyz", https=True, port="https", failures=30),
            readiness=Probe(http="/readyz", https=True, port="https"),
            liveness=Probe(http="/livez", https=True, port="https", failures=6),
        ),
        replicas=settings.replicas,
        resources=settings.request_metrics.resources if settings.request_metrics else WorkloadSpec().resources,
        api_access=(ApiAccess(resources=("pods",), verbs=("list",)),),
        exceptions=exceptions,
    )


def _rules(args: ObservabilityArgs) -> Iterator[dict[str, Any]]:
    window = duration_text(max(_LEAST_WINDOW, _SCRAPES_IN_A_WINDOW * args.settings.metrics.scrape_interval))
    for metric, services in scaled_metrics(args).items():
        found = f'namespace="{args.namespace}",pod!="",service=~"{"|".join(one.name for one in services)}"'
        quantiles = {
            latency_metric(name): name for one in services if one.autoscaling for name in one.autoscaling.latency
        }
        if metric == REQUESTS_METRIC:
            yield _rule(metric, "up", f'job="pods",{found}', _or_nothing(_sum(_rates(services, "_count", window))))
        elif metric in quantiles:
            share = quantile_percent(quantiles[metric]) / 100
            quantile = f"histogram_quantile({share:g}, {_sum(_rates(services, '_bucket', window), 'le')})"
            yield _rule(metric, "up", f'job="pods",{found}', _or_nothing(quantile))
        else:
            yield _rule(metric, metric, found, _sum(f"{metric}{{<<.LabelMatchers>>}}"))


def _rule(metric: str, series: str, found: str, query: str) -> dict[str, Any]:
    return {
        "seriesQuery": f"{series}{{{found}}}",
        "resources": {"overrides": {label: {"resource": label} for label in ("namespace", "pod")}},
        "name": {"matches": f"^{series}$", "as": metric},
        "metricsQuery": query,
    }


def _rates(services: Iterable[MonitoredWorkload], suffix: str, window: str) -> str:
    """Return the rates of all interfaces together: `or` keeps all of them, as no two have the same labels."""
    interfaces = {interface for one in services for interface in one.interfaces}
    names = [measure.histogram for interface, measure in MEASURES.items() if interface in interfaces]
    return " or ".join(f"rate({name}{suffix}{{<<.LabelMatchers>>}}[{window}])" for name in names)


def _sum(expression: str, *labels: str) -> str:
    return f"sum by ({', '.join(('<<.GroupBy>>', *labels))}) ({expression})"


def _or_nothing(expression: str) -> str:
    nothing = _sum('0 * up{job="pods",<<.LabelMatchers>>}')
    return f"{expression} or {nothing}"
