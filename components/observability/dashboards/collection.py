"""All dashboards of a platform, and the ConfigMaps that Grafana reads them from. Pure.

Grafana's library takes a tenth of a second to import: import this module where dashboards are made, not at the top.
"""

import json
from collections.abc import Callable
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards import index
from components.observability.dashboards.deployments import deployments
from components.observability.dashboards.go import go
from components.observability.dashboards.java import java
from components.observability.dashboards.mesh import mesh
from components.observability.dashboards.monitoring import monitoring
from components.observability.dashboards.objectives import objectives
from components.observability.dashboards.overview import overview
from components.observability.dashboards.python import python
from components.observability.dashboards.requests import requests
from components.observability.dashboards.stores import stores
from components.observability.dashboards.streams import streams
from components.observability.dashboards.telemetry import telemetry

_MAKERS: Final[dict[index.Entry, Callable[[ObservabilityArgs], Dashboard]]] = {
    index.OVERVIEW: overview,
    index.DEPLOYMENTS: deployments,
    index.MONITORING: monitoring,
    index.REQUESTS: requests,
    index.OBJECTIVES: objectives,
    index.GO: go,
    index.JAVA: java,
    index.PYTHON: python,
    index.MESH: mesh,
    index.STREAMS: streams,
    index.STORES: stores,
    index.TELEMETRY: telemetry,
}


def dashboards(args: ObservabilityArgs) -> dict[str, Dashboard]:
    """Return the dashboards that a platform gets, by uid."""
    return {entry.uid: _MAKERS[entry](args) for entry in index.entries(args)}


def dashboard_config_maps(args: ObservabilityArgs) -> dict[str, dict[str, str]]:
    """Return ConfigMap → its one file → the dashboard."""
    return {
        index.config_map_name(uid): {f"{uid}.json": dashboard_json(dashboard)}
        for uid, dashboard in dashboards(args).items()
    }


def dashboard_json(dashboard: Dashboard) -> str:
    """Return a dashboard as Grafana reads it: always the same text, so that a diff shows what has changed."""
    return json.dumps(dashboard, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
