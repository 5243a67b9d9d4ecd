"""What the engine keeps of an object (pure): the official provider's form, so that either reads the other's state."""

import hashlib
from collections.abc import Mapping
from typing import Any

from launcher.standin.kubernetes.secret_data import with_secret_data
from launcher.standin.properties import as_secret_as, without_secrets

INPUTS = "__inputs"
_API_VERSION = "__initialApiVersion"
_FIELD_MANAGER = "__fieldManager"
_INTERNAL = (INPUTS, _API_VERSION, _FIELD_MANAGER)

FIELD_MANAGER = "pulumi-kubernetes-standin"
"""Begins the name of every field manager of the stand-in."""


def field_manager(urn: str, outputs: Mapping[str, Any]) -> str:
    """Who owns a resource's fields: the manager that its state names, else one of its own, always the same for a URN.

    One manager a resource, as with the official provider: two resources for one object conflict, and are noticed.
    """
    recorded = without_secrets(outputs.get(_FIELD_MANAGER))
    digest = hashlib.sha256(urn.encode()).hexdigest()[:8]
    return recorded or f"{FIELD_MANAGER}-{digest}"


def outputs_of(live: Mapping[str, Any], inputs: Mapping[str, Any], manager: str) -> dict[str, Any]:
    """The outputs of an object: all that it is now, with the inputs' secret marks, and the inputs themselves."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    shown = with_secret_data({**live, "metadata": metadata})
    return {
        **{key: as_secret_as(value, inputs.get(key)) for key, value in shown.items()},
        INPUTS: dict(inputs),
        _API_VERSION: inputs["apiVersion"],
        _FIELD_MANAGER: manager,
    }


def object_of(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The object alone, without secret marks."""
    return {key: without_secrets(value) for key, value in outputs.items() if key not in _INTERNAL}


def id_of(manifest: Mapping[str, Any]) -> str:
    """The resource id: `namespace/name`, or `name` where there is no namespace."""
    metadata = manifest["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else metadata["name"]
