"""Who depends on whom among the parts that watch the platform; nothing waits for them, and they wait for nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from components.observability.arguments import ObservabilityArgs
from components.observability.names import (
    ALERTMANAGER,
    GRAFANA,
    KUBE_STATE_METRICS,
    PROMETHEUS,
    PROMETHEUS_ADAPTER,
    exporter_name,
)
from components.specs.ports import METRICS, Port
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Catalogue
from stacks.schema.dependencies import Dependency, inner_dependencies, store_dependency
from stacks.schema.environment import Environment
from stacks.schema.node_agents import node_agent_dependencies
from stacks.schema.observed_hosts import observed_hosts
from stacks.schema.scraping import scrapes
from stacks.schema.stores import BROKER, BROKER_PORTS
from stacks.schema.tracing_dependencies import tracing_dependencies

_CALLS: Final = ((PROMETHEUS, ALERTMANAGER), (GRAFANA, PROMETHEUS), (PROMETHEUS_ADAPTER, PROMETHEUS))
"""Who asks whom, at the port from which metrics come too."""
_CALLS_ELSEWHERE: Final = ((PROMETHEUS, KUBE_STATE_METRICS), (ALERTMANAGER, ALERTMANAGER))
"""Who asks whom at all other ports: for what is known of the cluster's objects; replicas gossip, over TCP and UDP."""


def undeclared_dependencies(
    catalogue: Catalogue,
    environment: Environment,
    specs: Mapping[str, WorkloadSpec],
    watching: ObservabilityArgs | None,
) -> Iterator[Dependency]:
    """Yield what no service declares and the service graph leaves out: within a broker, and of all that watches."""
    yield from inner_dependencies(specs)
    yield from observability_dependencies(catalogue, environment, specs)
    yield from node_agent_dependencies(watching, environment, specs)


def observability_dependencies(
    catalogue: Catalogue, environment: Environment, specs: Mapping[str, WorkloadSpec]
) -> Iterator[Dependency]:
    """Yield every dependency of the parts that watch the platform; none in an environment without observability."""
    yield from _calls(specs)
    for store in catalogue.stores:
        if exporter_name(store) in specs:
            found = store_dependency(exporter_name(store), store, catalogue, environment)
            yield replace(found, required=False)
    if exporter_name(BROKER) in specs:
        yield Dependency(exporter_name(BROKER), BROKER, BROKER_PORTS["monitor"], port_name="monitor", required=False)
    for source, host in observed_hosts(environment):
        yield Dependency(source, host.name, Port(number=host.port), outside=host.cidrs, required=False)
    yield from tracing_dependencies(catalogue, environment, specs)
    yield from scrapes(environment, specs)


def _calls(specs: Mapping[str, WorkloadSpec]) -> Iterator[Dependency]:
    for source, target in _CALLS:
        port = specs[target].metrics_port if source in specs and target in specs else None
        if port:
            yield Dependency(source, target, port, port_name=METRICS, required=False)
    for source, target in _CALLS_ELSEWHERE:
        parts = specs[target].every_container if source in specs and target in specs else ()
        for name, port in ((name, port) for part in parts for name, port in part.ports.items()):
            if name != METRICS:
                yield Dependency(source, target, port, port_name=name, required=False)
