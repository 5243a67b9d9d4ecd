"""Which requests the edge lets in: tokens, the role table, and what needs neither.

The gateway refuses a token that it can't verify (401), and whatever no policy allows (403). A path without ``auth`` is
open to all; under one with ``auth`` only the role table counts. Policies hold for the gateway's plain port too, so that
only what they allow is redirected to HTTPS.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from components.mesh.arguments import EdgeRoute, MeshArgs
from components.mesh.edge_routes import edge_metadata
from components.mesh.names import edge_gateway, edge_labels, gateway_reference
from components.mesh.resources.security import (
    AuthorizationPolicy,
    AuthorizationPolicySpec,
    Condition,
    JwtRule,
    Operation,
    RequestAuthentication,
    RequestAuthenticationSpec,
    Rule,
)
from components.mesh.roles import RoleAccess, role_rules
from components.specs.mesh.edge import GUEST, Cors, JwtIssuer
from components.specs.mesh.settings import RoutingApi

API_VERSION: Final = "security.istio.io/v1"


@dataclass(frozen=True)
class ProtectedPath:
    """A path of a host that asks for a role."""

    host: str
    prefix: str
    issuer: str
    cors: Cors | None


def request_authentications(args: MeshArgs) -> Iterator[RequestAuthentication]:
    """Build what believes the tokens of every issuer that some edge names; nothing where none does."""
    used = {path.issuer for path in protected_paths(args)}
    rules = [_jwt_rule(issuer) for name, issuer in args.issuers.items() if name in used]
    if not rules:
        return
    spec: RequestAuthenticationSpec = (
        {"targetRefs": [gateway_reference(edge_gateway(args))], "jwtRules": rules}
        if args.settings.routing_api is RoutingApi.GATEWAY
        else {"selector": {"matchLabels": edge_labels(args)}, "jwtRules": rules}
    )
    yield {
        "apiVersion": API_VERSION,
        "kind": "RequestAuthentication",
        "metadata": edge_metadata(args, args.part_of),
        "spec": spec,
    }


def edge_policies(args: MeshArgs) -> Iterator[AuthorizationPolicy]:
    """Build what the gateway lets in without a role, and what with one; the rest is denied once there is any policy."""
    protected = list(protected_paths(args))
    free = [*_open_rules(args, protected), *_preflight_rules(protected)]
    if free:
        yield _policy(args, "open", free)
    if protected:
        yield _policy(args, "roles", _role_rules(args, protected))


def protected_paths(args: MeshArgs) -> Iterator[ProtectedPath]:
    """Yield each path that asks for a role, in the order of the workloads."""
    for edge in _edges(args):
        if edge.policy.auth is not None:
            for prefix in edge.paths:
                yield ProtectedPath(edge.host, prefix, edge.policy.auth, edge.policy.cors)


def prefix_paths(prefix: str) -> list[str]:
    """Return a path, and all below it, as policies write it."""
    stem = prefix.rstrip("/")
    return [stem, f"{stem}/*"] if stem else ["/*"]


def _edges(args: MeshArgs) -> Iterator[EdgeRoute]:
    for workload in args.workloads.values():
        if workload.edge is not None:
            yield workload.edge


def _open_rules(args: MeshArgs, protected: Sequence[ProtectedPath]) -> Iterator[Rule]:
    """Yield what needs no token: the paths without ``auth``, but for protected ones that lie below them."""
    operations = [
        _operation(edge.host, prefix_paths(prefix), besides=_inner(edge.host, prefix, protected))
        for edge in _edges(args)
        if edge.policy.auth is None
        for prefix in edge.paths
    ]
    if operations:
        yield {"to": [{"operation": operation} for operation in operations]}


def _preflight_rules(protected: Sequence[ProtectedPath]) -> Iterator[Rule]:
    """Yield what lets browsers ask, which they do without a token; the gateway answers for the origins named here.

    Istio puts the CORS filter behind the policies.
    """
    for path in protected:
        if path.cors is not None:
            inner = _inner(path.host, path.prefix, protected)
            operation = _operation(path.host, prefix_paths(path.prefix), besides=inner)
            operation["methods"] = ["OPTIONS"]
            yield {
                "to": [{"operation": operation}],
                "when": [
                    {"key": "request.headers[origin]", "values": list(path.cors.origins)},
                    {"key": "request.headers[access-control-request-method]", "values": ["*"]},
                ],
            }


def _role_rules(args: MeshArgs, protected: Sequence[ProtectedPath]) -> list[Rule]:
    """Return one rule for each role and issuer; what a guest may do, everybody may."""
    table = role_rules(args.roles)
    found: list[Rule] = []
    for role in args.roles:
        own = [access for access in table if access.role == role]
        issuers: Sequence[str | None] = (
            [None] if role == GUEST else list(dict.fromkeys(one.issuer for one in protected))
        )
        for issuer in issuers:
            paths = [one for one in protected if issuer in (None, one.issuer)]
            operations = list(_operations(own, paths, protected))
            if operations:
                rule: Rule = {"to": [{"operation": operation} for operation in operations]}
                if issuer is not None:
                    rule["when"] = _claims(args.issuers[issuer], role)
                found.append(rule)
    return found


def _operations(
    table: Sequence[RoleAccess], paths: Sequence[ProtectedPath], protected: Sequence[ProtectedPath]
) -> Iterator[Operation]:
    foreign = [one for one in protected if one not in paths]
    for path in paths:
        for access in table:
            allowed = [part.istio() for part in access.path.below(path.prefix)]
            if allowed:
                operation = _operation(path.host, allowed, besides=_inner(path.host, path.prefix, foreign))
                if access.methods:
                    operation["methods"] = sorted(access.methods)
                yield operation


def _operation(host: str, paths: list[str], *, besides: Iterable[ProtectedPath]) -> Operation:
    operation: Operation = {"hosts": _hosts(host), "paths": paths}
    inner = [path for one in besides for path in prefix_paths(one.prefix)]
    if inner:
        operation["notPaths"] = inner
    return operation


def _inner(host: str, prefix: str, protected: Iterable[ProtectedPath]) -> list[ProtectedPath]:
    """Return the protected paths that lie below another: of two that fit a request, the closer one decides."""
    stem = f"{prefix.rstrip('/')}/"
    return [one for one in protected if one.host == host and f"{one.prefix}/".startswith(stem) and one.prefix != prefix]


def _claims(issuer: JwtIssuer, role: str) -> list[Condition]:
    """Return what a token must say. The issuer is compared as a whole, so that none can be the beginning of another."""
    claim = "".join(f"[{part}]" for part in issuer.role_claim.split("."))
    return [
        {"key": "request.auth.claims[iss]", "values": [issuer.issuer]},
        {"key": f"request.auth.claims{claim}", "values": [role]},
    ]


def _jwt_rule(issuer: JwtIssuer) -> JwtRule:
    rule: JwtRule = {
        "issuer": issuer.issuer,
        "audiences": list(issuer.audiences),
        "forwardOriginalToken": issuer.forward,
    }
    if issuer.jwks_uri is not None:
        rule["jwksUri"] = issuer.jwks_uri
    if issuer.jwks is not None:
        rule["jwks"] = issuer.jwks
    return rule


def _hosts(host: str) -> list[str]:
    """Return a host with and without a port, as clients may send both.

    https://istio.io/latest/docs/ops/best-practices/security/#writing-host-match-policies
    """
    return [host, f"{host}:*"]


def _policy(args: MeshArgs, name: str, allowed: list[Rule]) -> AuthorizationPolicy:
    spec: AuthorizationPolicySpec = {"action": "ALLOW"}
    if args.settings.routing_api is RoutingApi.GATEWAY:
        spec["targetRefs"] = [gateway_reference(edge_gateway(args))]
    else:
        spec["selector"] = {"matchLabels": edge_labels(args)}
    if allowed:
        spec["rules"] = allowed
    return {
        "apiVersion": API_VERSION,
        "kind": "AuthorizationPolicy",
        "metadata": edge_metadata(args, f"{args.part_of}-{name}"),
        "spec": spec,
    }
