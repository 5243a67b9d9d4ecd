"""What the provider asks of a place where manifests go: a folder, or an API server."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Manifest = dict[str, Any]


class Refused(Exception):
    """Nothing was changed. Its text says what, why, and what to do."""


class NotReady(Exception):
    """The object was written, but didn't become ready (or, on deletion, isn't gone): `live` is how it stands."""

    def __init__(self, live: Manifest, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.live = live
        self.reasons = reasons


@dataclass(frozen=True)
class Operation:
    """One request of the engine, as far as a target needs to know it."""

    preview: bool
    field_manager: str
    """Who owns the fields that this resource sets. The same for a resource from its first day to its last, and another
    for every other resource."""
    timeout: float
    """Seconds, from the resource's `customTimeouts`; 0 where the program says nothing."""
    cancelled: threading.Event
    status: Callable[[str], None]
    """Shows what is going on, in the place of the previous status."""
    warn: Callable[[str], None]


class Target(Protocol):
    """A place where manifests go. Manifests have neither secret marks nor unknowns."""

    def create(self, manifest: Manifest, operation: Operation) -> Manifest:
        """Writes a new object and gives it as it is now. Raises Refused or NotReady."""
        ...

    def update(self, old: Manifest, manifest: Manifest, operation: Operation) -> Manifest:
        """Changes the object and gives it as it is now. Raises Refused or NotReady."""
        ...

    def read(self, manifest: Manifest) -> Manifest | None:
        """The object as it is now, or None. Raises Refused, or NotReady if it is there but not ready."""
        ...

    def drifted(self, inputs: Manifest, live: Manifest) -> Manifest:
        """The inputs that the object as it is now would have been made from."""
        ...

    def delete(self, manifest: Manifest, operation: Operation) -> None:
        """Removes the object, and returns when it is gone. Raises Refused or NotReady."""
        ...
