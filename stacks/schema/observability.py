"""The platform as its metrics, rules and dashboards see it: what runs, who answers for it, what it promises."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from components.observability.arguments import (
    Interface,
    MeshReporter,
    MetricsEndpoint,
    MonitoredWorkload,
    ObservabilityArgs,
    Role,
    StreamConsumer,
)
from components.observability.names import exporter_name
from components.specs.mesh.settings import DataPlane, IssuedCertificate
from components.specs.observability.objectives import Objective
from components.specs.ports import METRICS_PATH, app_protocol
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Catalogue, Service
from stacks.schema.environment import Environment
from stacks.schema.mesh import mesh_ports
from stacks.schema.stores import BROKER

_INTERFACES: Final = {"http": Interface.HTTP, "grpc": Interface.RPC}
"""appProtocol → what a service answers on a port of it."""


def observability_args(
    catalogue: Catalogue, environment: Environment, specs: Mapping[str, WorkloadSpec]
) -> ObservabilityArgs | None:
    """Return what the components of observability take; None in an environment without it."""
    settings = environment.observability
    if settings is None:
        return None
    return ObservabilityArgs(
        settings=settings,
        namespace=environment.namespace,
        edge_namespace=environment.edge_namespace,
        part_of=catalogue.platform,
        workloads={name: monitored_workload(name, spec, catalogue, environment) for name, spec in specs.items()},
        mesh=_reporter(environment),
        streams=tuple(catalogue.streams),
        certificates=_issues_certificates(environment),
    )


def monitored_workload(
    name: str, spec: WorkloadSpec, catalogue: Catalogue, environment: Environment
) -> MonitoredWorkload:
    """Return a workload as it is watched: a service, a store, the broker, or what runs beside them."""
    service = catalogue.services.get(name)
    port = spec.metrics_port
    speaks_for = next((one for one in (*catalogue.stores, BROKER) if exporter_name(one) == name), None)
    watched = MonitoredWorkload(
        name=name,
        team=catalogue.team_of(name),
        role=_role(name, speaks_for, catalogue),
        language=spec.language,
        endpoint=MetricsEndpoint(port=port.number, path=port.path or METRICS_PATH) if port else None,
        autoscaling=spec.autoscaling,
        engine=_engine(speaks_for or name, catalogue),
        speaks_for=speaks_for,
    )
    if service is None:
        return watched
    return replace(
        watched,
        interfaces=interfaces(service),
        is_meshed_service=_is_counted_by_proxies(spec, environment),
        objective=objective(name, catalogue, environment),
        alerts=service.alerts,
        calls=tuple(service.calls),
        stores=tuple(used for used in service.uses if used in catalogue.stores),
        consumers=tuple(_consumers(name, service)),
    )


def objective(name: str, catalogue: Catalogue, environment: Environment) -> Objective | None:
    """Return what a service promises here: the environment's word, or else the service's own, or else the default."""
    service, override = catalogue.services[name], environment.services.get(name)
    for one in (override, service):
        if one is not None and "slo" in one.model_fields_set:
            return one.slo
    return catalogue.team_defaults.slo if interfaces(service) else None


def interfaces(service: Service) -> tuple[Interface, ...]:
    """Return by which of its metrics a service's requests can be counted; none where it serves no metrics."""
    if service.metrics_port is None:
        return ()
    spoken = [app_protocol(name, port) or "" for name, port in service.ports.items()]
    found = [_INTERFACES[protocol] for protocol in spoken if protocol in _INTERFACES]
    return tuple(dict.fromkeys([*found, *([Interface.MESSAGING] if service.consumes else [])]))


def _role(name: str, speaks_for: str | None, catalogue: Catalogue) -> Role:
    if name in catalogue.services:
        return Role.SERVICE
    if name in catalogue.stores:
        return Role.STORE
    if name == BROKER:
        return Role.BROKER
    return Role.EXPORTER if speaks_for else Role.PLATFORM


def _engine(name: str, catalogue: Catalogue) -> str | None:
    store = catalogue.stores.get(name)
    return store.engine.value if store else BROKER if name == BROKER else None


def _consumers(name: str, service: Service) -> Iterator[StreamConsumer]:
    for subject, consumer in service.consumes.items():
        stream, _, own = subject.partition("/")
        yield StreamConsumer(stream=stream, name=name, subject=own, max_deliver=consumer.max_deliver)


def _is_counted_by_proxies(spec: WorkloadSpec, environment: Environment) -> bool:
    """Whether some proxy reads the service's requests: a headless Service has no waypoint."""
    if environment.mesh is None or not any(port.is_routed for port in mesh_ports(spec).values()):
        return False
    return environment.mesh.data_plane is DataPlane.SIDECAR or not spec.service.headless


def _reporter(environment: Environment) -> MeshReporter | None:
    if environment.mesh is None:
        return None
    return MeshReporter.SIDECAR if environment.mesh.data_plane is DataPlane.SIDECAR else MeshReporter.WAYPOINT


def _issues_certificates(environment: Environment) -> bool:
    settings, mesh = environment.observability, environment.mesh
    edge = mesh is not None and isinstance(mesh.edge.tls, IssuedCertificate)
    return edge or (settings is not None and settings.metrics.request_metrics is not None)
