"""Names that an environment needs itself, for what watches the platform."""

from collections.abc import Iterator
from typing import Final

from components.identity import governing_service_name
from components.observability.dashboards.index import config_map_name
from components.observability.metrics_adapter import CERTIFICATE_SECRET
from components.observability.names import ALERTMANAGER, GRAFANA, PROMETHEUS, PROMETHEUS_ADAPTER, RULES
from stacks.document import Document, Location, Problem
from stacks.schema.catalogue import Catalogue
from stacks.schema.environment import Environment
from stacks.schema.observability_workloads import programs

_WITH_CONFIG: Final = {PROMETHEUS, ALERTMANAGER, GRAFANA, PROMETHEUS_ADAPTER}
_WITH_SECRET: Final = {PROMETHEUS, ALERTMANAGER, GRAFANA}
_DASHBOARDS: Final = config_map_name("")


def observability_name_problems(
    catalogue: Catalogue, environment: Environment, document: Document
) -> Iterator[Problem]:
    """Yield each thing of the catalogue that would replace a part of what watches it here, or be replaced."""
    running = set(programs(catalogue, environment))
    services = running | {governing_service_name(name) for name in running & {PROMETHEUS}}
    config_maps = running & _WITH_CONFIG | ({RULES} if PROMETHEUS in running else set[str]())
    secrets = running & _WITH_SECRET | ({CERTIFICATE_SECRET} if PROMETHEUS_ADAPTER in running else set[str]())
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
