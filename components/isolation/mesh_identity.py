"""Who is in the mesh, and who may call whom in it: rules 16 to 18 and 23 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.hardening import MeshDefault

from . import sources
from .mesh_objects import (
    GATEWAY_API,
    application_namespaces,
    gateway_api_objects,
    has_mesh,
    is_ambient,
    is_labelled,
    is_waypoint,
    istio_objects,
    opts_out,
)
from .objects import Objects
from .pods import Manifest, name_of, namespace_of
from .rules import Finding, Rule

_STRICT = "add a PeerAuthentication without a selector whose spec.mtls.mode is STRICT"
_NAME_CALLERS = "name the callers' principals: DOMAIN/ns/NAMESPACE/sa/ACCOUNT"
_EVERYTHING = ("the empty rule allows every call and so undoes the default denial", _NAME_CALLERS)
_MODES_OF_PARENT = (None, "UNSET", "STRICT")


def namespaces_ask_for_mutual_tls(objects: Objects) -> Iterator[Finding]:
    """Each application namespace has a PeerAuthentication for all of its Pods, and its mode is STRICT."""
    for namespace in application_namespaces(objects):
        policies = [
            _spec(policy)
            for policy in istio_objects(objects, "PeerAuthentication")
            if namespace_of(policy) == name_of(namespace) and not _spec(policy).get("selector")
        ]
        if not any((spec.get("mtls") or {}).get("mode") == "STRICT" for spec in policies):
            yield Finding(
                namespace,
                "metadata.name",
                "no PeerAuthentication asks for mutual TLS, so callers without an identity are taken in",
                _STRICT,
            )


def plain_text_is_an_exception(objects: Objects) -> Iterator[Finding]:
    """No PeerAuthentication has a mode other than STRICT, for workloads or for single ports, without a reason."""
    for policy in istio_objects(objects, "PeerAuthentication"):
        spec = _spec(policy)
        modes = {"spec.mtls.mode": (spec.get("mtls") or {}).get("mode")}
        for port, settings in (spec.get("portLevelMtls") or {}).items():
            modes[f"spec.portLevelMtls.{port}.mode"] = (settings or {}).get("mode")
        for path, mode in modes.items():
            if mode not in _MODES_OF_PARENT:
                yield Finding(
                    policy, path, f"the mode {mode} takes in plain text, from callers without an identity", "set STRICT"
                )


def namespaces_deny_every_call(objects: Objects) -> Iterator[Finding]:
    """Each application namespace has an AuthorizationPolicy with an empty spec; each waypoint one without rules."""
    policies = list(istio_objects(objects, "AuthorizationPolicy"))
    for namespace in application_namespaces(objects):
        if not any(namespace_of(policy) == name_of(namespace) and not _spec(policy) for policy in policies):
            yield Finding(
                namespace,
                "metadata.name",
                "no AuthorizationPolicy denies by default, so whom no other policy selects takes every call",
                "add an AuthorizationPolicy with spec: {}",
            )
    for waypoint in filter(is_waypoint, gateway_api_objects(objects, "Gateway")):
        attached = [policy for policy in policies if _targets(policy, waypoint)]
        if not any(_allows(policy) and not _spec(policy).get("rules") for policy in attached):
            yield Finding(
                waypoint,
                "metadata.name",
                "no AuthorizationPolicy denies by default at the waypoint, which ignores those without targetRefs",
                "add an AuthorizationPolicy without rules whose targetRefs name this Gateway",
            )


def no_rule_allows_everything(objects: Objects) -> Iterator[Finding]:
    """No ALLOW rule is empty; at the edge, where callers have no identity, each names hosts and paths."""
    for policy, path, rule in _allow_rules(objects):
        if _is_at_edge(objects, policy):
            problem = _unlimited_request(rule)
        else:
            problem = None if rule.get("from") or rule.get("to") else ("", *_EVERYTHING)
        if problem:
            field, message, fix = problem
            yield Finding(policy, f"{path}{field}", message, fix)


def allowed_callers_are_named(objects: Objects) -> Iterator[Finding]:
    """ALLOW rules name principals, each in full; all but those of the edge."""
    for policy, path, rule in _allow_rules(objects):
        is_empty = not (rule.get("from") or rule.get("to"))
        if not is_empty and not _is_at_edge(objects, policy) and (problem := _unknown_caller(rule)):
            field, message = problem
            yield Finding(policy, f"{path}{field}", message, _NAME_CALLERS)


def pods_are_in_the_mesh(objects: Objects) -> Iterator[Finding]:
    """Application namespaces are labelled for sidecars or for ambient mode, not for both, and no Pod opts out."""
    for namespace in application_namespaces(objects):
        if not is_labelled(namespace):
            yield Finding(
                namespace,
                "metadata.labels",
                "the Pods have no proxy, so no policy of the mesh holds for them, and they have no identity",
                "label it istio-injection: enabled, or istio.io/dataplane-mode: ambient",
            )
    for workload in objects.workloads if has_mesh(objects) else ():
        if opts_out(workload.pod_labels):
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path.removesuffix('spec')}metadata.labels",
                "the Pods opt out of the mesh, so no policy of the mesh holds for them, and they have no identity",
                "drop the label",
            )


def namespaces_have_one_data_plane(objects: Objects) -> Iterator[Finding]:
    """A namespace in ambient mode asks for no sidecars."""
    for namespace in application_namespaces(objects):
        labels = (namespace.get("metadata") or {}).get("labels") or {}
        if is_ambient(namespace) and labels.get("istio-injection") == "enabled":
            yield Finding(
                namespace,
                "metadata.labels.istio-injection",
                "the namespace asks for sidecars and for ambient mode, and its Pods get sidecars only",
                "keep one of the two labels",
            )


def _allow_rules(objects: Objects) -> Iterator[tuple[Manifest, str, Mapping[str, Any]]]:
    for policy in istio_objects(objects, "AuthorizationPolicy"):
        for position, rule in enumerate(_spec(policy).get("rules") or [] if _allows(policy) else []):
            yield policy, f"spec.rules[{position}]", rule or {}


def _unknown_caller(rule: Mapping[str, Any]) -> tuple[str, str] | None:
    """Where a rule lets in whom it does not name, and what that means."""
    if not rule.get("from"):
        return "", "the rule names no caller, so everybody may call"
    for position, entry in enumerate(rule["from"]):
        source = entry.get("source") or {}
        named = [*(source.get("principals") or []), *(source.get("serviceAccounts") or [])]
        if not named:
            return f".from[{position}].source", "the source names no identity, so it fits whoever calls"
        if any("*" in name for name in named):
            return f".from[{position}].source.principals", "a wildcard fits callers that nobody has declared"
    return None


def _unlimited_request(rule: Mapping[str, Any]) -> tuple[str, str, str] | None:
    fix = "name the hosts and paths that are meant"
    if not rule.get("to"):
        return "", "the rule names no request, so everything is let in from outside", fix
    for position, entry in enumerate(rule["to"]):
        operation = entry.get("operation") or {}
        if not operation.get("hosts") or "*" in operation["hosts"] or not operation.get("paths"):
            return f".to[{position}].operation", "it names no host or no path, so more is let in than is offered", fix
    return None


def _is_at_edge(objects: Objects, policy: Manifest) -> bool:
    """Whether a policy holds for a gateway that lets requests in from outside the mesh."""
    gateways = [one for one in gateway_api_objects(objects, "Gateway") if not is_waypoint(one)]
    if any(_targets(policy, gateway) for gateway in gateways):
        return True
    selector = (_spec(policy).get("selector") or {}).get("matchLabels") or {}
    return bool(selector) and any(
        _spec(gateway).get("selector") == selector and namespace_of(gateway) == namespace_of(policy)
        for gateway in istio_objects(objects, "Gateway")
    )


def _targets(policy: Manifest, gateway: Manifest) -> bool:
    wanted = (GATEWAY_API, "Gateway", name_of(gateway))
    return namespace_of(policy) == namespace_of(gateway) and any(
        (target.get("group"), target.get("kind"), target.get("name")) == wanted
        for target in _spec(policy).get("targetRefs") or []
    )


def _allows(policy: Manifest) -> bool:
    return _spec(policy).get("action") in (None, "ALLOW")


def _spec(manifest: Manifest) -> Mapping[str, Any]:
    return manifest.get("spec") or {}


RULES = (
    Rule(
        number=16, title="namespaces ask for mutual TLS", source=sources.MUTUAL_TLS, find=namespaces_ask_for_mutual_tls
    ),
    Rule(
        number=16,
        title="plain text is an exception with a reason",
        source=sources.MUTUAL_TLS,
        find=plain_text_is_an_exception,
        relaxation=MeshDefault.PLAIN_TEXT,
    ),
    Rule(
        number=17,
        title="namespaces deny every call by default",
        source=sources.DENY_BY_DEFAULT,
        find=namespaces_deny_every_call,
    ),
    Rule(
        number=18,
        title="no rule allows everything",
        source=sources.AUTHORIZATION_POLICIES,
        find=no_rule_allows_everything,
    ),
    Rule(
        number=18,
        title="allowed callers are named",
        source=sources.AUTHORIZATION_POLICIES,
        find=allowed_callers_are_named,
        relaxation=MeshDefault.PLAIN_TEXT,
    ),
    Rule(number=23, title="Pods are in the mesh", source=sources.INJECTION, find=pods_are_in_the_mesh),
    Rule(
        number=23,
        title="namespaces have one data plane",
        source=sources.INJECTION,
        find=namespaces_have_one_data_plane,
    ),
)
