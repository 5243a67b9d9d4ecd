"""What the stand-in refuses before anything is tried (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from launcher.standin.answers import Failure
from launcher.standin.kubernetes.kinds import Kind
from launcher.standin.kubernetes.wait_for import MalformedWait, conditions
from launcher.standin.properties import Unknown


def failures(token: str, kind: Kind, manifest: Mapping[str, Any]) -> list[Failure]:
    """Everything that is wrong with a manifest (without secret marks) whose type token names that kind.

    An unknown value is nothing wrong.
    """
    return [*_disagreements(token, kind, manifest), *_missing(kind, manifest), *_waits(manifest)]


def _disagreements(token: str, kind: Kind, manifest: Mapping[str, Any]) -> Iterator[Failure]:
    for field, expected in (("apiVersion", kind.api_version), ("kind", kind.name)):
        given = manifest.get(field)
        if given != expected:
            yield Failure(
                field,
                f"{token} needs {field}: {expected}, and the body says {given!r}; the object would be another one than "
                "the state records. Correct the body or the type.",
            )


def _missing(kind: Kind, manifest: Mapping[str, Any]) -> Iterator[Failure]:
    metadata = manifest.get("metadata", {})
    if isinstance(metadata, Unknown):
        return
    if not isinstance(metadata, Mapping):
        yield Failure("metadata", f"metadata is {metadata!r}, not an object; write it as one.")
        return
    if not metadata.get("name"):
        yield Failure(
            "metadata.name",
            "it is missing, and the stand-in invents no names (generateName included): set metadata.name.",
        )
    if kind.namespaced and not metadata.get("namespace"):
        yield Failure(
            "metadata.namespace",
            f"it is missing, and a {kind.name} lives in a namespace; it would land in whatever the default is. Set it.",
        )
    if kind.namespaced is False and metadata.get("namespace"):
        yield Failure(
            "metadata.namespace", f"it is {metadata['namespace']!r}, but a {kind.name} has no namespace. Remove it."
        )


def _waits(manifest: Mapping[str, Any]) -> Iterator[Failure]:
    try:
        conditions(manifest)
    except MalformedWait as malformed:
        yield Failure('metadata.annotations["pulumi.com/waitFor"]', str(malformed))
