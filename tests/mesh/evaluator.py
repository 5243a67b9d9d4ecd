"""May A call B? Answered from the objects of a platform alone, layer by layer: scope, mutual TLS, policies, network.

It knows Kubernetes' objects and Istio's, and nothing of how this project makes them. What it can't read it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.mesh.authorization import GATEWAY, SERVICE, SERVICE_ENTRY, Authorization, Body, Call, Http, Place
from tests.stacks.network import CONTROLLERS, NAMESPACE_NAME, Network

TRUST_DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Verdict:
    """What each layer says of one call."""

    scope: bool
    """Whether the caller's proxy knows the callee."""
    authorization: bool
    """Whether every proxy on the way lets the call in."""
    network: bool
    """Whether NetworkPolicies let the connection through."""

    def __bool__(self) -> bool:
        return self.scope and self.authorization and self.network


@dataclass(frozen=True)
class Pods:
    """The Pods of one controller."""

    name: str
    namespace: str
    account: str
    labels: Mapping[str, str]
    ports: Mapping[str, int]
    """Of all containers, by name."""

    @property
    def principal(self) -> str:
        """Their identity."""
        return f"{TRUST_DOMAIN}/ns/{self.namespace}/sa/{self.account}"


class Evaluator:
    """The mesh that objects make."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.bodies = bodies
        self.authorization = Authorization(bodies)
        self.network = Network(bodies)
        self.pods = [_pods(body) for body in bodies if body["kind"] in CONTROLLERS]

    def pods_named(self, name: str) -> Pods:
        """The Pods of one controller."""
        return next(pods for pods in self.pods if pods.name == name)

    def verdict(self, source: str, service: str, port: int, http: Http | None = None) -> Verdict:
        """Whether one workload may call a port of a Service, seen from the workload's side.

        A Service with several controllers behind it answers by any of them, so all must agree.
        """
        caller, target = self.pods_named(source), self._service(service)
        behind = self._behind(target)
        number = {pods.name: _target_port(target, port, pods) for pods in behind}
        return Verdict(
            scope=self.knows(caller, _host(target), target["metadata"]["namespace"]),
            authorization=all(self._authorizes(caller, target, port, pods, number[pods.name], http) for pods in behind),
            network=all(self._connects(caller, pods, number[pods.name]) for pods in behind),
        )

    def takes(self, pods: Pods, call: Call) -> bool:
        """Whether Pods let in what arrives at themselves, whichever way it came."""
        if self.is_ambient(pods.namespace):
            # A ztunnel reads no requests.
            call = Call(call.principal, call.port)
        return self.authorization.lets_in(Place(pods.namespace, pods.labels), call)

    def knows(self, pods: Pods, host: str, namespace: str) -> bool:
        """Whether the Pods' proxy lets requests for a host out."""
        if self.is_ambient(pods.namespace):
            return True
        scopes = [body["spec"] for body in self._of_kind("Sidecar") if body["metadata"]["namespace"] == pods.namespace]
        own = [
            one for one in scopes if one.get("workloadSelector", {}).get("labels", {}).items() <= pods.labels.items()
        ]
        selected = [one for one in own if "workloadSelector" in one] or own
        if not selected or selected[0].get("outboundTrafficPolicy", {}).get("mode") != "REGISTRY_ONLY":
            return True
        return any(
            _is_let_in(entry, host, namespace, pods.namespace)
            for listener in selected[0].get("egress", ())
            for entry in listener["hosts"]
        )

    def may_leave(self, source: str, entry: str) -> bool:
        """Whether a workload may call the host of a ServiceEntry."""
        caller, body = (
            self.pods_named(source),
            next(one for one in self._of_kind("ServiceEntry") if one["metadata"]["name"] == entry),
        )
        (host,) = body["spec"]["hosts"]
        known = self.knows(caller, host, body["metadata"]["namespace"])
        waypoint = self._waypoint(body)
        if waypoint is None:
            return known
        port = body["spec"]["ports"][0]["number"]
        place = _waypoint_place(body["metadata"]["namespace"], waypoint, (*SERVICE_ENTRY, entry))
        return known and self.authorization.allows(place, Call(caller.principal, port))

    def is_ambient(self, namespace: str) -> bool:
        """Whether a namespace's Pods have no proxies of their own."""
        return self._namespace_labels(namespace).get("istio.io/dataplane-mode") == "ambient"

    def _authorizes(self, caller: Pods, service: Body, port: int, pods: Pods, number: int, http: Http | None) -> bool:
        waypoint = self._waypoint(service)
        if waypoint is None:
            return self.takes(pods, Call(caller.principal, number, http))
        namespace = service["metadata"]["namespace"]
        place = _waypoint_place(namespace, waypoint, (*SERVICE, service["metadata"]["name"]))
        via = f"{TRUST_DOMAIN}/ns/{namespace}/sa/{waypoint}"
        return self.authorization.allows(place, Call(caller.principal, port, http)) and self.takes(
            pods, Call(via, number)
        )

    def _waypoint(self, body: Body) -> str | None:
        """The waypoint before a Service or ServiceEntry; headless Services have none, as clients know the Pods."""
        namespace = body["metadata"]["namespace"]
        if body["spec"].get("clusterIP") == "None" or not self.is_ambient(namespace):
            return None
        name = self._namespace_labels(namespace).get("istio.io/use-waypoint")
        exists = any(
            (one["metadata"]["namespace"], one["metadata"]["name"]) == (namespace, name)
            and one["spec"].get("gatewayClassName") == "istio-waypoint"
            for one in self._of_kind("Gateway")
        )
        return name if exists else None

    def _connects(self, caller: Pods, pods: Pods, port: int) -> bool:
        addresses = {(one.name, one.namespace): one for one in self.network.pods}
        source, target = (addresses[one.name, one.namespace] for one in (caller, pods))
        return self.network.lets_through(source, target, port)

    def _service(self, name: str) -> Body:
        return next(body for body in self._of_kind("Service") if body["metadata"]["name"] == name)

    def _behind(self, service: Body) -> list[Pods]:
        selector, namespace = service["spec"]["selector"], service["metadata"]["namespace"]
        found = [pods for pods in self.pods if pods.namespace == namespace and selector.items() <= pods.labels.items()]
        assert found, f"nothing is behind Service {service['metadata']['name']}"
        return found

    def _of_kind(self, kind: str) -> list[Body]:
        return [body for body in self.bodies if body["kind"] == kind]

    def _namespace_labels(self, namespace: str) -> Mapping[str, str]:
        return self._labels_by_namespace.get(namespace, {})

    @cached_property
    def _labels_by_namespace(self) -> dict[str, Mapping[str, str]]:
        return {
            body["metadata"]["name"]: {**body["metadata"]["labels"], NAMESPACE_NAME: body["metadata"]["name"]}
            for body in self._of_kind("Namespace")
        }


def _pods(body: Body) -> Pods:
    template: Any = body["spec"].get("jobTemplate", body)["spec"]["template"]
    containers = (*template["spec"]["containers"], *template["spec"].get("initContainers", ()))
    ports = {port["name"]: port["containerPort"] for one in containers for port in one.get("ports", ())}
    metadata, spec = body["metadata"], template["spec"]
    return Pods(
        metadata["name"], metadata["namespace"], spec["serviceAccountName"], template["metadata"]["labels"], ports
    )


def _host(service: Body) -> str:
    return f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local"


def _target_port(service: Body, port: int, pods: Pods) -> int:
    target = next(one.get("targetPort", port) for one in service["spec"]["ports"] if one["port"] == port)
    return pods.ports[target] if isinstance(target, str) else target


def _waypoint_place(namespace: str, waypoint: str, target: tuple[str, str, str]) -> Place:
    return Place(namespace, targets=frozenset({target, (*GATEWAY, waypoint)}), is_waypoint=True)


def _is_let_in(entry: str, host: str, namespace: str, own: str) -> bool:
    """Whether an entry of a Sidecar's hosts names a host of a namespace."""
    space, _, name = entry.partition("/")
    assert not space.startswith("~"), f"an exclusion is not understood here: {entry}"
    in_namespace = space == "*" or namespace == (own if space == "." else space)
    return in_namespace and (name in ("*", host) or (name.startswith("*.") and host.endswith(name[1:])))
