"""Platforms in a mesh: made of a few services, or the committed ones with changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.mesh.arguments import MeshArgs
from stacks.assembly import render
from stacks.schema.platform import Platform
from tests.stacks.project import Project
from tests.stacks.random_catalogues import platform

MESH: dict[str, Any] = {
    "data-plane": "sidecar",
    "routing-api": "istio",
    "edge": {"domain": "example.com", "tls": {"secret": "shop-tls"}},
    "telemetry": {"sampling": "5%"},
    "rate-limit-store": "cache",
}
AMBIENT = MESH | {
    "data-plane": "ambient",
    "routing-api": "gateway",
    "edge": MESH["edge"] | {"gateway": "istio"},
}
SERVICE: dict[str, Any] = {"image": "example.com/x:1", "exceptions": {"probes": "probes are another test's"}}


def meshed(drawn: dict[str, Any], **environment: Any) -> Platform:
    """A platform of these services, in a mesh."""
    return platform({name: SERVICE | service for name, service in drawn.items()}, **{"mesh": MESH} | environment)


def args(resolved: Platform) -> MeshArgs:
    """What a platform's mesh is built from."""
    assert resolved.mesh is not None
    return resolved.mesh


def changed(tmp_path: Path, environment: dict[str, Any], stack: str = "dev") -> Platform:
    """A committed stack with changes to its environment."""
    return Project(tmp_path, stack).change(environment=environment).validate()


def difference(before: Platform, after: Platform) -> set[tuple[str, str]]:
    """Kind and name of each object that two platforms do not render alike."""

    def objects(one: Platform) -> dict[tuple[str, str], Any]:
        return {(body["kind"], body["metadata"]["name"]): body for body in render(one)}

    old, new = objects(before), objects(after)
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
