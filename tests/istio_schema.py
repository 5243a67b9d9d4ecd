"""Rule 31 of the checklist for custom resources: manifests against the pinned definitions of localcluster/crds.

Structure only, in milliseconds and without a server. The definitions' CEL rules are left to the API server:
tests/apiserver/test_mesh_definitions.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from localcluster.custom_resources import definitions

_KEPT: Final = frozenset(
    {"type", "format", "enum", "pattern", "required", "minimum", "maximum", "minLength", "maxLength", "minItems"}
    | {"maxItems", "minProperties", "maxProperties", "multipleOf", "const", "uniqueItems"}
)
_FREE: Final = "x-kubernetes-preserve-unknown-fields"
_METADATA: Final = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"},
        "namespace": {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
        **{
            field: {"type": "object", "additionalProperties": {"type": "string"}} for field in ("labels", "annotations")
        },
    },
}
"""What manifests here may say of an object; definitions leave it to the API server."""


def custom_resource_problems(manifest: Mapping[str, Any]) -> list[str]:
    """What the definition of the manifest's kind refuses, each as `path: message`; unknown fields count, at any depth.

    A kind that no pinned definition serves (a misspelt kind, another version) is itself a problem.
    """
    kind, api_version = str(manifest.get("kind")), str(manifest.get("apiVersion"))
    validator = _validators().get((api_version, kind))
    if validator is None:
        return [f"no pinned definition has a kind {kind} in {api_version}: misspelt, or a version that is not served"]
    return sorted(
        f"{error.json_path.removeprefix('$').removeprefix('.')}: {error.message}"
        for error in validator.iter_errors(manifest)
    )


def is_custom(manifest: Mapping[str, Any]) -> bool:
    """Whether a pinned definition has the manifest's API group, so that `custom_resource_problems` can judge it."""
    group = str(manifest.get("apiVersion")).partition("/")[0]
    return any(api_version.partition("/")[0] == group for api_version, _ in _validators())


@cache
def _validators() -> Mapping[tuple[str, str], Validator]:
    found: dict[tuple[str, str], Validator] = {}
    for definition in definitions():
        spec = definition["spec"]
        for version in spec["versions"]:
            if version["served"]:
                key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                found[key] = Draft202012Validator(_whole(version["schema"]["openAPIV3Schema"]))
    return found


def _whole(schema: Mapping[str, Any]) -> dict[str, Any]:
    strict = _strict(schema)
    envelope = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _METADATA}
    strict["properties"] = {**strict["properties"], **envelope}
    strict["required"] = sorted({*strict.get("required", ()), "apiVersion", "kind", "metadata"})
    return strict


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a structural schema into plain JSON Schema that refuses the fields which it does not name."""
    strict = {key: value for key, value in schema.items() if key in _KEPT}
    if schema.get("x-kubernetes-int-or-string"):
        strict["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in strict:
        strict["type"] = [strict["type"], "null"]
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            strict[key] = [_condition(part) for part in schema[key]]
    if "not" in schema:
        strict["not"] = _condition(schema["not"])
    if "items" in schema:
        strict["items"] = _strict(schema["items"])
    return strict | _fields(schema)


def _fields(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Say which fields an object may have. The API server drops all others, or refuses them where it is strict."""
    strict = {name: _strict(field) for name, field in schema.get("properties", {}).items()}
    if isinstance(schema.get("additionalProperties"), Mapping):
        return {"properties": strict, "additionalProperties": _strict(schema["additionalProperties"])}
    if schema.get("type") != "object" or schema.get(_FREE):
        return {"properties": strict}
    return {"properties": strict, "additionalProperties": False}


def _condition(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a part of a logical junctor as it is: it names some fields, and says nothing of the others."""
    return {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-")}
