"""EnvoyFilter, and the Envoy filters that it inserts here.

https://istio.io/latest/docs/reference/config/networking/envoy-filter/. Istio passes a patch's ``value`` on to the
proxies as it is, so its keys are those of Envoy's own API (https://www.envoyproxy.io/docs/envoy/latest/api-v3/api).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NotRequired, TypedDict

from components.mesh.resources.security import TargetReference
from components.mesh.resources.sidecar import LabelledWorkloads
from components.resources.metadata import Metadata

API_VERSION: Final = "networking.istio.io/v1alpha3"
CONNECTION_MANAGER: Final = "envoy.filters.network.http_connection_manager"
ROUTER: Final = "envoy.filters.http.router"
"""The last HTTP filter of every listener."""


class NamedFilter(TypedDict):
    """A filter by name, and one of those within it."""

    name: str
    subFilter: NotRequired["NamedFilter"]


class FilterChainMatch(TypedDict):
    """Filter chains that have a filter."""

    filter: NamedFilter


class ListenerMatch(TypedDict):
    """Listeners that have such a filter chain."""

    filterChain: FilterChainMatch


class PatchMatch(TypedDict):
    """Where a patch goes."""

    context: Literal["SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY"]
    listener: ListenerMatch


class HttpFilter(TypedDict):
    """An HTTP filter as Envoy has it; ``typed_config`` names its type under ``@type``."""

    name: str
    typed_config: Mapping[str, Any]


class Patch(TypedDict):
    """What is put in, and where in relation to what matched."""

    operation: Literal["INSERT_FIRST", "INSERT_BEFORE"]
    value: HttpFilter


class ConfigPatch(TypedDict):
    """One change of the proxies' configuration."""

    applyTo: Literal["HTTP_FILTER"]
    match: PatchMatch
    patch: Patch


class EnvoyFilterSpec(TypedDict):
    """Which proxies, and what changes there. ``targetRefs`` and ``workloadSelector`` exclude each other."""

    workloadSelector: NotRequired[LabelledWorkloads]
    targetRefs: NotRequired[list[TargetReference]]
    configPatches: list[ConfigPatch]


class EnvoyFilter(TypedDict):
    """A change of what Istio writes for its proxies."""

    apiVersion: Literal["networking.istio.io/v1alpha3"]
    kind: Literal["EnvoyFilter"]
    metadata: Metadata
    spec: EnvoyFilterSpec


def inserted(
    value: HttpFilter,
    *,
    context: Literal["SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY"],
    operation: Literal["INSERT_FIRST", "INSERT_BEFORE"],
) -> ConfigPatch:
    """Build the patch that puts an HTTP filter first of all, or behind all but the router."""
    manager: NamedFilter = {"name": CONNECTION_MANAGER}
    if operation == "INSERT_BEFORE":
        manager["subFilter"] = {"name": ROUTER}
    return {
        "applyTo": "HTTP_FILTER",
        "match": {"context": context, "listener": {"filterChain": {"filter": manager}}},
        "patch": {"operation": operation, "value": value},
    }
