"""What a container takes from its node: rule 27 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator

from components.hardening import HardenedDefault

from . import sources
from .objects import Objects
from .quantities import amount
from .rules import Finding, Rule


def cpu_is_limited(objects: Objects) -> Iterator[Finding]:
    """A CPU limit on every container."""
    for workload, container in objects.containers():
        if ((container.body.get("resources") or {}).get("limits") or {}).get("cpu") is None:
            yield Finding(
                workload.manifest,
                f"{container.path}.resources.limits.cpu",
                f"container {container.name} may take all CPUs of its node from its neighbours",
                "set limits.cpu",
            )


def resources_are_stated(objects: Objects) -> Iterator[Finding]:
    """Requests for CPU, memory and ephemeral storage, limits for the last two, and for memory the two are equal."""
    for workload, container in objects.containers():
        resources = container.body.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        path = f"{container.path}.resources"
        for field, stated, names in (
            ("requests", requests, ("cpu", "memory", "ephemeral-storage")),
            ("limits", limits, ("memory", "ephemeral-storage")),
        ):
            for name in names:
                if stated.get(name) is None:
                    yield Finding(
                        workload.manifest,
                        f"{path}.{field}.{name}",
                        f"container {container.name} has no {field} for {name}, so the scheduler overfills its node",
                        f"set {field}.{name}",
                    )
        asked, allowed = requests.get("memory"), limits.get("memory")
        if None not in (asked, allowed) and amount(asked) != amount(allowed):
            yield Finding(
                workload.manifest,
                f"{path}.requests.memory",
                f"container {container.name} asks for {asked} but may use {allowed}, which its node has not set aside",
                f"set requests.memory to {allowed}",
            )


RULES = (
    Rule(
        number=27,
        title="CPU is limited",
        source=sources.RESOURCES,
        find=cpu_is_limited,
        relaxation=HardenedDefault.CPU_LIMIT,
    ),
    Rule(number=27, title="resources are stated", source=sources.RESOURCES, find=resources_are_stated),
)
