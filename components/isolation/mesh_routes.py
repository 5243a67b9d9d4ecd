"""Where requests go, and how patiently: rules 19 to 21 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from components.quantities import read_duration

from . import sources
from .mesh_hosts import destinations, find_service, leads_somewhere, named_gateways, named_hosts, rules_for
from .mesh_objects import gateway_api_objects, istio_objects
from .objects import Objects
from .pods import Manifest, kind_of, name_of, namespace_of
from .rules import Finding, Rule

_UNSEEN = frozenset({"connect-failure", "refused-stream"})
"""Failures of which the service has seen nothing."""


def hosts_lead_somewhere(objects: Objects) -> Iterator[Finding]:
    """Hosts of DestinationRules, routes and Sidecars are Services or ServiceEntries of the render."""
    for named in named_hosts(objects):
        if not leads_somewhere(objects, named.host, namespace_of(named.manifest)):
            yield Finding(
                named.manifest,
                named.path,
                f"there is no Service or ServiceEntry {named.host}, so what is said here holds for nothing",
                "name a rendered Service or ServiceEntry",
            )


def gateways_exist(objects: Objects) -> Iterator[Finding]:
    """The Gateways that routes name are rendered."""
    for named in named_gateways(objects):
        if not named.exists:
            yield Finding(
                named.route,
                named.path,
                f"there is no Gateway {named.name} in namespace {named.namespace}, so no request comes in",
                "name a rendered Gateway",
            )


def destinations_exist(objects: Objects) -> Iterator[Finding]:
    """What routes lead to has the port that they name, and the subset."""
    for destination in destinations(objects):
        service = find_service(objects, destination.host, namespace_of(destination.route))
        if service is None:
            continue
        ports = [port.get("port") for port in (service.get("spec") or {}).get("ports") or []]
        if destination.port is not None and destination.port not in ports:
            yield Finding(
                destination.route,
                f"{destination.path}.port",
                f"Service {name_of(service)} has no port {destination.port}, so every request fails",
                f"name one of its ports ({', '.join(map(str, ports)) or 'none'})",
            )
        subsets = {
            subset.get("name")
            for rule in rules_for(objects, service)
            for subset in (rule.get("spec") or {}).get("subsets") or []
        }
        if destination.subset is not None and destination.subset not in subsets:
            yield Finding(
                destination.route,
                f"{destination.path}.subset",
                f"no DestinationRule of {name_of(service)} has a subset {destination.subset}: every request fails",
                "add the subset, or name one that exists",
            )


def tls_is_never_off(objects: Objects) -> Iterator[Finding]:
    """No DestinationRule switches TLS off, or does without checking the server's certificate."""
    for rule in istio_objects(objects, "DestinationRule"):
        for path, policy in _traffic_policies(rule):
            tls = policy.get("tls") or {}
            if tls.get("mode") == "DISABLE":
                yield Finding(
                    rule, f"{path}.tls.mode", "callers speak plain text, whatever the other side offers", "drop it"
                )
            if tls.get("insecureSkipVerify"):
                yield Finding(
                    rule,
                    f"{path}.tls.insecureSkipVerify",
                    "any certificate is taken, so whoever stands between may read everything",
                    "drop it, and name the server's subjectAltNames",
                )


def routes_end_in_time(objects: Objects) -> Iterator[Finding]:
    """Every route has a timeout, and states its retries; all tries fit into the timeout.

    What is sent again only where the service has seen nothing of it needs no deadline for a try.
    """
    for patience in _patience(objects):
        if not _milliseconds(patience.timeout):
            grpc = kind_of(patience.route) == "GRPCRoute"
            yield Finding(
                patience.route,
                patience.timeout_path,
                "the route has no timeout, so its callers wait as long as the slowest answer takes",
                "set one, in an HTTPRoute: a GRPCRoute has none" if grpc else "set one",
            )
        if problem := _retry_problem(patience):
            yield Finding(patience.route, patience.retries_path, *problem)


def destinations_are_guarded(objects: Objects) -> Iterator[Finding]:
    """Services that routes lead to have outlier detection and a connection pool."""
    seen: set[tuple[str, str]] = set()
    for destination in destinations(objects):
        service = find_service(objects, destination.host, namespace_of(destination.route))
        if service is None or (namespace_of(service), name_of(service)) in seen:
            continue
        seen.add((namespace_of(service), name_of(service)))
        policies = [(rule.get("spec") or {}).get("trafficPolicy") or {} for rule in rules_for(objects, service)]
        for field, consequence in (
            ("outlierDetection", "a Pod that fails every request keeps getting its share"),
            ("connectionPool", "one slow Service takes all of its callers' connections and memory"),
        ):
            if not any(policy.get(field) for policy in policies):
                yield Finding(
                    destination.route,
                    destination.path,
                    f"no DestinationRule of {name_of(service)} has {field}: {consequence}",
                    f"add a DestinationRule with trafficPolicy.{field}",
                )


@dataclass(frozen=True)
class _Patience:
    """How long one route waits, and how often it tries."""

    route: Manifest
    timeout_path: str
    retries_path: str
    timeout: str | None
    attempts: int | None
    per_try: str | None
    only_unseen: bool
    """Whether requests are sent again only where the service has seen nothing of them."""


def _patience(objects: Objects) -> Iterator[_Patience]:
    for route in istio_objects(objects, "VirtualService"):
        for position, rule in enumerate((route.get("spec") or {}).get("http") or []):
            if not rule.get("redirect") and not rule.get("directResponse"):
                path, retries = f"spec.http[{position}]", rule.get("retries") or {}
                reasons = {reason.strip() for reason in (retries.get("retryOn") or "").split(",")}
                yield _Patience(
                    route,
                    f"{path}.timeout",
                    f"{path}.retries",
                    rule.get("timeout"),
                    retries.get("attempts"),
                    retries.get("perTryTimeout"),
                    reasons <= _UNSEEN,
                )
    for route in gateway_api_objects(objects, "HTTPRoute", "GRPCRoute"):
        for position, rule in enumerate((route.get("spec") or {}).get("rules") or []):
            if not any(one.get("type") == "RequestRedirect" for one in rule.get("filters") or []):
                path, timeouts, retry = f"spec.rules[{position}]", rule.get("timeouts") or {}, rule.get("retry") or {}
                yield _Patience(
                    route,
                    f"{path}.timeouts.request",
                    f"{path}.retry",
                    timeouts.get("request"),
                    retry.get("attempts"),
                    timeouts.get("backendRequest"),
                    not retry.get("codes"),
                )


def _retry_problem(patience: _Patience) -> tuple[str, str] | None:
    """What is wrong with the retries, and what mends it."""
    attempts, per_try, timeout = patience.attempts, _milliseconds(patience.per_try), _milliseconds(patience.timeout)
    # A GRPCRoute has no field for retries; that it is no route for us, its missing timeout says.
    if attempts is None and kind_of(patience.route) != "GRPCRoute":
        return "the retries are the mesh's own, which know no timeout", "state attempts, 0 for none"
    if attempts and not per_try and not patience.only_unseen:
        return "a try has no deadline, so the first may use up the whole timeout", "state the deadline of a try"
    if attempts and timeout and (attempts + 1) * per_try > timeout:
        return (
            f"{attempts + 1} tries of {patience.per_try} don't fit into the timeout of {patience.timeout}",
            "lower the deadline of a try, try less often, or raise the timeout",
        )
    return None


def _milliseconds(text: object) -> int:
    """Read a duration. In whole numbers, as three tries of 3.555s would not fit into 10.665s otherwise."""
    found = read_duration(text) if isinstance(text, str) else None
    return round(found / timedelta(milliseconds=1)) if found else 0


def _traffic_policies(rule: Manifest) -> Iterator[tuple[str, Mapping[str, Any]]]:
    spec = rule.get("spec") or {}
    policies = {"spec.trafficPolicy": spec.get("trafficPolicy") or {}}
    for index, subset in enumerate(spec.get("subsets") or []):
        policies[f"spec.subsets[{index}].trafficPolicy"] = subset.get("trafficPolicy") or {}
    for path, policy in policies.items():
        yield path, policy
        for index, port in enumerate(policy.get("portLevelSettings") or []):
            yield f"{path}.portLevelSettings[{index}]", port


RULES = (
    Rule(number=19, title="hosts lead somewhere", source=sources.TRAFFIC_MANAGEMENT, find=hosts_lead_somewhere),
    Rule(number=19, title="gateways exist", source=sources.TRAFFIC_MANAGEMENT, find=gateways_exist),
    Rule(number=19, title="destinations exist", source=sources.TRAFFIC_MANAGEMENT, find=destinations_exist),
    Rule(number=20, title="TLS is never switched off", source=sources.CLIENT_TLS, find=tls_is_never_off),
    Rule(number=21, title="routes end in time", source=sources.RETRIES, find=routes_end_in_time),
    Rule(number=21, title="destinations are guarded", source=sources.RETRIES, find=destinations_are_guarded),
)
