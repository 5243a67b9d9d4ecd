"""Who may talk to whom: rules 14 and 15 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import sources
from .objects import Objects
from .pods import Key, Manifest, key, name_of
from .rules import Finding, Rule
from .selectors import is_empty

_DIRECTIONS = (("Ingress", "ingress", "from"), ("Egress", "egress", "to"))
_DNS_PORT = 53
_POLICY = "add a NetworkPolicy"


def _policies(objects: Objects) -> Mapping[Key, list[Manifest]]:
    # A NetworkPolicy without a podSelector selects every Pod.
    return objects.selecting("NetworkPolicy", "podSelector", absent={})


def policy_types(policy: Manifest) -> frozenset[str]:
    """The directions that a NetworkPolicy isolates: by default Ingress, and Egress if it has egress rules."""
    spec = policy.get("spec") or {}
    declared = spec.get("policyTypes")
    if declared:
        return frozenset(declared)
    return frozenset({"Ingress", "Egress"} if spec.get("egress") else {"Ingress"})


def every_pod_is_isolated(objects: Objects) -> Iterator[Finding]:
    """Each Pod is selected by a NetworkPolicy for ingress and by one for egress: else all traffic is allowed."""
    policies = _policies(objects)
    for workload in objects.workloads:
        isolated = frozenset[str]().union(
            *(policy_types(policy) for policy in policies.get(key(workload.manifest), ()))
        )
        for direction, _, _ in _DIRECTIONS:
            if direction not in isolated:
                yield Finding(
                    workload.manifest,
                    f"{workload.pod_spec_path.removesuffix('spec')}metadata.labels",
                    f"no NetworkPolicy selects the Pods for {direction}, so all of it is allowed",
                    f"{_POLICY} with policyTypes: [{direction}] whose podSelector matches these labels",
                )


def namespaces_deny_by_default(objects: Objects) -> Iterator[Finding]:
    """In each namespace and direction, a NetworkPolicy selects every Pod and opens nothing but DNS; none opens all."""
    for namespace in objects.of_kind("Namespace"):
        for_all = [
            policy
            for policy in objects.in_namespace("NetworkPolicy", name_of(namespace))
            if is_empty((policy.get("spec") or {}).get("podSelector") or {})
        ]
        for direction, field, peers in _DIRECTIONS:
            rules_of = [
                ((policy.get("spec") or {}).get(field) or []) for policy in for_all if direction in policy_types(policy)
            ]
            if not any(all(direction == "Egress" and _opens_only_dns(rule) for rule in rules) for rules in rules_of):
                allowed = "egress rules but DNS" if direction == "Egress" else "ingress rules"
                yield Finding(
                    namespace,
                    "metadata.name",
                    f"the namespace has no default deny for {direction}, so a Pod that no other policy selects is open",
                    f"{_POLICY} with podSelector: {{}}, policyTypes: [{direction}] and no {allowed}",
                )
            for policy in for_all:
                for position, rule in enumerate((policy.get("spec") or {}).get(field) or []):
                    if not rule.get(peers) and not rule.get("ports"):
                        yield Finding(
                            policy,
                            f"spec.{field}[{position}]",
                            f"the empty rule allows all {direction} for every Pod and so undoes the default deny",
                            "drop the rule, or name peers and ports",
                        )


def names_can_be_resolved(objects: Objects) -> Iterator[Finding]:
    """Each Pod whose egress is isolated may ask DNS, by UDP and, for long answers, by TCP."""
    policies = _policies(objects)
    for workload in objects.workloads:
        egress = [policy for policy in policies.get(key(workload.manifest), ()) if "Egress" in policy_types(policy)]
        rules = [rule for policy in egress for rule in (policy.get("spec") or {}).get("egress") or []]
        for protocol in ("UDP", "TCP"):
            if not egress or any(_allows_dns(rule, protocol) for rule in rules):
                continue
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path.removesuffix('spec')}metadata.labels",
                f"no NetworkPolicy lets the Pods reach DNS by {protocol}, so names don't resolve",
                f"allow egress to the cluster's DNS, port {_DNS_PORT}, protocol {protocol}, for every Pod",
            )


def _opens_only_dns(rule: Manifest) -> bool:
    ports = rule.get("ports") or []
    return bool(ports) and all(port.get("port") == _DNS_PORT and not port.get("endPort") for port in ports)


def _allows_dns(rule: Manifest, protocol: str) -> bool:
    """Whether an egress rule reaches the cluster's DNS, which runs in another namespace or on the node."""
    peers, ports = rule.get("to") or [], rule.get("ports") or []
    if not ports:
        # Peers without ports are some other workload: only the rule that opens everything opens DNS too.
        return not peers
    reaches = not peers or any("namespaceSelector" in peer or "ipBlock" in peer for peer in peers)
    return reaches and any(_covers_dns(port, protocol) for port in ports)


def _covers_dns(port: Manifest, protocol: str) -> bool:
    if (port.get("protocol") or "TCP") != protocol:
        return False
    first = port.get("port")
    if first is None:
        return True
    return not isinstance(first, str) and first <= _DNS_PORT <= (port.get("endPort") or first)


RULES = (
    Rule(
        number=14,
        title="every Pod is selected by an ingress and an egress policy",
        source=sources.NETWORK_POLICIES,
        find=every_pod_is_isolated,
    ),
    Rule(
        number=15,
        title="namespaces deny by default",
        source=sources.NETWORK_POLICIES,
        find=namespaces_deny_by_default,
    ),
    Rule(
        number=15,
        title="DNS is allowed",
        source=sources.NETWORK_POLICIES,
        find=names_can_be_resolved,
    ),
)
