"""What NetworkPolicies let through, worked out from rendered objects as a network plugin would.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

Body = Mapping[str, Any]
CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Pod:
    """One Pod of a controller, with an address of its own."""

    name: str
    namespace: str
    labels: tuple[tuple[str, str], ...]
    ports: frozenset[tuple[int, str]]
    """Number and protocol of every port on which its containers listen."""
    address: str


def pods(bodies: Sequence[Body]) -> list[Pod]:
    """Return one Pod for each controller among the objects."""
    controllers = [body for body in bodies if body["kind"] in CONTROLLERS]
    return [_pod(body, f"10.244.0.{number}") for number, body in enumerate(controllers, start=1)]


def _pod(body: Body, address: str) -> Pod:
    template = body["spec"].get("jobTemplate", body)["spec"]["template"]
    containers = (*template["spec"]["containers"], *template["spec"].get("initContainers", ()))
    ports = {(port["containerPort"], port["protocol"]) for one in containers for port in one.get("ports", ())}
    labels = tuple(template["metadata"]["labels"].items())
    return Pod(body["metadata"]["name"], body["metadata"]["namespace"], labels, frozenset(ports), address)


def outsider(name: str, namespace: str, labels: Mapping[str, str] | None = None, address: str = "10.245.0.1") -> Pod:
    """Return a Pod of another namespace."""
    return Pod(name, namespace, tuple((labels or {}).items()), frozenset(), address)


class Network:
    """The NetworkPolicies among rendered objects."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.policies = [body for body in bodies if body["kind"] == "NetworkPolicy"]
        self.pods = pods(bodies)

    def lets_through(self, source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
        """Whether a connection is allowed where it starts and where it ends."""
        leaves = self._allows("Egress", source, target, port, protocol)
        return leaves and self._allows("Ingress", target, source, port, protocol)

    def lets_out(self, source: Pod, address: str, port: int) -> bool:
        """Whether a Pod may connect to an address outside the cluster."""
        return self._allows("Egress", source, Pod("", "", (), frozenset(), address), port, "TCP")

    def openings(self) -> Iterator[tuple[str, str, int, str]]:
        """Yield every connection between two Pods, on a port that one listens on, that is allowed."""
        for source in self.pods:
            for target in self.pods:
                for port, protocol in target.ports:
                    if self.lets_through(source, target, port, protocol):
                        yield source.name, target.name, port, protocol

    def _allows(self, direction: str, pod: Pod, peer: Pod, port: int, protocol: str) -> bool:
        """Without a policy for its direction a Pod is open; with one it is closed, but for what any of them opens."""
        policies = [
            policy["spec"]
            for policy in self.policies
            if policy["metadata"]["namespace"] == pod.namespace
            and direction in policy["spec"]["policyTypes"]
            and _selects(policy["spec"]["podSelector"], dict(pod.labels))
        ]
        rules, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
        return not policies or any(
            _names_peer(rule.get(peers), peer, pod.namespace) and _names_port(rule.get("ports"), port, protocol)
            for policy in policies
            for rule in policy.get(rules, ())
        )


def _selects(selector: Body, labels: Mapping[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}, f"a selector that is not understood here: {selector}"
    return selector.get("matchLabels", {}).items() <= labels.items()


def _names_peer(peers: Sequence[Body] | None, peer: Pod, own_namespace: str) -> bool:
    return peers is None or any(_is_peer(one, peer, own_namespace) for one in peers)


def _is_peer(wanted: Body, peer: Pod, own_namespace: str) -> bool:
    if block := wanted.get("ipBlock"):
        network = ip_network(block["cidr"])
        return ip_address(peer.address) in network
    namespaces = wanted.get("namespaceSelector")
    if namespaces is None and peer.namespace != own_namespace:
        return False
    in_namespace = namespaces is None or _selects(namespaces, {NAMESPACE_NAME: peer.namespace})
    return in_namespace and _selects(wanted.get("podSelector", {}), dict(peer.labels))


def _names_port(ports: Sequence[Body] | None, port: int, protocol: str) -> bool:
    return ports is None or any((one["port"], one.get("protocol", "TCP")) == (port, protocol) for one in ports)
