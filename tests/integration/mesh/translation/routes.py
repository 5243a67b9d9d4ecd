"""A VirtualService as Envoy's routes.

After https://istio.io/latest/docs/reference/config/networking/virtual-service/ and istiod's
pilot/pkg/networking/core/route. What istiod adds to a retry policy by itself, another host for the next try, is here
too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.mesh.translation.fields import Config, fraction, known, seconds, type_url

MATCHERS = {"exact": "path", "prefix": "prefix"}
FAULTS = "envoy.filters.http.fault"


def cluster_name(host: str, subset: str, port: int) -> str:
    """Name a cluster as istiod does."""
    return f"outbound|{port}|{subset}|{host}"


def route_configuration(
    virtual_service: Mapping[str, Any], rules: Mapping[str, Any], port: int, *, domains: tuple[str, ...] = ("*",)
) -> Config:
    """Build the routes of one port of a VirtualService; consistent hashing comes from its DestinationRule `rules`."""
    spec = known(virtual_service["spec"], "hosts", "http", "gateways")
    hashing = _hash_policy(rules["spec"]["trafficPolicy"]["loadBalancer"])
    routes = [translated for route in spec["http"] for translated in _routes(route, port, hashing)]
    return {"virtual_hosts": [{"name": "all", "domains": list(domains), "routes": routes}]}


def _routes(route: Mapping[str, Any], port: int, hashing: list[Config]) -> list[Config]:
    known(route, "name", "match", "route", "timeout", "retries", "mirrors", "fault", "headers")
    matches = [match for match in route["match"] if match.get("port", port) == port]
    translated = []
    for match in matches:
        body: Config = {"name": route["name"], "match": _match(match), "route": _action(route)}
        if hashing:
            body["route"]["hash_policy"] = hashing
        if "fault" in route:
            body["typed_per_filter_config"] = {FAULTS: _fault(route["fault"])}
        if "headers" in route:
            body |= _response_headers(route["headers"])
        translated.append(body)
    return translated


def _match(match: Mapping[str, Any]) -> Config:
    known(match, "port", "uri", "method", "headers")
    uri = match.get("uri", {"prefix": "/"})
    ((kind, value),) = uri.items()
    found: Config = {"safe_regex": {"regex": value}} if kind == "regex" else {MATCHERS[kind]: value}
    headers = dict(match.get("headers", {}))
    if "method" in match:
        headers[":method"] = match["method"]
    found["headers"] = [{"name": name, "string_match": _text(text)} for name, text in headers.items()]
    return found


def _text(match: Mapping[str, str]) -> Config:
    ((kind, value),) = known(match, "exact", "prefix", "regex").items()
    return {"safe_regex": {"regex": value}} if kind == "regex" else {kind: value}


def _action(route: Mapping[str, Any]) -> Config:
    shares = [known(share, "destination", "weight") for share in route["route"]]
    names = [_target(share["destination"]) for share in shares]
    action: Config = {"timeout": seconds(route["timeout"])}
    if len(names) == 1:
        action["cluster"] = names[0]
    else:
        clusters = [{"name": name, "weight": share["weight"]} for name, share in zip(names, shares, strict=True)]
        action["weighted_clusters"] = {"clusters": clusters}
    if policy := _retry_policy(route["retries"]):
        action["retry_policy"] = policy
    if "mirrors" in route:
        action["request_mirror_policies"] = [
            {
                "cluster": _target(known(mirror, "destination", "percentage")["destination"]),
                "runtime_fraction": {"default_value": fraction(mirror["percentage"]["value"])},
            }
            for mirror in route["mirrors"]
        ]
    return action


def _target(destination: Mapping[str, Any]) -> str:
    known(destination, "host", "subset", "port")
    return cluster_name(destination["host"], destination.get("subset", ""), destination["port"]["number"])


def _retry_policy(retries: Mapping[str, Any]) -> Config | None:
    known(retries, "attempts", "perTryTimeout", "retryOn")
    if not retries["attempts"]:
        return None
    reasons = retries["retryOn"].split(",")
    # A number among the reasons is a status.
    codes = [int(reason) for reason in reasons if reason.isdigit()]
    reasons = [reason for reason in reasons if not reason.isdigit()] + ["retriable-status-codes"] * bool(codes)
    policy: Config = {
        "retry_on": ",".join(reasons),
        "retriable_status_codes": codes,
        "num_retries": retries["attempts"],
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {"@type": type_url("extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")},
            }
        ],
        "host_selection_retry_max_attempts": 5,
    }
    if "perTryTimeout" in retries:
        policy["per_try_timeout"] = seconds(retries["perTryTimeout"])
    return policy


def _fault(fault: Mapping[str, Any]) -> Config:
    known(fault, "delay", "abort")
    found: Config = {"@type": type_url("extensions.filters.http.fault.v3.HTTPFault")}
    if "delay" in fault:
        delay = known(fault["delay"], "percentage", "fixedDelay")
        share = fraction(delay["percentage"]["value"])
        found["delay"] = {"fixed_delay": seconds(delay["fixedDelay"]), "percentage": share}
    if "abort" in fault:
        abort = known(fault["abort"], "percentage", "httpStatus")
        found["abort"] = {"http_status": abort["httpStatus"], "percentage": fraction(abort["percentage"]["value"])}
    return found


def _response_headers(headers: Mapping[str, Any]) -> Config:
    changes = known(known(headers, "response")["response"], "set", "remove")
    return {
        "response_headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in changes["set"].items()
        ],
        "response_headers_to_remove": changes["remove"],
    }


def _hash_policy(balancing: Mapping[str, Any]) -> list[Config]:
    hashing = known(balancing.get("consistentHash", {}), "httpHeaderName", "httpCookie", "useSourceIp")
    if "httpHeaderName" in hashing:
        return [{"header": {"header_name": hashing["httpHeaderName"]}}]
    if "httpCookie" in hashing:
        cookie = known(hashing["httpCookie"], "name", "ttl")
        return [{"cookie": {"name": cookie["name"], "ttl": seconds(cookie["ttl"])}}]
    return [{"connection_properties": {"source_ip": True}}] if hashing else []
