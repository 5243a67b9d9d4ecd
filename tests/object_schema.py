"""Rule 31 of the checklist for whatever a stack renders: built-in kinds, and those of the mesh's definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.istio_schema import custom_resource_problems, is_custom
from tests.kubernetes_schema import schema_problems


def object_problems(manifest: Mapping[str, Any]) -> list[str]:
    """What the schema of the manifest's kind refuses, each as `path: message`."""
    return custom_resource_problems(manifest) if is_custom_kind(manifest) else schema_problems(manifest)


def is_custom_kind(manifest: Mapping[str, Any]) -> bool:
    """Whether the manifest's kind is none of Kubernetes' own, but one of a pinned definition.

    The definitions are read only for a group that could have one: getting them asks for Go.
    """
    group = str(manifest.get("apiVersion")).rpartition("/")[0]
    return "." in group and (not group.endswith(".k8s.io") or group.startswith("gateway.")) and is_custom(manifest)
