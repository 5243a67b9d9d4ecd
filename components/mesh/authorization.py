"""Who may call a workload: AuthorizationPolicies from its callers' identities.

Where proxies stand beside the Pods, one policy per workload says it all. In ambient mode a call passes two of them: the
namespace's waypoint sees the caller and the request, and the ztunnel before the Pod sees the waypoint alone
(https://istio.io/latest/docs/ambient/usage/l4-policy/). So the callers stand in a policy of the waypoint, attached to
the Service, and the Pods let in the waypoint and whoever goes around it: the edge's gateway, Pods of the same workload,
which know each other by address, and who scrapes each of them. Callers of a headless Service go to its Pods, whatever
its waypoint.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from components import identity
from components.hardening import MeshDefault
from components.mesh.arguments import Caller, MeshArgs, MeshedWorkload
from components.mesh.names import WAYPOINT, edge_caller, gateway_reference, object_metadata, waypoint_caller
from components.mesh.resources.security import (
    AuthorizationPolicy,
    AuthorizationPolicySpec,
    Operation,
    Rule,
    Source,
    TargetReference,
)
from components.resources.metadata import WorkloadSelector
from components.specs.mesh.settings import DataPlane

DENY_ALL: Final = "deny-all"


def namespace_policies(args: MeshArgs) -> Iterator[AuthorizationPolicy]:
    """Build what denies everything that no other policy allows: for all Pods, and at the waypoint where there is one.

    A waypoint ignores policies that name no target, and without any policy it lets everything through.
    """
    yield _policy(args, DENY_ALL, None, {})
    if args.settings.data_plane is DataPlane.AMBIENT:
        yield _policy(args, f"{DENY_ALL}-{WAYPOINT}", None, {"targetRefs": [gateway_reference(WAYPOINT)]})


def workload_policies(args: MeshArgs, workload: MeshedWorkload) -> Iterator[AuthorizationPolicy]:
    """Build a workload's policies; none where nobody may call it.

    Raises ValueError for a caller of single methods where the workload has no contract.
    """
    edge = edge_caller(args, workload)
    outside = () if edge is None else (edge,)
    on_pods = {name: port.number for name, port in workload.ports.items()}
    if args.settings.data_plane is DataPlane.SIDECAR or workload.service is None or workload.is_headless:
        yield from _allow(args, workload, workload.name, rules(args, workload, (*workload.callers, *outside), on_pods))
    else:
        # Before a Service is resolved to a Pod, the port is the Service's.
        on_service = {name: port.service_port for name, port in workload.ports.items()}
        target: TargetReference = {"group": "", "kind": "Service", "name": workload.service}
        called = rules(args, workload, workload.callers_by_service, on_service)
        if called:
            spec: AuthorizationPolicySpec = {"targetRefs": [target], "action": "ALLOW", "rules": called}
            yield _policy(args, workload.name, workload, spec)
        # A ztunnel knows no methods, so whoever may call only some of them has to take the way through the waypoint.
        itself = [one for one in workload.callers if _is_itself(args, one, workload) and not one.methods]
        scrapers = [one for one in workload.callers if one.direct]
        waypoint = [waypoint_caller(args, port) for port in workload.ports if _is_called(workload, port)]
        direct = rules(args, workload, (*waypoint, *itself, *scrapers, *outside), on_pods)
        yield from _allow(args, workload, f"{workload.name}-pods", direct)
    yield from _plain_text(args, workload, on_pods)


def rules(args: MeshArgs, workload: MeshedWorkload, callers: Iterable[Caller], ports: Mapping[str, int]) -> list[Rule]:
    """Return one rule for each port and each set of methods that somebody may call, in the order of the ports."""
    everyone = list(callers)
    found: list[Rule] = []
    for name, number in ports.items():
        here = [one for one in everyone if one.port == name]
        unlimited = {args.principal(one) for one in here if not one.methods}
        groups: dict[tuple[str, ...], set[str]] = {(): unlimited} if unlimited else {}
        for one in here:
            if one.methods and args.principal(one) not in unlimited:
                groups.setdefault(tuple(sorted(set(one.methods))), set()).add(args.principal(one))
        for methods, principals in sorted(groups.items()):
            operation: Operation = {"ports": [str(number)]}
            if methods:
                operation["paths"] = _paths(workload, methods)
            found.append(_rule({"principals": sorted(principals)}, operation))
    return found


def _paths(workload: MeshedWorkload, methods: Iterable[str]) -> list[str]:
    """Return the paths by which gRPC calls methods (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md)."""
    if workload.contract is None:
        raise ValueError(f"callers of {workload.name} name methods, but it has no contract to which they could belong")
    return [f"/{workload.contract}/{method}" for method in methods]


def _plain_text(args: MeshArgs, workload: MeshedWorkload, ports: Mapping[str, int]) -> Iterator[AuthorizationPolicy]:
    """Build what lets in callers without an identity, on the ports that accept plain text; NetworkPolicies choose them.

    A caller with an identity still has to be declared.
    """
    if workload.permissive_ports:
        numbers = [str(ports[name]) for name in workload.permissive_ports]
        nobody = _rule({"notPrincipals": ["*"]}, {"ports": numbers})
        for policy in _allow(args, workload, f"{workload.name}-{MeshDefault.PLAIN_TEXT}", [nobody]):
            policy["metadata"]["annotations"] = plain_text_reason(workload)
            yield policy


def plain_text_reason(workload: MeshedWorkload) -> dict[str, str]:
    """Return the annotation that says why ports of a workload take in plain text."""
    reasons = "; ".join(f"{port}: {reason}" for port, reason in workload.permissive_ports.items())
    return {MeshDefault.PLAIN_TEXT.annotation: reasons}


def _rule(source: Source, operation: Operation) -> Rule:
    return {"from": [{"source": source}], "to": [{"operation": operation}]}


def _is_called(workload: MeshedWorkload, port: str) -> bool:
    return any(caller.port == port for caller in workload.callers_by_service)


def _is_itself(args: MeshArgs, caller: Caller, workload: MeshedWorkload) -> bool:
    return (caller.namespace, caller.service_account) == (args.namespace, workload.service_account)


def _allow(args: MeshArgs, workload: MeshedWorkload, name: str, allowed: list[Rule]) -> Iterator[AuthorizationPolicy]:
    if allowed:
        selector: WorkloadSelector = {"matchLabels": identity.selector(workload.name)}
        yield _policy(args, name, workload, {"selector": selector, "action": "ALLOW", "rules": allowed})


def _policy(
    args: MeshArgs, name: str, workload: MeshedWorkload | None, spec: AuthorizationPolicySpec
) -> AuthorizationPolicy:
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": object_metadata(args, name, workload),
        "spec": spec,
    }
