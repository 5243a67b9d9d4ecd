"""Checks of promises: somebody counts the requests, for as long as the promise goes, at the promised duration."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from components.observability.arguments import ObservabilityArgs
from components.observability.buckets import APPLICATION_SECONDS, MESH_SECONDS, nearest
from components.observability.rules.objectives import source, window
from components.specs.observability.objectives import Objective
from stacks.document import Document, Location, Problem
from stacks.schema.catalogue import Catalogue
from stacks.schema.environment import ROOT
from stacks.schema.origins import Origins

_BOUNDARIES: Final = {"mesh": MESH_SECONDS, "application": APPLICATION_SECONDS}
_COUNTS: Final = {"mesh": "the mesh", "application": "the service itself"}
_RETENTION: Final = (*ROOT, "observability", "metrics", "retention")


class _Said(NamedTuple):
    """An objective where it is written, and the services that it holds for, by who counts their requests."""

    document: Document
    location: Location
    objective: Objective
    services: dict[str, list[str]]


def objective_problems(catalogue: Catalogue, args: ObservabilityArgs, origins: Origins) -> Iterator[Problem]:
    """Yield promises that nobody could tell kept from broken; one of all services is told once."""
    for service in args.services:
        if service.objective is not None and not service.interfaces and source(args, service) == "application":
            document, location = _place(service.name, catalogue, origins)
            yield document.problem(
                location,
                f"promises something, and nothing counts the requests of {service.name}",
                consequence="its budget would have no series, and no alert on it could ever fire",
                fix="add a port called metrics beside its http or grpc port (docs/services.md), or say slo: null",
            )
    yield from _windows(args, origins.environment_document)
    for said in _all_said(catalogue, args, origins):
        yield from _thresholds(said)


def _windows(args: ObservabilityArgs, document: Document) -> Iterator[Problem]:
    retention = args.settings.metrics.retention
    promised = {one.name: one.objective.window for one in args.services if one.objective is not None}
    if retention is None or not promised:
        return
    longest = max(promised.values())
    if longest > retention:
        names = ", ".join(name for name, length in promised.items() if length == longest)
        yield document.problem(
            _RETENTION,
            f"is shorter than the window of {window(longest)} over which promises are counted: {names}",
            consequence="of older failures nothing would be known, and budgets look fuller than they are",
            fix=f"raise it to {window(longest)} or more, or shorten slo.window",
        )


def _thresholds(said: _Said) -> Iterator[Problem]:
    common = [one for one in MESH_SECONDS if all(one in _BOUNDARIES[counted_by] for counted_by in said.services)]
    boundaries = common if "mesh" in said.services else APPLICATION_SECONDS
    for quantile, limit in said.objective.latency.items():
        seconds = limit.total_seconds()
        wrong = [
            f"of {', '.join(names)} by {_COUNTS[counted_by]}"
            for counted_by, names in said.services.items()
            if seconds not in _BOUNDARIES[counted_by]
        ]
        if wrong:
            yield said.document.problem(
                (*said.location, "latency", quantile),
                f"is no boundary of the buckets in which requests are counted: {'; '.join(wrong)}",
                consequence="nobody could tell how many requests took longer",
                fix=f"make it {' or '.join(map(_text, nearest(seconds, boundaries)))}",
            )


def _text(seconds: float) -> str:
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"


def _all_said(catalogue: Catalogue, args: ObservabilityArgs, origins: Origins) -> list[_Said]:
    found: dict[tuple[str, Location], _Said] = {}
    for service in args.services:
        if service.objective is not None:
            document, location = _place(service.name, catalogue, origins)
            said = found.setdefault((document.name, location), _Said(document, location, service.objective, {}))
            said.services.setdefault(source(args, service), []).append(service.name)
    return list(found.values())


def _place(name: str, catalogue: Catalogue, origins: Origins) -> tuple[Document, Location]:
    """Return where a service's objective is said: here, in the catalogue, or for all services."""
    override = origins.environment.services.get(name)
    if override is not None and "slo" in override.model_fields_set:
        return origins.environment_document, (*ROOT, "services", name, "slo")
    if "slo" in catalogue.services[name].model_fields_set:
        return origins.catalogue_document, ("services", name, "slo")
    return origins.catalogue_document, ("team-defaults", "slo")
