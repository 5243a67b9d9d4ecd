"""NetworkPolicies: one workload's connections, and the denial of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightkube.models import meta_v1, networking_v1

from components import identity
from components.specs.network import Opening, OpenPort, Peer
from components.specs.ports import Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Input

    from components.specs.network import Connections
    from components.workloads.arguments import NamedWorkload

DNS = Opening(
    Peer(namespace="kube-system", pod_labels=(("k8s-app", "kube-dns"),)),
    (OpenPort(53, Protocol.UDP), OpenPort(53, Protocol.TCP)),
)
"""The cluster's DNS, by the labels that every distribution keeps for it."""
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def network_policy(workload: NamedWorkload, connections: Connections) -> networking_v1.NetworkPolicy:
    """Build the policy that opens exactly a workload's own connections, in both directions, and DNS."""
    return connection_policy(workload.metadata(), identity.selector(workload.name), connections)


def connection_policy(
    metadata: meta_v1.ObjectMeta, selector: Mapping[str, str], connections: Connections
) -> networking_v1.NetworkPolicy:
    """Build the policy that opens exactly these connections of the Pods with these labels, and DNS."""
    return networking_v1.NetworkPolicy(
        apiVersion="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=metadata,
        spec=networking_v1.NetworkPolicySpec(
            podSelector=meta_v1.LabelSelector(matchLabels=dict(selector)),
            policyTypes=["Ingress", "Egress"],
            ingress=[
                networking_v1.NetworkPolicyIngressRule(from_=_peers(opening.peer), ports=_ports(opening))
                for opening in connections.ingress
            ]
            or None,
            egress=[
                networking_v1.NetworkPolicyEgressRule(to=_peers(opening.peer), ports=_ports(opening))
                for opening in (DNS, *connections.egress)
            ],
        ),
    )


def default_policies(namespace: Input[str], labels: dict[str, str]) -> list[networking_v1.NetworkPolicy]:
    """Build the two policies of a namespace: everything is denied to every Pod, except that it may ask DNS."""

    def policy(name: str, spec: networking_v1.NetworkPolicySpec) -> networking_v1.NetworkPolicy:
        metadata: Any = {"name": name, "namespace": namespace, "labels": labels}
        return networking_v1.NetworkPolicy(
            apiVersion="networking.k8s.io/v1", kind="NetworkPolicy", metadata=meta_v1.ObjectMeta(**metadata), spec=spec
        )

    everyone = meta_v1.LabelSelector()
    dns = networking_v1.NetworkPolicyEgressRule(to=_peers(DNS.peer), ports=_ports(DNS))
    return [
        policy(
            "default-deny", networking_v1.NetworkPolicySpec(podSelector=everyone, policyTypes=["Ingress", "Egress"])
        ),
        policy(
            "allow-dns", networking_v1.NetworkPolicySpec(podSelector=everyone, policyTypes=["Egress"], egress=[dns])
        ),
    ]


def _peers(peer: Peer) -> list[networking_v1.NetworkPolicyPeer]:
    if peer.cidrs:
        return [networking_v1.NetworkPolicyPeer(ipBlock=networking_v1.IPBlock(cidr=cidr)) for cidr in peer.cidrs]
    return [
        networking_v1.NetworkPolicyPeer(
            namespaceSelector=meta_v1.LabelSelector(matchLabels={NAMESPACE_NAME: peer.namespace})
            if peer.namespace
            else None,
            podSelector=meta_v1.LabelSelector(matchLabels=dict(peer.pod_labels)) if peer.pod_labels else None,
        )
    ]


def _ports(opening: Opening) -> list[networking_v1.NetworkPolicyPort]:
    return [networking_v1.NetworkPolicyPort(port=port.number, protocol=port.protocol.value) for port in opening.ports]
