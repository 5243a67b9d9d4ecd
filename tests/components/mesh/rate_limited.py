"""Rate limits as tests ask for them, and the filters that come of them."""

from __future__ import annotations

from typing import Any

from components.mesh.arguments import MeshArgs
from components.mesh.rate_limit_filters import rate_limit_filters
from components.specs.mesh.traffic import RateLimit
from tests.components.mesh.whole_shop import NAMESPACE

LOCAL, GLOBAL = "envoy.filters.http.local_ratelimit", "envoy.filters.http.ratelimit"


def limit(**values: Any) -> RateLimit:
    """A limit of 100 requests a minute, where nothing else is asked for."""
    return RateLimit.model_validate({"requests": 100, "per": "minute", **values})


def configs(args: MeshArgs, name: str, namespace: str = NAMESPACE) -> dict[str, dict[str, Any]]:
    """The Envoy filters of one EnvoyFilter, by their names."""
    found = {(body["metadata"]["namespace"], body["metadata"]["name"]): body for body in rate_limit_filters(args)}
    patches = [patch["patch"]["value"] for patch in found[namespace, name]["spec"]["configPatches"]]
    return {value["name"]: value["typed_config"] for value in patches}
