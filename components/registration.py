"""The edge between manifests and Pulumi: the one place that registers Kubernetes objects."""

from collections.abc import Sequence

import pulumi

from components.manifests import Manifest, resource_token

ObjectKey = tuple[str, str]
"""(kind, name) of an object; a component holds no two of one key."""


def register(
    body: Manifest, *, parent: pulumi.Resource, depends_on: Sequence[pulumi.Resource] = ()
) -> pulumi.CustomResource:
    """Register a whole manifest as a child of a component, under the official provider's type token.

    The generic resource keeps the keys as the API spells them. It is also cheaper than the typed classes, which
    translate every key twice. What a Secret holds stays secret in the state.
    """
    return pulumi.CustomResource(
        resource_token(body),
        body["metadata"]["name"],
        dict(body),
        pulumi.ResourceOptions(
            parent=parent,
            depends_on=depends_on,
            additional_secret_outputs=["data", "stringData"] if body["kind"] == "Secret" else None,
        ),
    )


def register_all(bodies: Sequence[Manifest], *, parent: pulumi.Resource) -> dict[ObjectKey, pulumi.CustomResource]:
    """Register manifests side by side, and return them by (kind, name)."""
    return {(body["kind"], body["metadata"]["name"]): register(body, parent=parent) for body in bodies}
