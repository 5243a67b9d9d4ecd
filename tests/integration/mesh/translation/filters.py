"""EnvoyFilters, RequestAuthentications and AuthorizationPolicies as Envoy's HTTP filters.

What an EnvoyFilter inserts or merges is taken as it stands, as istiod does; only its place is worked out here. The
other two follow https://istio.io/latest/docs/reference/config/security/ and istiod's pilot/pkg/security.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from tests.integration.mesh.translation.fields import Config, known, type_url

JWT: Final = "envoy.filters.http.jwt_authn"
RBAC: Final = "envoy.filters.http.rbac"
_PAYLOAD: Final = "payload"
_CLAIM: Final = re.compile(r"\[([^]]+)\]")


def patched(filters: Iterable[Config], envoy_filters: Iterable[Mapping[str, Any]], context: str) -> list[Config]:
    """Return the HTTP filters before the router, once the patches of a context were applied to them in order."""
    found = list(filters)
    for body in envoy_filters:
        for patch in _patches(body, "HTTP_FILTER"):
            if patch["match"]["context"] == context:
                value, operation = patch["patch"]["value"], patch["patch"]["operation"]
                found = [value, *found] if operation == "INSERT_FIRST" else [*found, value]
    return found


def merged(routes: Config, envoy_filters: Iterable[Mapping[str, Any]], gateway: str) -> Config:
    """Return the routes of a Gateway (namespace/name), once the patches of single routes were merged into them.

    A patch that finds no route changes nothing, and istiod says no word of it; here it is an error.
    """
    found = deepcopy(routes)
    for body in envoy_filters:
        for patch in _patches(body, "HTTP_ROUTE"):
            match = known(patch["match"]["routeConfiguration"], "gateway", "vhost")
            if match["gateway"] == gateway:
                assert patch["patch"]["operation"] == "MERGE"
                settings = known(patch["patch"]["value"], "typed_per_filter_config")["typed_per_filter_config"]
                chosen = _named(found, **known(match["vhost"], "domainName", "route"))
                assert chosen, f"no route is called so: {match}"
                for route in chosen:
                    route["typed_per_filter_config"] = route.get("typed_per_filter_config", {}) | settings
    return found


def _patches(body: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    patches = body["spec"]["configPatches"]
    assert {patch["applyTo"] for patch in patches} <= {"HTTP_FILTER", "HTTP_ROUTE"}
    return [patch for patch in patches if patch["applyTo"] == kind]


def _named(routes: Config, domainName: str, route: Mapping[str, str]) -> list[Config]:  # noqa: N803 Istio's name
    hosts = [host for host in routes["virtual_hosts"] if domainName in host["domains"]]
    return [one for host in hosts for one in host["routes"] if one["name"] == known(route, "name")["name"]]


def security_filters(
    authentications: Sequence[Mapping[str, Any]], policies: Sequence[Mapping[str, Any]]
) -> list[Config]:
    """Build the filters that verify tokens, and that let in what some policy allows."""
    rules = [rule for body in authentications for rule in body["spec"]["jwtRules"]]
    jwt = {"name": JWT, "typed_config": _jwt_authentication(rules)}
    allowed = {
        f"{body['metadata']['name']}-{number}": _policy(rule)
        for body in policies
        for number, rule in enumerate(known(body["spec"], "selector", "targetRefs", "action", "rules").get("rules", ()))
    }
    rbac = {
        "@type": type_url("extensions.filters.http.rbac.v3.RBAC"),
        "rules": {"action": "ALLOW", "policies": allowed},
    }
    return [jwt, {"name": RBAC, "typed_config": rbac}]


def _jwt_authentication(rules: Sequence[Mapping[str, Any]]) -> Config:
    """A token that is there must be right; whether one must be there is for the policies to say."""
    providers, names = {}, []
    for number, rule in enumerate(rules):
        known(rule, "issuer", "audiences", "forwardOriginalToken", "jwks")
        names.append(f"origins-{number}")
        providers[names[-1]] = {
            "issuer": rule["issuer"],
            "audiences": rule["audiences"],
            "forward": rule["forwardOriginalToken"],
            "local_jwks": {"inline_string": rule["jwks"]},
            "payload_in_metadata": _PAYLOAD,
        }
    either = [*({"provider_name": name} for name in names), {"allow_missing": {}}]
    return {
        "@type": type_url("extensions.filters.http.jwt_authn.v3.JwtAuthentication"),
        "providers": providers,
        "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": either}}}],
    }


def _policy(rule: Mapping[str, Any]) -> Config:
    known(rule, "to", "when")
    operations = [_operation(part["operation"]) for part in rule.get("to", ())]
    conditions = [_condition(condition) for condition in rule.get("when", ())]
    # A condition on the request counts among the permissions, one on the caller among the principals.
    requests = [config for is_of_request, config in conditions if is_of_request]
    callers = [config for is_of_request, config in conditions if not is_of_request]
    permission = _all("and_rules", "rules", [_any("or_rules", "rules", operations), *requests])
    return {"permissions": [permission], "principals": [_all("and_ids", "ids", callers)]}


def _operation(operation: Mapping[str, Any]) -> Config:
    known(operation, "hosts", "methods", "paths", "notPaths")
    parts = []
    for field, matcher in _OPERATIONS.items():
        if field in operation:
            one_of = _any("or_rules", "rules", [matcher(value) for value in operation[field]])
            parts.append({"not_rule": one_of} if field.startswith("not") else one_of)
    return _all("and_rules", "rules", parts)


def _condition(condition: Mapping[str, Any]) -> tuple[bool, Config]:
    key, values = condition["key"], condition["values"]
    if key.startswith("request.headers["):
        (name,) = _CLAIM.findall(key)
        return True, _any("or_rules", "rules", [_header(name, value) for value in values])
    assert key.startswith("request.auth.claims["), key
    path = [{"key": _PAYLOAD}, *({"key": part} for part in _CLAIM.findall(key))]
    return False, _any("or_ids", "ids", [_claim(path, value) for value in values])


def _claim(path: list[Config], value: str) -> Config:
    """A claim that is the text, or a list that has it."""
    text = {"string_match": _text(value)}
    single = {"metadata": {"filter": JWT, "path": path, "value": text}}
    listed = {"metadata": {"filter": JWT, "path": path, "value": {"list_match": {"one_of": text}}}}
    return _any("or_ids", "ids", [single, listed])


def _header(name: str, value: str) -> Config:
    return {"header": {"name": name, **({"present_match": True} if value == "*" else {"string_match": _text(value)})}}


def _path(value: str) -> Config:
    if "{" in value:
        template = {"@type": type_url("extensions.path.match.uri_template.v3.UriTemplateMatchConfig")}
        pattern = value.replace("{**}", "**").replace("{*}", "*")
        name = "envoy.path.match.uri_template.uri_template_matcher"
        return {"uri_template": {"name": name, "typed_config": {**template, "path_template": pattern}}}
    return {"url_path": {"path": _text(value)}}


def _text(value: str, *, ignore_case: bool = False) -> Config:
    """Exact, or with a star at one end."""
    found: Config = {"ignore_case": True} if ignore_case else {}
    if value.endswith("*"):
        return {"prefix": value[:-1], **found} if value != "*" else {"safe_regex": {"regex": ".+"}}
    return {"suffix": value[1:], **found} if value.startswith("*") else {"exact": value, **found}


def _host(value: str) -> Config:
    return {"header": {"name": ":authority", "string_match": _text(value, ignore_case=True)}}


_OPERATIONS: Final[dict[str, Callable[[str], Config]]] = {
    "hosts": _host,
    "methods": lambda value: _header(":method", value),
    "paths": _path,
    "notPaths": _path,
}


def _all(junctor: str, inside: str, parts: list[Config]) -> Config:
    return {junctor: {inside: parts}} if parts else {"any": True}


def _any(junctor: str, inside: str, parts: list[Config]) -> Config:
    return {junctor: {inside: parts}} if parts else {"any": True}
