"""A Secret's two ways of saying its data (pure).

`stringData` is write-only: the API server turns it into `data` and never shows it. Under server-side apply that leaves
nobody owning the keys, so that one that is dropped from the program would stay. So the stand-in sends `data` alone, and
reads a program's `stringData` back out of it.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from launcher.standin.properties import Secret, without_secrets


def is_secret(manifest: Mapping[str, Any]) -> bool:
    """Whether the object is a Kubernetes Secret."""
    return manifest.get("apiVersion") == "v1" and manifest.get("kind") == "Secret"


def with_secret_data(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest; if it is a Kubernetes Secret, with its data marked as secret, whatever the program said."""
    if not is_secret(manifest):
        return manifest
    hidden = {key: Secret(without_secrets(manifest[key])) for key in ("data", "stringData") if key in manifest}
    return {**manifest, **hidden}


def with_data_alone(manifest: dict[str, Any]) -> dict[str, Any]:
    """The object as the API server would keep it; any but a Secret unchanged."""
    if not is_secret(manifest) or not isinstance(manifest.get("stringData"), Mapping):
        return manifest
    rest = {key: value for key, value in manifest.items() if key != "stringData"}
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in manifest["stringData"].items()}
    return {**rest, "data": {**(manifest.get("data") or {}), **encoded}}


def with_string_data(live: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The live object with those keys as `stringData` that the inputs write so; any but a Secret unchanged."""
    wanted = inputs.get("stringData")
    if not is_secret(live) or not isinstance(wanted, Mapping):
        return live
    found = {key: _text(value) for key, value in (live.get("data") or {}).items() if key in wanted}
    return {**live, "stringData": {key: text for key, text in found.items() if text is not None}}


def _text(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
