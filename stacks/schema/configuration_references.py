"""Checks that every ConfigMap and Secret that is referred to exists, with its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.specs.pod import ConfigVolume, SecretVolume
from components.specs.variables import ConfigReference, ConfigSource, EnvironmentValue, SecretReference, SecretSource
from stacks.document import Document, Problem
from stacks.schema.catalogue import Catalogue, Service
from stacks.schema.resolution import catalogue_secrets
from stacks.schema.suggestions import suggestion

Location = tuple[str | int, ...]
Reference = ConfigReference | ConfigSource | ConfigVolume | SecretReference | SecretSource | SecretVolume


def service_references(service: Service) -> Iterator[tuple[Location, Reference]]:
    """Yield every reference of a service with its place there."""
    for where, part in service.places():
        for location, reference in variable_references(part.env):
            yield (*where, *location), reference
        for index, source in enumerate(part.env_from):
            yield (*where, "env-from", index), source
    for key, volume in service.volumes.items():
        if isinstance(volume, ConfigVolume | SecretVolume):
            yield ("volumes", key), volume


def variable_references(env: Mapping[str, EnvironmentValue]) -> Iterator[tuple[Location, Reference]]:
    """Yield the references among variables."""
    for key, value in env.items():
        if isinstance(value, ConfigReference | SecretReference):
            yield ("env", key), value


def reference_problems(
    references: Iterator[tuple[Location, Reference]], root: Location, catalogue: Catalogue, document: Document
) -> Iterator[Problem]:
    """Yield each reference to an object, or a key of it, that nobody makes."""
    known = {"ConfigMap": _config_keys(catalogue), "Secret": _secret_keys(catalogue)}
    for where, reference in references:
        if reference.optional:
            continue
        is_config = isinstance(reference, ConfigReference | ConfigSource | ConfigVolume)
        kind, section = ("ConfigMap", "config-maps") if is_config else ("Secret", "secrets")
        target = (
            reference.config
            if isinstance(reference, ConfigReference | ConfigSource | ConfigVolume)
            else reference.secret
        )
        if target not in known[kind]:
            yield document.problem(
                (*root, *where),
                f"refers to the {kind} {target!r}, which is not in the catalogue",
                consequence="the Pod would wait for it and never start",
                fix=f"add {section}.{target} (existing: true, if somebody else makes it), or say optional: true; "
                + suggestion(target, list(known[kind])),
            )
            continue
        keys = known[kind][target]
        for key in _wanted_keys(reference):
            if keys is not None and key not in keys:
                owned = target in catalogue.config_maps or target in catalogue.secrets
                yield document.problem(
                    (*root, *where),
                    f"refers to the key {key!r}, which the {kind} {target!r} does not have",
                    consequence="the Pod would not start",
                    fix=(f"add the key to {section}.{target}, or correct it: " if owned else "correct it: ")
                    + suggestion(key, sorted(keys)),
                )


def _wanted_keys(reference: Reference) -> list[str]:
    if isinstance(reference, ConfigVolume | SecretVolume):
        return list(reference.items)
    return [reference.key] if isinstance(reference, ConfigReference | SecretReference) else []


def _config_keys(catalogue: Catalogue) -> dict[str, set[str] | None]:
    """Return the keys of each ConfigMap; None where somebody else decides them."""
    return {name: None if entry.existing else set(entry.data) for name, entry in catalogue.config_maps.items()}


def _secret_keys(catalogue: Catalogue) -> dict[str, set[str] | None]:
    """Return the keys of each Secret, those of stores and the broker among them; None where somebody else decides."""
    found: dict[str, set[str] | None] = {name: set(entry.keys) for name, entry in catalogue_secrets(catalogue).items()}
    return found | {name: None for name, entry in catalogue.secrets.items() if entry.existing}
