"""The whole checklist: which rules there are, and what a render violates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import (
    credentials,
    lifecycle,
    mesh_egress,
    mesh_faults,
    mesh_identity,
    mesh_routes,
    namespace,
    network,
    node,
    observability,
    pod,
    references,
    reliability,
    resources,
    scraping,
)
from .objects import Objects
from .pods import Manifest
from .rules import Accepted, Rule, Violation

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *namespace.RULES,
            *pod.RULES,
            *node.RULES,
            *credentials.RULES,
            *network.RULES,
            *mesh_identity.RULES,
            *mesh_routes.RULES,
            *mesh_egress.RULES,
            *mesh_faults.RULES,
            *reliability.RULES,
            *resources.RULES,
            *lifecycle.RULES,
            *references.RULES,
            *observability.RULES,
            *scraping.RULES,
        ),
        key=lambda rule: rule.number,
    )
)
"""Every rule, by its number in the checklist."""


def check(
    manifests: Iterable[Manifest],
    *,
    production: bool,
    accepted: Sequence[Accepted] = (),
    secrets_from_cluster: frozenset[str] = frozenset(),
) -> list[Violation]:
    """What a whole render violates, by rule: less what an object excepts with a reason, and what `accepted` lists.

    `production` adds the rules that only the production tier asks for. `secrets_from_cluster` names the Secrets that
    are not rendered because something in the cluster provides them.
    """
    objects = Objects(tuple(manifests), secrets_from_cluster)
    return [
        violation
        for rule in RULES
        if production or not rule.production_only
        for violation in rule.violations(objects)
        if not any(entry.covers(violation) for entry in accepted)
    ]


def unused(accepted: Sequence[Accepted], violations: Iterable[Violation]) -> list[Accepted]:
    """The entries that cover none of these violations (found without `accepted`): they can be deleted."""
    found = list(violations)
    return [entry for entry in accepted if not any(entry.covers(violation) for violation in found)]
