"""What an environment runs to watch its platform: servers, exporters, their configuration and their Secrets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from components.observability.alertmanager.server import (
    alertmanager_config,
    alertmanager_secret_keys,
    alertmanager_workload,
)
from components.observability.arguments import ObservabilityArgs
from components.observability.custom_metrics.adapter import adapter_config, adapter_workload
from components.observability.exporters.kube_state_metrics import kube_state_metrics_workload
from components.observability.exporters.stores import broker_exporter_workload, store_exporter_workload
from components.observability.grafana.server import grafana_config, grafana_secret_keys, grafana_workload
from components.observability.jaeger.storage import has_jaeger
from components.observability.names import (
    ALERTMANAGER,
    GRAFANA,
    JAEGER,
    KUBE_STATE_METRICS,
    LOKI,
    LOKI_PORT,
    PROMETHEUS,
    PROMETHEUS_ADAPTER,
    RULES,
    SEARCH_PORT,
    exporter_name,
)
from components.observability.prometheus.config import prometheus_config, secret_keys
from components.observability.prometheus.workload import prometheus_workload
from components.observability.rules.groups import rule_files
from components.specs.observability.logs import InLoki
from components.specs.observability.metrics import MetricsBackend
from components.specs.observability.settings import Observability, Program
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Catalogue
from stacks.schema.environment import BrokerInCluster, Environment, StoreOutside
from stacks.schema.observability import monitored_workload, observability_args
from stacks.schema.stores import BROKER, BROKER_PORTS, database, store_host, store_port
from stacks.schema.tracing_workloads import PROGRAMS, tracing_builders, tracing_secret_keys


def observability_workloads(
    catalogue: Catalogue, environment: Environment, specs: Mapping[str, WorkloadSpec]
) -> dict[str, WorkloadSpec]:
    """Return what runs beside the workloads that are watched.

    A part's spec follows from the settings and from what came before it: Grafana, last, mounts a dashboard for each
    language that anything here is written in.
    """
    found = dict(_exporters(catalogue, environment))
    args = observability_args(catalogue, environment, {**specs, **found})
    if args is None:
        return {}
    settings = args.settings
    for name, build in _builders(settings):
        found[name] = build(args)
        watched = monitored_workload(name, found[name], catalogue, environment)
        args = replace(args, workloads={**args.workloads, name: watched})
    programs_of = programs(catalogue, environment)
    return {name: _with_image(spec, settings.images.get(programs_of[name])) for name, spec in found.items()}


def _with_image(spec: WorkloadSpec, image: str | None) -> WorkloadSpec:
    """Let every container that runs the program run this image of it."""
    if image is None:
        return spec
    containers = {
        name: part.model_copy(update={"image": image}) if part.image == spec.image else part
        for name, part in spec.containers.items()
    }
    return spec.model_copy(update={"image": image, "containers": containers})


def programs(catalogue: Catalogue, environment: Environment) -> dict[str, Program]:
    """Return the workloads that watch the platform, each with what the settings call its program."""
    settings = environment.observability
    if settings is None:
        return {}
    found = {exporter_name(name): Program(exporter_name(store.engine)) for name, store in catalogue.stores.items()}
    if _broker(catalogue, environment):
        found[exporter_name(BROKER)] = Program.NATS_EXPORTER
    return found | {name: PROGRAMS.get(name) or Program(name) for name, _ in _builders(settings)}


def _broker(catalogue: Catalogue, environment: Environment) -> BrokerInCluster | None:
    """Return the broker where its servers' monitoring ports are known."""
    return environment.broker if catalogue.streams and isinstance(environment.broker, BrokerInCluster) else None


def _exporters(catalogue: Catalogue, environment: Environment) -> Iterator[tuple[str, WorkloadSpec]]:
    for name, store in catalogue.stores.items():
        place = environment.stores[name]
        spec = store_exporter_workload(
            store=name,
            engine=store.engine.value,
            host=store_host(name, place),
            port=store_port(store, place),
            database=database(name),
            outside=isinstance(place, StoreOutside),
        )
        yield exporter_name(name), spec
    broker = _broker(catalogue, environment)
    if broker:
        monitor = BROKER_PORTS["monitor"].number
        servers = tuple(f"{BROKER}-{index}.{BROKER}:{monitor}" for index in range(broker.replicas))
        yield exporter_name(BROKER), broker_exporter_workload(servers)


def _builders(settings: Observability) -> Iterator[tuple[str, Callable[[ObservabilityArgs], WorkloadSpec]]]:
    if settings.metrics.run_by is MetricsBackend.PLATFORM:
        yield PROMETHEUS, prometheus_workload
        yield KUBE_STATE_METRICS, kube_state_metrics_workload
    if settings.alerts:
        yield ALERTMANAGER, alertmanager_workload
    if settings.metrics.request_metrics:
        yield PROMETHEUS_ADAPTER, adapter_workload
    yield from tracing_builders(settings)
    if settings.dashboards:
        yield GRAFANA, grafana_workload


def observability_config(args: ObservabilityArgs) -> dict[str, Mapping[str, str]]:
    """Return the ConfigMaps that these workloads read."""
    settings = args.settings
    found: dict[str, Mapping[str, str]] = {}
    if settings.metrics.run_by is MetricsBackend.PLATFORM:
        found |= {PROMETHEUS: prometheus_config(args), RULES: rule_files(args)}
    if settings.alerts:
        found[ALERTMANAGER] = alertmanager_config(args)
    if settings.dashboards:
        # Here, since Grafana's library takes a while to import.
        from components.observability.dashboards.collection import dashboard_config_maps

        traces = f"http://{JAEGER}:{SEARCH_PORT}" if has_jaeger(settings.tracing) else None
        logs = f"http://{LOKI}:{LOKI_PORT}" if settings.logs and isinstance(settings.logs.storage, InLoki) else None
        found |= {GRAFANA: grafana_config(args, traces=traces, logs=logs), **dashboard_config_maps(args)}
    if settings.metrics.request_metrics:
        found[PROMETHEUS_ADAPTER] = adapter_config(args)
    return found


def observability_secrets(environment: Environment) -> dict[str, tuple[str, ...]]:
    """Return the Secrets that somebody must supply: each with its keys."""
    settings = environment.observability
    if settings is None:
        return {}
    found: dict[str, Sequence[str]] = {
        PROMETHEUS: secret_keys(settings.metrics),
        ALERTMANAGER: alertmanager_secret_keys(settings.alerts) if settings.alerts else (),
        GRAFANA: grafana_secret_keys(settings.dashboards) if settings.dashboards else (),
        **(tracing_secret_keys(settings.tracing) if settings.tracing else {}),
    }
    return {name: tuple(dict.fromkeys(keys)) for name, keys in found.items() if keys}
