"""Rate limits in the proxies: the EnvoyFilters that count requests, or have them counted. Pure."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, cast

from components import identity
from components.manifests import Manifest
from components.mesh.arguments import MeshArgs
from components.mesh.edge_routes import edge_metadata
from components.mesh.names import edge_gateway, edge_labels, gateway_reference, object_metadata
from components.mesh.rate_limit_rules import ADDRESS, CALLER, LIMIT, Rule, edge_rules, workload_rules
from components.mesh.rate_limit_service import PORT, SERVICE
from components.mesh.resources.envoy_filter import (
    API_VERSION,
    ConfigPatch,
    EnvoyFilter,
    EnvoyFilterSpec,
    HttpFilter,
    inserted,
)
from components.specs.mesh.settings import RoutingApi
from components.specs.mesh.traffic import LimitScope

_LOCAL: Final = "envoy.filters.http.local_ratelimit"
_GLOBAL: Final = "envoy.filters.http.ratelimit"
SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600}
ADDRESSES: Final = 10_000
"""Client addresses that a gateway's proxy counts at one time; beyond, the one not seen for longest starts anew."""
SERVICE_TIMEOUT: Final = timedelta(milliseconds=50)
"""How long a request waits for the rate-limit service. Envoy's default, 20 ms, is short for a busy Redis."""

_ANSWER: Final[dict[str, Any]] = {
    # gRPC callers see RESOURCE_EXHAUSTED; the default, UNAVAILABLE, would be tried again at once.
    "rate_limited_as_resource_exhausted": True,
    "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
}
"""How a request over the limit is refused: 429, and headers that say when to come back."""
RulesOf = Callable[[MeshArgs, str, LimitScope], list[Rule]]


def rate_limit_filters(args: MeshArgs) -> list[Manifest]:
    """Build the EnvoyFilters of all rate limits: one for each limited workload, one more for its edge."""
    filters: list[EnvoyFilter] = []
    for name in args.workloads:
        if inside := _http_filters(args, workload_rules, name):
            # Behind authentication and policies: a request that they refuse takes nothing from those let in.
            patches = [inserted(body, context="SIDECAR_INBOUND", operation="INSERT_BEFORE") for body in inside]
            filters.append(_workload_filter(args, name, patches))
        if outside := _http_filters(args, edge_rules, name):
            # In front of authentication: trying out tokens is limited too. Each is put before those put in earlier.
            patches = [inserted(body, context="GATEWAY", operation="INSERT_FIRST") for body in reversed(outside)]
            filters.append(_edge_filter(args, name, patches))
    return [cast("Manifest", built) for built in filters]


def _http_filters(args: MeshArgs, rules_of: RulesOf, name: str) -> list[HttpFilter]:
    """Build the filters of one place: first what each proxy counts by itself, as that costs nothing."""
    filters = []
    if local := rules_of(args, name, LimitScope.LOCAL):
        filters.append(_local_filter(local))
    if shared := rules_of(args, name, LimitScope.GLOBAL):
        filters.append(_global_filter(args, shared))
    return filters


def _workload_filter(args: MeshArgs, name: str, patches: list[ConfigPatch]) -> EnvoyFilter:
    return {
        "apiVersion": API_VERSION,
        "kind": "EnvoyFilter",
        "metadata": object_metadata(args, f"{name}-rate-limits", args.workloads[name]),
        "spec": {"workloadSelector": {"labels": identity.selector(name)}, "configPatches": patches},
    }


def _edge_filter(args: MeshArgs, name: str, patches: list[ConfigPatch]) -> EnvoyFilter:
    spec: EnvoyFilterSpec = {"configPatches": patches}
    if args.settings.routing_api is RoutingApi.ISTIO:
        spec["workloadSelector"] = {"labels": edge_labels(args)}
    else:
        spec["targetRefs"] = [gateway_reference(edge_gateway(args))]
    return {
        "apiVersion": API_VERSION,
        "kind": "EnvoyFilter",
        # Other namespaces have their filters in the gateway's too, so the name says whose this is.
        "metadata": edge_metadata(args, f"{args.namespace}-{name}-rate-limits", args.workloads[name]),
        "spec": spec,
    }


def _local_filter(rules: Sequence[Rule]) -> HttpFilter:
    """Build Envoy's local rate limit: token buckets that hold a period's requests, and are filled evenly over it."""
    return {
        "name": _LOCAL,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "local_rate_limit",
            # Without these two the filter is off.
            "filter_enabled": {"default_value": {"numerator": 100}},
            "filter_enforced": {"default_value": {"numerator": 100}},
            "always_consume_default_token_bucket": False,
            "max_dynamic_descriptors": ADDRESSES,
            **_ANSWER,
            "rate_limits": [{"actions": rule.actions} for rule in rules],
            "descriptors": [
                {
                    "entries": entries,
                    "token_bucket": {
                        "max_tokens": rule.limit.requests,
                        "tokens_per_fill": rule.limit.requests,
                        "fill_interval": f"{SECONDS[rule.limit.per]}s",
                    },
                }
                for rule in rules
                for entries in _entries(rule)
            ],
        },
    }


def _entries(rule: Rule) -> list[list[dict[str, str]]]:
    named = {"key": LIMIT, "value": rule.name}
    if rule.by == CALLER:
        return [[named, {"key": CALLER, "value": caller}] for caller in rule.callers]
    # An entry without a value stands for each value by itself.
    return [[named, {"key": ADDRESS}] if rule.by == ADDRESS else [named]]


def _global_filter(args: MeshArgs, rules: Sequence[Rule]) -> HttpFilter:
    """Build Envoy's global rate limit. Without the rate-limit service requests pass: it must be no outage."""
    return {
        "name": _GLOBAL,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
            "domain": args.namespace,
            "failure_mode_deny": False,
            "timeout": f"{SERVICE_TIMEOUT.total_seconds():g}s",
            **_ANSWER,
            "rate_limit_service": {
                "transport_api_version": "V3",
                # The cluster is Istio's own, so the call is one of the mesh: encrypted, and subject to its policies.
                "grpc_service": {
                    "envoy_grpc": {
                        "cluster_name": f"outbound|{PORT}||{args.host(SERVICE)}",
                        "authority": args.host(SERVICE),
                    }
                },
            },
            "rate_limits": [{"actions": rule.actions} for rule in rules],
        },
    }
