"""What AuthorizationPolicies and PeerAuthentications let in, worked out from objects as Istio's proxies would.

https://istio.io/latest/docs/reference/config/security/authorization-policy/, and for ports without HTTP
https://istio.io/latest/docs/tasks/security/authorization/authz-tcp/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Body = Mapping[str, Any]
ROOT_NAMESPACE: Final = "istio-system"
"""Its policies hold in every namespace."""
GATEWAY: Final = ("gateway.networking.k8s.io", "Gateway")
SERVICE: Final = ("", "Service")
SERVICE_ENTRY: Final = ("networking.istio.io", "ServiceEntry")
_UNDERSTOOD: Final = {
    "source": {"principals", "notPrincipals"},
    "operation": {"hosts", "ports", "methods", "paths", "notPaths"},
}


@dataclass(frozen=True)
class Http:
    """A request as the proxy reads it."""

    path: str
    method: str = "POST"
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    claims: Mapping[str, Any] | None = None
    """Of its token, which has been verified; None without one."""


@dataclass(frozen=True)
class Call:
    """What arrives: who calls, on which port, and the request where the proxy reads any."""

    principal: str | None
    """None for plain text."""
    port: int
    http: Http | None = None


@dataclass(frozen=True)
class Place:
    """A proxy, or the part of a waypoint that stands for one Service: where policies are enforced."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    targets: frozenset[tuple[str, str, str]] = frozenset()
    """Group, kind and name of what policies can be attached to here."""
    is_waypoint: bool = False

    def is_meant(self, policy: Body) -> bool:
        """Whether a policy holds here."""
        spec = policy["spec"]
        references = {(one["group"], one["kind"], one["name"]) for one in spec.get("targetRefs", ())}
        if references:
            return policy["metadata"]["namespace"] == self.namespace and bool(references & self.targets)
        selector = spec.get("selector", {}).get("matchLabels", {})
        in_reach = policy["metadata"]["namespace"] in (self.namespace, ROOT_NAMESPACE)
        return not self.is_waypoint and in_reach and selector.items() <= self.labels.items()


class Authorization:
    """The policies among objects."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.policies = [body for body in bodies if body["kind"] == "AuthorizationPolicy"]
        self.authentications = [body for body in bodies if body["kind"] == "PeerAuthentication"]
        for policy in self.policies:
            _check_is_understood(policy)

    def allows(self, place: Place, call: Call) -> bool:
        """Whether a call is let in: no DENY fits, and an ALLOW does unless there is none."""
        here = [policy["spec"] for policy in self.policies if place.is_meant(policy)]
        deny = [spec for spec in here if spec.get("action") == "DENY"]
        allow = [spec for spec in here if spec.get("action", "ALLOW") == "ALLOW"]
        if any(_fits(rule, call, missing=True) for spec in deny for rule in spec.get("rules", ())):
            return False
        return not allow or any(_fits(rule, call, missing=False) for spec in allow for rule in spec.get("rules", ()))

    def takes_plain_text(self, place: Place, port: int) -> bool:
        """Whether a caller without an identity gets as far as the policies: the closest PeerAuthentication decides."""
        selecting = {True: [], False: []}
        for one in self.authentications:
            if place.is_meant(one):
                selecting["selector" in one["spec"]].append(one["spec"])
        for spec in selecting[True]:
            mode = spec.get("portLevelMtls", {}).get(str(port), {}).get("mode") or spec.get("mtls", {}).get("mode")
            if mode not in (None, "UNSET"):
                return mode != "STRICT"
        return not any(spec.get("mtls", {}).get("mode") == "STRICT" for spec in selecting[False])

    def lets_in(self, place: Place, call: Call) -> bool:
        """Whether a call passes both."""
        has_identity = call.principal is not None or self.takes_plain_text(place, call.port)
        return has_identity and self.allows(place, call)


def _check_is_understood(policy: Body) -> None:
    spec = policy["spec"]
    assert spec.get("action", "ALLOW") in ("ALLOW", "DENY"), f"an action that is not understood here: {spec}"
    for rule in spec.get("rules", ()):
        for kind, entries in (("source", rule.get("from", ())), ("operation", rule.get("to", ()))):
            for entry in entries:
                assert set(entry[kind]) <= _UNDERSTOOD[kind], f"fields that are not understood here: {entry}"


def _fits(rule: Body, call: Call, *, missing: bool) -> bool:
    """Whether a rule fits. What it asks of HTTP is `missing` where the proxy reads no requests."""
    sources = [entry["source"] for entry in rule.get("from", ())]
    operations = [entry["operation"] for entry in rule.get("to", ())]
    return (
        (not sources or any(_is_source(source, call) for source in sources))
        and (not operations or any(_is_operation(operation, call, missing=missing) for operation in operations))
        and all(_holds(condition, call, missing=missing) for condition in rule.get("when", ()))
    )


def _is_source(source: Body, call: Call) -> bool:
    principal = call.principal or ""
    wanted, unwanted = source.get("principals"), source.get("notPrincipals", ())
    return (wanted is None or matches_any(wanted, principal)) and not matches_any(unwanted, principal)


def _is_operation(operation: Body, call: Call, *, missing: bool) -> bool:
    if "ports" in operation and str(call.port) not in operation["ports"]:
        return False
    http = call.http
    if http is None:
        return missing or not (set(operation) - {"ports"})
    path = http.path.partition("?")[0]
    return (
        ("hosts" not in operation or matches_any([one.lower() for one in operation["hosts"]], http.host.lower()))
        and ("methods" not in operation or matches_any(operation["methods"], http.method))
        and ("paths" not in operation or any(is_path(one, path) for one in operation["paths"]))
        and not any(is_path(one, path) for one in operation.get("notPaths", ()))
    )


def _holds(condition: Body, call: Call, *, missing: bool) -> bool:
    key = condition["key"]
    assert set(condition) <= {"key", "values"}, f"a condition that is not understood here: {condition}"
    if call.http is None:
        return missing
    if match := re.fullmatch(r"request\.headers\[(.+)\]", key):
        return any(
            matches_any(condition["values"], value) for name, value in call.http.headers if name == match[1].lower()
        )
    assert key.startswith("request.auth.claims["), f"a condition that is not understood here: {condition}"
    found: Any = call.http.claims or {}
    for part in re.findall(r"\[([^\]]+)\]", key):
        found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return any(isinstance(value, str) and matches_any(condition["values"], value) for value in values)


def matches_any(patterns: Sequence[str], value: str) -> bool:
    """Whether a text fits a pattern: ``*`` alone for any but the empty one, at the end or beginning for any more."""
    return any(_match_of(pattern)(value) for pattern in patterns)


def _match_of(pattern: str) -> Callable[[str], bool]:
    if pattern == "*":
        return bool
    if pattern.startswith("*"):
        return lambda value: value.endswith(pattern[1:])
    if pattern.endswith("*"):
        return lambda value: value.startswith(pattern[:-1])
    return lambda value: value == pattern


def is_path(pattern: str, path: str) -> bool:
    """Whether a path fits a pattern, or a template of Envoy's: ``{*}`` is one segment, ``{**}`` any rest."""
    if "{*}" not in pattern and "{**}" not in pattern:
        return matches_any([pattern], path)
    parts = re.split(r"(\{\*\*?\})", pattern)
    written = {"{*}": "[^/]+", "{**}": ".*"}
    return re.fullmatch("".join(written.get(part, re.escape(part)) for part in parts), path) is not None
