"""Faults that routes inject on purpose: a part of rule 21 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator

from components.hardening import HardenedDefault

from . import sources
from .mesh_hosts import destinations, find_service
from .mesh_objects import istio_objects
from .objects import Objects
from .pods import name_of, namespace_of
from .rules import Finding, Rule


def requests_fail_for_a_reason(objects: Objects) -> Iterator[Finding]:
    """A workload whose requests a route delays or aborts says why, where its owners look."""
    injecting = [
        route
        for route in istio_objects(objects, "VirtualService")
        if any(rule.get("fault") for rule in (route.get("spec") or {}).get("http") or [])
    ]
    for route in injecting:
        services = (
            find_service(objects, found.host, namespace_of(route))
            for found in destinations(objects)
            if found.route is route
        )
        behind = {
            (workload.kind, name_of(workload.manifest)): workload.manifest
            for service in services
            if service is not None
            for workload in objects.selected_by_service(service)
        }
        for manifest in behind.values():
            yield Finding(
                manifest,
                "metadata.annotations",
                f"VirtualService {name_of(route)} lets requests for it wait or fail on purpose",
                "drop the fault",
            )


RULES = (
    Rule(
        number=21,
        title="requests fail for a reason",
        source=sources.FAULTS,
        find=requests_fail_for_a_reason,
        relaxation=HardenedDefault.FAULT_INJECTION,
        production_only=True,
    ),
)
