"""Names that an environment needs itself, for what watches the platform."""

from collections.abc import Iterator
from typing import Final

from components.identity import governing_service_name
from components.observability.custom_metrics.adapter import CERTIFICATE_SECRET
from components.observability.dashboards.index import config_map_name
from components.observability.log_agents.workload import SECRET
from components.observability.names import (
    AGENTS,
    ALERTMANAGER,
    GRAFANA,
    JAEGER,
    JAEGER_COLLECTOR,
    LOKI,
    OTEL_COLLECTOR,
    OTEL_SAMPLER,
    OTEL_SIDECAR,
    PROMETHEUS,
    PROMETHEUS_ADAPTER,
    RULES,
)
from stacks.document import Document, Location, Problem
from stacks.schema.catalogue import Catalogue
from stacks.schema.environment import Environment
from stacks.schema.observability_workloads import programs

_WITH_CONFIG: Final = {
    *(PROMETHEUS, ALERTMANAGER, GRAFANA, PROMETHEUS_ADAPTER),
    *(OTEL_COLLECTOR, OTEL_SAMPLER, JAEGER, JAEGER_COLLECTOR, LOKI),
}
_WITH_SECRET: Final = {PROMETHEUS, ALERTMANAGER, GRAFANA, JAEGER, OTEL_COLLECTOR}
_GOVERNED: Final = {PROMETHEUS, OTEL_COLLECTOR, JAEGER, LOKI}
"""Those with a second, headless Service, which names their Pods, where they are StatefulSets."""
_DASHBOARDS: Final = config_map_name("")


def observability_name_problems(
    catalogue: Catalogue, environment: Environment, document: Document
) -> Iterator[Problem]:
    """Yield each thing of the catalogue that would replace a part of what watches it here, or be replaced."""
    settings = environment.observability
    running = set(programs(catalogue, environment))
    # The agents' are in another namespace, but a policy, a rule or a secret's values go by the name alone.
    agents = {AGENTS[settings.logs.agent]} if settings and settings.logs else set[str]()
    services = running | agents | {governing_service_name(name) for name in running & _GOVERNED}
    config_maps = running & _WITH_CONFIG | ({RULES} if PROMETHEUS in running else set[str]()) | agents
    config_maps |= {OTEL_SIDECAR} if OTEL_COLLECTOR in running else set[str]()
    secrets = running & _WITH_SECRET | ({CERTIFICATE_SECRET} if PROMETHEUS_ADAPTER in running else set[str]())
    secrets |= {SECRET} if agents else set[str]()
    found: list[tuple[Location, bool]] = [
        *((("services", name), name in services) for name in catalogue.services),
        *(
            (("services", name, "service", "name"), service.service.name in services)
            for name, service in catalogue.services.items()
        ),
        *((("stores", name), name in services) for name in catalogue.stores),
        *(
            (("config-maps", name), name in config_maps or _is_dashboard(name, environment))
            for name in catalogue.config_maps
        ),
        *((("secrets", name), name in secrets) for name in catalogue.secrets),
    ]
    for location, is_taken in found:
        if is_taken:
            yield document.problem(
                location,
                "has the name of something that watches the platform here",
                consequence="one of the two would replace the other",
                fix="rename it",
            )


def _is_dashboard(name: str, environment: Environment) -> bool:
    return environment.observability is not None and name.startswith(_DASHBOARDS)
