"""The platform as the mesh sees it: services, callers and hosts, from the same list of dependencies as all else."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from components.identity import governing_service_name
from components.mesh.arguments import (
    Caller,
    EdgeRoute,
    ExternalService,
    MeshArgs,
    MeshedWorkload,
    MeshPort,
    ReleaseVersion,
)
from components.mesh.names import edge_service_account
from components.mesh.rate_limit_service import PORT, SERVICE, rate_limit_callers
from components.observability.custom_metrics.adapter import PLAIN_TEXT_REASON
from components.observability.names import (
    JAEGER,
    JAEGER_COLLECTOR,
    LOKI,
    OTEL_COLLECTOR,
    OTEL_SAMPLER,
    PROMETHEUS,
    PROMETHEUS_ADAPTER,
)
from components.specs.mesh.resilience import Resilience, Retries
from components.specs.mesh.settings import Mesh
from components.specs.mesh.traffic import LimitScope
from components.specs.ports import Port, Protocol, app_protocol
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Catalogue, Service
from stacks.schema.dependencies import Dependency, by_workload, store_dependency
from stacks.schema.environment import Environment, ServiceOverride, StoreOutside
from stacks.schema.observed_hosts import observed_hosts
from stacks.schema.scraping import operator_callers
from stacks.schema.stores import BROKER, broker_port, store_port
from stacks.schema.tracing_dependencies import proxy_callers, search_route

_PLAIN_TEXT: Final = {PROMETHEUS_ADAPTER: {"https": PLAIN_TEXT_REASON}}
"""Workload of the platform → port → why callers without an identity are let in there."""
_RESILIENCE: Final = dict.fromkeys(
    (PROMETHEUS, LOKI, JAEGER, JAEGER_COLLECTOR, OTEL_COLLECTOR, OTEL_SAMPLER),
    Resilience(timeout=timedelta(minutes=2), retries=Retries(attempts=0)),
)
"""How a part of the platform is called, where that differs from other services. Prometheus gives a query two minutes
(flag query.timeout), and one that was too much for it is not to be sent again. Senders of spans and logs have times and
retries of their own."""


def mesh_args(
    catalogue: Catalogue, environment: Environment, specs: Mapping[str, WorkloadSpec], dependencies: list[Dependency]
) -> MeshArgs | None:
    """Return what the mesh's components take; None in an environment without a mesh.

    ``dependencies`` are all of them, but for those on the rate-limit service: `rate_limit_dependencies`.
    """
    if environment.mesh is None:
        return None
    external, known_as = _external(catalogue, environment)
    touching = by_workload(dependencies)
    args = MeshArgs(
        settings=environment.mesh,
        namespace=environment.namespace,
        edge_namespace=environment.edge_namespace,
        part_of=catalogue.platform,
        workloads={
            name: meshed_workload(name, spec, catalogue, environment, touching.get(name, []), known_as)
            for name, spec in specs.items()
        },
        external=external,
        issuers=catalogue.authentication,
        roles=catalogue.roles,
    )
    args = _with_proxies_spans(args)
    return _with_rate_limit_service(args) if SERVICE in specs else args


def has_global_limits(environment: Environment, specs: Iterable[WorkloadSpec]) -> bool:
    """Whether anything is counted by the rate-limit service, so that it has to run."""
    limits = (limit for spec in specs if isinstance(spec, Service) for limit in spec.rate_limits)
    return environment.mesh is not None and any(limit.scope is LimitScope.GLOBAL for limit in limits)


def rate_limit_dependencies(catalogue: Catalogue, environment: Environment, args: MeshArgs) -> Iterator[Dependency]:
    """Yield who needs the rate-limit service, which nobody waits for, and the store that it counts in."""
    store = args.settings.rate_limit_store
    if SERVICE not in args.workloads or store is None:
        return
    for caller in args.workloads[SERVICE].callers:
        if caller.namespace == args.namespace:
            yield Dependency(caller.service_account, SERVICE, Port(number=PORT), port_name=caller.port, required=False)
    yield store_dependency(SERVICE, store, catalogue, environment)


def mesh_ports(spec: WorkloadSpec) -> dict[str, MeshPort]:
    """Return the TCP ports of a workload; those that its Service does not carry are bare connections to the mesh."""
    return {
        name: MeshPort(
            number=port.number,
            service_port=port.service_port or port.number,
            protocol=(app_protocol(name, port) if port.exposed else None) or "tcp",
        )
        for part in spec.every_container
        for name, port in part.ports.items()
        if port.protocol is Protocol.TCP
    }


def meshed_workload(
    name: str,
    spec: WorkloadSpec,
    catalogue: Catalogue,
    environment: Environment,
    touching: list[Dependency],
    known_as: Mapping[str, str],
) -> MeshedWorkload:
    """Return a workload as the mesh sees it; ``known_as`` has the mesh's name of each host outside."""
    ports = mesh_ports(spec)
    service = spec if isinstance(spec, Service) else None
    override = environment.services.get(name, ServiceOverride())
    exposed = any(port.exposed for part in spec.every_container for port in part.ports.values())
    own = [found for found in touching if found.source == name]
    reasons = _PLAIN_TEXT.get(name, {}) | (environment.mesh.permissive_ports.get(name, {}) if environment.mesh else {})
    return MeshedWorkload(
        name=name,
        service_account=name,
        team=catalogue.team_of(name),
        service=(spec.service.name or name) if exposed else None,
        is_headless=spec.service.headless,
        ports=ports,
        contract=service.contract if service else None,
        callers=tuple(
            dict.fromkeys(
                Caller(
                    service_account=found.source,
                    namespace=found.source_namespace or environment.namespace,
                    port=found.port_name,
                    methods=found.methods,
                    direct=found.direct,
                )
                for found in touching
                if found.target == name and found.port_name in ports
            )
        )
        + operator_callers(spec, environment),
        calls=tuple(
            dict.fromkeys(
                _service_name(found, catalogue) for found in own if _is_call(found) and found.target_namespace is None
            )
        ),
        elsewhere=tuple(_elsewhere(spec, own, catalogue, environment.mesh)) if environment.mesh else (),
        external=tuple(dict.fromkeys(known_as[found.target] for found in own if found.target in known_as)),
        resilience=service.resilience if service else _RESILIENCE.get(name, Resilience()),
        versions={
            track: ReleaseVersion(weight=version.weight, match=version.match)
            for track, version in spec.versions.items()
        },
        mirror=override.mirror,
        fault=override.fault,
        rate_limits=service.rate_limits if service else (),
        edge=_edge(service, environment.mesh) if environment.mesh and service else search_route(name, environment),
        permissive_ports={port: reason for port, reason in reasons.items() if port in ports},
    )


def _is_call(found: Dependency) -> bool:
    """Whether it goes by the name of a Service, which a scrape does not."""
    return bool(found.port_name) and (found.governing or not found.direct)


def _elsewhere(spec: WorkloadSpec, own: list[Dependency], catalogue: Catalogue, settings: Mesh) -> Iterator[str]:
    """Yield the Services of other namespaces that a workload calls, the API server's among them."""
    if spec.uses_kubernetes_api:
        yield f"default/kubernetes.default.svc.{settings.cluster_domain}"
    for found in own:
        if _is_call(found) and found.target_namespace is not None:
            host = f"{_service_name(found, catalogue)}.{found.target_namespace}.svc.{settings.cluster_domain}"
            yield f"{found.target_namespace}/{host}"


def _service_name(found: Dependency, catalogue: Catalogue) -> str:
    service = catalogue.services.get(found.target)
    name = (service.service.name if service else None) or found.target
    return governing_service_name(name) if found.governing else name


def _edge(service: Service, settings: Mesh) -> EdgeRoute | None:
    if service.edge is None:
        return None
    edge = service.edge
    return EdgeRoute(host=f"{edge.host}.{settings.edge.domain}", paths=edge.paths, port=edge.port, policy=edge)


def external_services(catalogue: Catalogue, environment: Environment) -> Iterator[ExternalService]:
    """Yield every host outside the cluster that somebody may use: declared ones, and managed stores."""
    for name, external in catalogue.external.items():
        yield ExternalService(
            name=name,
            host=external.host,
            port=external.port,
            originate_tls=external.originate_tls,
            protocol=external.protocol,
        )
    for name, store in catalogue.stores.items():
        place = environment.stores[name]
        if isinstance(place, StoreOutside):
            yield ExternalService(name=name, host=place.host, port=store_port(store, place), protocol="tcp")
    if catalogue.streams and isinstance(environment.broker, StoreOutside):
        place = environment.broker
        yield ExternalService(name=BROKER, host=place.host, port=broker_port(place), protocol="tcp")
    for one in dict.fromkeys(one for _, one in observed_hosts(environment)):
        yield one.in_the_mesh()


def _external(catalogue: Catalogue, environment: Environment) -> tuple[dict[str, ExternalService], dict[str, str]]:
    """Return the hosts by name, and what each name of a host is known as: two names for one host are one.

    Istio gives each ServiceEntry of a host addresses of its own, and callers would reach either by chance.
    """
    found: dict[ExternalService, str] = {}
    known_as = {}
    for external in external_services(catalogue, environment):
        known_as[external.name] = found.setdefault(replace(external, name=""), external.name)
    return {name: replace(external, name=name) for external, name in found.items()}, known_as


def _with_proxies_spans(args: MeshArgs) -> MeshArgs:
    """Let proxies in Pods of their own send their spans, where Collectors run here."""
    collector = args.workloads.get(OTEL_COLLECTOR)
    if collector is None:
        return args
    callers = (*collector.callers, *proxy_callers(args))
    return replace(args, workloads={**args.workloads, OTEL_COLLECTOR: replace(collector, callers=callers)})


def _with_rate_limit_service(args: MeshArgs) -> MeshArgs:
    """Let those with global limits call the service that counts, the edge's gateway among them."""
    limited, edge = rate_limit_callers(args)
    callers = [Caller(service_account=name, namespace=args.namespace, port="grpc") for name in limited]
    if edge:
        gateway = Caller(service_account=edge_service_account(args), namespace=args.edge_namespace, port="grpc")
        callers.append(gateway)
    workloads = dict(args.workloads)
    for name in limited:
        workloads[name] = replace(workloads[name], calls=(*workloads[name].calls, SERVICE))
    workloads[SERVICE] = replace(workloads[SERVICE], callers=tuple(callers))
    return replace(args, workloads=workloads)
