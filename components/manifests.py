"""Kubernetes manifests as data: from typed models to plain dictionaries, without Pulumi."""

from collections.abc import Mapping
from typing import Any

import msgspec

Manifest = dict[str, Any]
"""One Kubernetes object, keys as the API spells them; leaves may be values that are known only at deploy time."""


def manifest(model: msgspec.Struct) -> Manifest:
    """Turn a typed Kubernetes model into a manifest, leaving out whatever is not set.

    Values that the model does not know (a deploy-time value in place of a text) pass through untouched.
    """
    pairs = zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True)
    return {key: _plain(value) for field, key in pairs if (value := getattr(model, field)) is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return manifest(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def resource_token(body: Manifest) -> str:
    """Return the official Pulumi token of a manifest's kind: ``kubernetes:apps/v1:Deployment``."""
    group, _, version = body["apiVersion"].rpartition("/")
    return f"kubernetes:{group or 'core'}/{version}:{body['kind']}"
