"""Rate limits as rules: which requests one counts, by what, and under which name. Pure.

Local and global limits count by the same descriptors: a request that fits a rule gets the rule's name, and where each
caller counts for itself, also who calls. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from components.mesh.arguments import EdgeRoute, MeshArgs, MeshedWorkload
from components.mesh.names import edge_caller
from components.specs.mesh.traffic import LimitScope, RateLimit

LIMIT: Final = "limit"
"""The descriptor that names the rule."""
CALLER: Final = "caller"
"""The descriptor with the caller's SPIFFE ID, read from the certificate that it has shown: nobody can forge it."""
ADDRESS: Final = "masked_remote_address"
"""Envoy's name of the descriptor with the client's address."""
PLAIN_TEXT: Final = "plain-text"
"""The caller where it has shown no certificate, on a port that accepts that."""

Action = dict[str, Any]
"""One of Envoy's rate limit actions."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rate limit, where it is counted."""

    name: str
    limit: RateLimit
    conditions: tuple[tuple[str, str], ...] = ()
    """(header, regular expression of the whole value); all of them must fit."""
    by: str | None = None
    """The second descriptor: `CALLER`, `ADDRESS`, or None."""
    callers: tuple[str, ...] = ()
    """The values that `CALLER` may have; others are not limited, and not let in either."""

    @property
    def actions(self) -> list[Action]:
        """What makes a request's descriptors. Where one of them can't be made, the rule does not fit the request."""
        return [self._named(), *([] if self.by is None else [_COUNTED_BY[self.by]])]

    def _named(self) -> Action:
        value = {"descriptor_key": LIMIT, "descriptor_value": self.name}
        if not self.conditions:
            return {"generic_key": value}
        headers = [
            {"name": header, "string_match": {"safe_regex": {"regex": expression}}}
            for header, expression in self.conditions
        ]
        return {"header_value_match": {**value, "headers": headers}}


_COUNTED_BY: Final[dict[str, Action]] = {
    # A household or a server has a whole /64 of IPv6 addresses, and could take another one for each request.
    ADDRESS: {ADDRESS: {"v6_prefix_mask_len": 64}},
    CALLER: {
        "extension": {
            "name": "envoy.rate_limit_descriptors.expr",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor",
                "descriptor_key": CALLER,
                # Not x-forwarded-client-cert: it is appended to what the caller has sent.
                "text": f'connection.mtls ? connection.uri_san_peer_certificate : "{PLAIN_TEXT}"',
            },
        }
    },
}


def workload_rules(args: MeshArgs, name: str, scope: LimitScope) -> list[Rule]:
    """Return what the workload's own proxies count."""
    workload = args.workloads[name]
    rules = []
    for limit in workload.rate_limits:
        callers = _callers(args, workload) if limit.by == "caller" else ()
        if limit.scope is scope and (limit.by == "service" or callers):
            rules.append(
                Rule(
                    name=rule_name(name, limit),
                    limit=limit,
                    conditions=tuple(_path_condition([limit.path] if limit.path else [])),
                    by=CALLER if limit.by == "caller" else None,
                    callers=callers,
                )
            )
    return rules


def edge_rules(args: MeshArgs, name: str, scope: LimitScope) -> list[Rule]:
    """Return what the edge's proxies count for the workload: limits by caller, there by client address.

    Behind the edge all clients look alike: their caller is the gateway.
    """
    workload = args.workloads[name]
    edge, rules = workload.edge, []
    for limit in workload.rate_limits if edge else ():
        if edge is None or limit.by != "caller" or limit.scope is not scope:
            continue
        if paths := edge_paths(edge, limit.path):
            host = f"(?i){re.escape(edge.host)}\\.?(?::[0-9]+)?"  # as the proxy compares hosts
            conditions = ((":authority", host), *_path_condition(paths))
            rules.append(Rule(name=f"edge:{rule_name(name, limit)}", limit=limit, conditions=conditions, by=ADDRESS))
    return rules


def rule_name(workload: str, limit: RateLimit) -> str:
    """Return what tells a rule from every other, whatever their order: ``users:/api:minute:caller``."""
    return f"{workload}:{limit.path or '/'}:{limit.per}:{limit.by}"


def edge_paths(edge: EdgeRoute, path: str | None) -> list[str]:
    """Return under which paths of the edge the requests for a service's path arrive; none: they can't.

    A limit's path is what the service sees. Where the edge rewrites the prefix, the outside has another.
    """
    found = []
    for outside in edge.paths:
        inside = edge.policy.rewrite or outside
        if path is None or is_under(inside, path):
            found.append(outside)
        elif is_under(path, inside):
            found.append(f"{outside.rstrip('/')}/{path[len(inside.rstrip('/')) :].lstrip('/')}")
    return found


def is_under(path: str, prefix: str) -> bool:
    """Whether a path is a prefix or goes on behind it: ``/api/users`` is under ``/api``, ``/apis`` is not."""
    return path == prefix or path.startswith(f"{prefix.rstrip('/')}/")


def path_expression(prefix: str) -> str:
    """Return the regular expression of all paths under a prefix, queries included."""
    return ".*" if prefix == "/" else f"{re.escape(prefix.rstrip('/'))}(?:[/?].*)?"


def _path_condition(prefixes: list[str]) -> Iterator[tuple[str, str]]:
    if prefixes and "/" not in prefixes:
        yield ":path", "|".join(map(path_expression, prefixes))


def _callers(args: MeshArgs, workload: MeshedWorkload) -> tuple[str, ...]:
    """Return who counts for itself: every declared caller but the gateway, behind which all clients look alike."""
    found = {args.principal(caller) for caller in workload.callers}
    if gateway := edge_caller(args, workload):
        found.discard(args.principal(gateway))
    return (*(f"spiffe://{one}" for one in sorted(found)), *([PLAIN_TEXT] if workload.permissive_ports else []))
