"""Rule 31 of the checklist: manifests against the schemas of the pinned Kubernetes, as server-side apply reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

KUBERNETES_VERSION = "1.34"
_FOLDER = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{KUBERNETES_VERSION}.0-local-strict"
_KEYWORDS = ("type", "required", "enum", "pattern", "items", "additionalProperties", "x-kubernetes-list-map-keys")
_QUANTITY = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$"


def schema_problems(manifest: Mapping[str, Any]) -> list[str]:
    """What the schema of the manifest's kind refuses, each as `path: message`; unknown fields count, at any depth.

    A kind without a schema (a custom resource, a misspelt kind, a removed API version) is itself a problem.
    """
    kind, api_version = manifest.get("kind"), manifest.get("apiVersion")
    validator = _validator(str(kind), str(api_version))
    if validator is None:
        unknown = f"Kubernetes {KUBERNETES_VERSION} has no kind {kind} in {api_version}, so nothing can be said of it"
        return [f"{unknown}: a misspelt kind, a removed API, or a custom resource, which needs a schema of its own"]
    return sorted(
        f"{error.json_path.removeprefix('$').removeprefix('.')}: {error.message}"
        for error in validator.iter_errors(manifest)
    )


@cache
def _validator(kind: str, api_version: str) -> Validator | None:
    group, _, version = api_version.rpartition("/")
    short_group = group.partition(".")[0]
    path = _FOLDER / f"{kind.lower()}-{f'{short_group}-' if group else ''}{version}.json"
    if not path.is_file():
        return None
    schema = json.loads(path.read_text())
    # The files go by the first word of the group, so that networking.istio.io could meet networking.k8s.io here.
    identity = {"group": group, "kind": kind, "version": version}
    if identity not in schema.get("x-kubernetes-group-version-kind", ()):
        return None
    return _STRICT(_inlined(schema, {}))


@cache
def _definitions() -> Mapping[str, Any]:
    definitions = json.loads((_FOLDER / "_definitions.json").read_text())["$defs"]
    # The published schema says "string or number" of both: a quantity's form is checked by the API server in Go.
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {
        "type": ["string", "number", "null"],
        "pattern": _QUANTITY,
    }
    return definitions


def _inlined(schema: Mapping[str, Any], finished: dict[str, Any]) -> dict[str, Any]:
    """The schema with each reference replaced by what it refers to: following them takes most of the time.

    A definition that refers to itself becomes a dict that contains itself.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in finished:
            finished[name] = {}
            finished[name].update(_inlined(_definitions()[name], finished))
        return finished[name]
    plain = {key: schema[key] for key in _KEYWORDS if key in schema}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            plain[key] = _inlined(schema[key], finished)
    if "oneOf" in schema:
        plain["oneOf"] = [_inlined(choice, finished) for choice in schema["oneOf"]]
    if "properties" in schema:
        plain["properties"] = {name: _inlined(field, finished) for name, field in schema["properties"].items()}
    return plain


def _unique_in_map(_: Validator, keys: list[str], items: Any, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    """Server-side apply refuses two entries of a list that agree in all keys by which it tells them apart."""
    seen: set[tuple[Any, ...]] = set()
    for item in items if isinstance(items, list) else []:
        identity = tuple(_with_default(key, item.get(key)) for key in keys) if isinstance(item, dict) else ()
        if identity and identity in seen:
            yield ValidationError(f"two entries have the same {', '.join(keys)}: {', '.join(map(str, identity))}")
        seen.add(identity)


def _with_default(key: str, value: Any) -> Any:
    return "TCP" if key == "protocol" and value is None else value


_STRICT = extend(Draft202012Validator, {"x-kubernetes-list-map-keys": _unique_in_map})
