"""The edge between manifests and Pulumi: the one place that registers Kubernetes objects."""

from collections.abc import Mapping, Sequence
from typing import Final
from weakref import WeakKeyDictionary

import pulumi

from components.manifests import Manifest, resource_token

ObjectKey = tuple[str, str]
"""(kind, name) of an object; a component holds no two of one key."""

_objects: Final = WeakKeyDictionary[pulumi.Resource, dict[ObjectKey, pulumi.CustomResource]]()


def register(
    body: Manifest, *, parent: pulumi.Resource, depends_on: Sequence[pulumi.Resource] = ()
) -> pulumi.CustomResource:
    """Register a whole manifest as a child of a component, under the official provider's type token.

    The generic resource keeps the keys as the API spells them. It is also cheaper than the typed classes, which
    translate every key twice. What a Secret holds stays secret in the state.
    """
    kind, name = body["kind"], body["metadata"]["name"]
    resource = pulumi.CustomResource(
        resource_token(body),
        name,
        dict(body),
        pulumi.ResourceOptions(
            parent=parent,
            depends_on=depends_on,
            additional_secret_outputs=["data", "stringData"] if kind == "Secret" else None,
        ),
    )
    _objects.setdefault(parent, {})[kind, name] = resource
    return resource


def register_all(bodies: Sequence[Manifest], *, parent: pulumi.Resource) -> Mapping[ObjectKey, pulumi.CustomResource]:
    """Register manifests side by side, and return them by (kind, name)."""
    for body in bodies:
        register(body, parent=parent)
    return objects_of(parent)


def objects_of(component: pulumi.Resource) -> Mapping[ObjectKey, pulumi.CustomResource]:
    """Return what was registered as a child of a component, so that others can wait for a part of it."""
    return _objects.get(component, {})
