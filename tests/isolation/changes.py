"""Changes to the sample, named by what they do to it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from components.isolation import Relaxation
from tests.isolation.sample import Body, an_object, find

Change = Callable[[list[Body]], object]

TEMPLATE = "spec.template.spec"
MAIN = f"{TEMPLATE}.containers[0]"
CONTEXT = f"{MAIN}.securityContext"


@dataclass(frozen=True)
class Planted:
    """A change to the sample, the rule that it breaks, where that shows, what may excuse it, and what else breaks."""

    rule: int
    what: str
    change: Change
    path: str
    relaxation: Relaxation | None = None
    also: tuple[int, ...] = ()


def deployment(manifests: list[Body]) -> Body:
    return find(manifests, "Deployment", "users")


def pod(manifests: list[Body]) -> Body:
    return deployment(manifests)["spec"]["template"]["spec"]


def container(manifests: list[Body]) -> Body:
    return pod(manifests)["containers"][0]


def security(manifests: list[Body]) -> Body:
    return container(manifests)["securityContext"]


def spec(kind: str, name: str) -> Callable[[list[Body]], Body]:
    return lambda manifests: find(manifests, kind, name)["spec"]


def metadata(kind: str, name: str) -> Callable[[list[Body]], Body]:
    return lambda manifests: find(manifests, kind, name)["metadata"]


def put(place: Callable[[list[Body]], Body], **fields: Any) -> Change:
    return lambda manifests: place(manifests).update(fields)


def drop(place: Callable[[list[Body]], Body], field: str) -> Change:
    return lambda manifests: place(manifests).pop(field)


def without(kind: str, name: str) -> Change:
    return lambda manifests: manifests.remove(find(manifests, kind, name))


def adding(body: Body) -> Change:
    return lambda manifests: manifests.append(deepcopy(body))


def env(name: str, **source: Any) -> Change:
    return lambda manifests: container(manifests)["env"].append({"name": name, **source})


def with_volume(volume: Body) -> Change:
    return lambda manifests: pod(manifests)["volumes"].append(volume)


def with_host_path(manifests: list[Body]) -> None:
    """A volume of the node's files that is mounted for writing."""
    with_volume({"name": "logs", "hostPath": {"path": "/var/log"}})(manifests)
    container(manifests)["volumeMounts"].append({"name": "logs", "mountPath": "/logs"})


def in_turn(*changes: Change) -> Change:
    def change(manifests: list[Body]) -> None:
        for one in changes:
            one(manifests)

    return change


def in_another_namespace(manifests: list[Body]) -> None:
    for body in manifests:
        if body["kind"] != "Namespace":
            body["metadata"]["namespace"] = "elsewhere"


def in_default(manifests: list[Body]) -> None:
    manifests.append(an_object("ConfigMap", "stray", data={}))
    manifests[-1]["metadata"]["namespace"] = "default"
