"""Workloads as a catalogue would write them, built into objects that the Kubernetes schema accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from components.manifests import Manifest
from components.specs.workload import WorkloadSpec
from components.workloads.arguments import WorkloadArgs
from components.workloads.objects import workload_objects
from tests.kubernetes_schema import schema_problems

IMAGE = "registry.example.com/shop/users:1.4.2"


def spec(text: str = "", **settings: Any) -> WorkloadSpec:
    """Read a workload's YAML; an image is supplied."""
    return WorkloadSpec.model_validate({"image": IMAGE, **(yaml.safe_load(text) or {}), **settings})


def build(text: str = "", name: str = "users", **arguments: Any) -> list[Manifest]:
    """Return the objects of a workload that stands in YAML. Each must satisfy the schema of its kind."""
    args = WorkloadArgs(spec=spec(text), namespace="shop", part_of="shop", **arguments)
    return valid(workload_objects(name, args))


def valid(bodies: list[Manifest]) -> list[Manifest]:
    """Return the objects, each of which must satisfy the schema of its kind."""
    problems = [
        f"{body['kind']} {body['metadata']['name']}: {text}" for body in bodies for text in schema_problems(body)
    ]
    assert not problems, problems
    return bodies


def every(bodies: Sequence[Manifest], kind: str) -> list[Manifest]:
    """Return the objects of a kind."""
    return [body for body in bodies if body["kind"] == kind]


def the(bodies: Sequence[Manifest], kind: str) -> Manifest:
    """Return the one object of a kind."""
    found = every(bodies, kind)
    assert len(found) == 1, f"one {kind} was expected, not {len(found)}"
    return found[0]


def pod(bodies: Sequence[Manifest]) -> Manifest:
    """Return the Pod's spec of the one workload among the objects."""
    return template(bodies)["spec"]


def template(bodies: Sequence[Manifest]) -> Manifest:
    """Return the Pod template of the one workload among the objects."""
    (holder,) = (
        body for body in bodies if body["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}
    )
    spec = holder["spec"].get("jobTemplate", holder)["spec"]
    return spec["template"]


def main(bodies: Sequence[Manifest]) -> Manifest:
    """Return the main container."""
    return pod(bodies)["containers"][0]


def environment(container: Manifest) -> dict[str, Any]:
    """Return a container's variables, in order: a text, or where the value comes from."""
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", [])}


def refusals(text: str) -> list[tuple[str, str]]:
    """Return what is wrong with a workload that stands in YAML: the path, and the message."""
    try:
        spec(text)
    except ValidationError as error:
        return [
            (".".join(str(part) for part in detail["loc"] if not str(part).startswith("<")), detail["msg"])
            for detail in error.errors()
        ]
    return []
