"""One request to register a resource, as the engine receives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

STACK: Final = "pulumi:pulumi:Stack"
PROVIDER: Final = "pulumi:providers:"
KUBERNETES: Final = "kubernetes:"
DOCKER_IMAGE: Final = "docker:index/image:Image"
DOCKER_BUILD_IMAGE: Final = "docker-build:index:Image"


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource that a program registered."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of the parent; the stack's for a resource that named none."""
    custom: bool
    """Whether a provider makes it; a component is not custom."""
    inputs: Mapping[str, Any]
    """Whole numbers as int, secrets as `values.Secret`."""
    provider: str
    """URN and id of the provider, joined by `::`; empty for the default one."""
    dependencies: frozenset[str]
    """URNs of all that must exist first, components resolved into what they hold."""
    secret_outputs: frozenset[str]
    """Outputs that the state keeps encrypted whatever the provider says of them."""

    @property
    def is_kubernetes_object(self) -> bool:
        """Whether it is an object in a cluster, not a component or a provider."""
        return self.custom and self.type.startswith(KUBERNETES)

    @property
    def is_image(self) -> bool:
        """Whether it builds an image."""
        return self.type in {DOCKER_IMAGE, DOCKER_BUILD_IMAGE}

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"{self.type} {self.name!r}"
