"""Which dashboards a platform gets, and where they stand. Pure, and quick to import: without Grafana's library."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from components.observability.arguments import ObservabilityArgs, Role
from components.observability.rules.broker import broker_exporters
from components.specs.container import Language
from components.specs.observability.logs import InLoki, LogAgent, Logs
from components.specs.observability.metrics import MetricsBackend


class Folder(StrEnum):
    """Grafana's folders, by who looks there first."""

    PLATFORM = "Platform"
    SERVICES = "Services"
    INFRASTRUCTURE = "Infrastructure"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A dashboard's place in Grafana."""

    uid: str
    """Fixed: links, bookmarks and the name of its ConfigMap hold it. Grafana takes 40 characters."""
    title: str
    folder: Folder


OVERVIEW: Final = Entry(uid="platform-overview", title="Platform overview", folder=Folder.PLATFORM)
DEPLOYMENTS: Final = Entry(uid="deployments", title="Deployments", folder=Folder.PLATFORM)
MONITORING: Final = Entry(uid="monitoring", title="Prometheus and Alertmanager", folder=Folder.PLATFORM)
REQUESTS: Final = Entry(uid="requests", title="Requests of a service", folder=Folder.SERVICES)
OBJECTIVES: Final = Entry(uid="objectives", title="Objectives and budgets", folder=Folder.SERVICES)
GO: Final = Entry(uid="go-runtime", title="Go runtime", folder=Folder.SERVICES)
JAVA: Final = Entry(uid="jvm", title="Java virtual machine", folder=Folder.SERVICES)
PYTHON: Final = Entry(uid="python-runtime", title="Python runtime", folder=Folder.SERVICES)
MESH: Final = Entry(uid="mesh", title="Mesh", folder=Folder.INFRASTRUCTURE)
STREAMS: Final = Entry(uid="streams", title="Streams", folder=Folder.INFRASTRUCTURE)
STORES: Final = Entry(uid="stores", title="Stores", folder=Folder.INFRASTRUCTURE)
TELEMETRY: Final = Entry(uid="telemetry", title="Traces and logs", folder=Folder.INFRASTRUCTURE)

HOME: Final = OVERVIEW.uid
"""What people see first."""


def entries(args: ObservabilityArgs) -> tuple[Entry, ...]:
    """Return the dashboards of a platform: those whose metrics it has, the home dashboard first."""
    return tuple(entry for entry, present in _has(args) if present)


def config_map_name(uid: str) -> str:
    """Return the name of the ConfigMap that holds a dashboard, as the one key ``<uid>.json``."""
    return f"grafana-dashboard-{uid}"


def exporters(args: ObservabilityArgs, *engines: str) -> dict[str, str]:
    """Return what stores of these engines are called → the exporter that speaks for them."""
    return {
        workload.speaks_for: name
        for name, workload in args.workloads.items()
        if workload.role is Role.EXPORTER and workload.speaks_for is not None and workload.engine in engines
    }


def written_in(args: ObservabilityArgs, language: Language) -> tuple[str, ...]:
    """Return the workloads whose runtime is measured: services first, then parts of the platform."""
    measured = [one for one in args.workloads.values() if one.language is language and one.endpoint is not None]
    return tuple(one.name for one in sorted(measured, key=lambda one: one.role is not Role.SERVICE))


def _has(args: ObservabilityArgs) -> Iterator[tuple[Entry, bool]]:
    """Yield each dashboard, and whether the platform has what it shows."""
    yield OVERVIEW, True
    yield DEPLOYMENTS, True
    yield MONITORING, args.settings.metrics.run_by is MetricsBackend.PLATFORM
    yield REQUESTS, any(service.interfaces for service in args.services)
    yield OBJECTIVES, any(service.objective for service in args.services)
    yield GO, bool(written_in(args, Language.GO))
    yield JAVA, bool(written_in(args, Language.JAVA))
    yield PYTHON, bool(written_in(args, Language.PYTHON))
    yield MESH, args.mesh is not None
    yield STREAMS, bool(args.streams and broker_exporters(args))
    yield STORES, bool(exporters(args, "postgres", "redis"))
    yield TELEMETRY, args.settings.tracing is not None or _tells_of_logs(args.settings.logs)


def _tells_of_logs(logs: Logs | None) -> bool:
    return logs is not None and (logs.agent is LogAgent.COLLECTOR or isinstance(logs.storage, InLoki))
