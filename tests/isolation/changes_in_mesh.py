"""Violations planted in the sample once it is in a mesh."""

from __future__ import annotations

from components.isolation import Relaxation
from tests.isolation.changes import Change, Planted, in_turn
from tests.isolation.mesh_sample import ambient, meshed
from tests.isolation.sample import Body, find


def planted(rule: int, what: str, change: Change, path: str, excuse: Relaxation | None = None) -> Planted:
    """A violation in a mesh with sidecars."""
    return Planted(rule, what, in_turn(meshed, change), path, excuse)


def in_ambient(rule: int, what: str, change: Change, path: str) -> Planted:
    """A violation in a mesh in ambient mode."""
    return Planted(rule, what, in_turn(ambient, change), path)


def listener(manifests: list[Body]) -> Body:
    """What the Pods of users may call."""
    return find(manifests, "Sidecar", "users")["spec"]["egress"][0]
