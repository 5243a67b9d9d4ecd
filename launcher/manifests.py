"""Manifests as YAML: one stream to read, or a folder in the layout of the official provider."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher.failures import Failure
from launcher.standin.kubernetes.layout import DEFINITIONS, MANIFESTS, document, file_of


def stream(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return all objects as one YAML stream, ordered as their files would be."""
    return "".join(f"---\n{document(manifest)}" for manifest in sorted(objects, key=file_of))


def write(objects: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Make `folder` hold exactly these objects: delete the files of others, and leave alone what is no manifest."""
    files = {folder / file_of(manifest): document(manifest) for manifest in objects}
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for part in (DEFINITIONS, MANIFESTS):
            for path in (folder / part).glob("*.yaml"):
                if path not in files:
                    path.unlink()
    except OSError as error:
        raise Failure(
            f"The manifests can't be written to {folder}: {error.strerror} ({error.filename}). "
            "The folder may hold only a part of them now. Make it writable, or name another one with --out."
        ) from error
