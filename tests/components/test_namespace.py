"""A namespace that denies by default, and is bounded."""

from __future__ import annotations

import pytest

from components.specs.namespace import NamespaceSpec, PodSecurityLevel, Quota
from components.specs.network import Connections, Opening, OpenPort, Peer
from components.workloads.arguments import GuestPods, NamespaceArgs
from components.workloads.objects import namespace_objects
from tests.components.workload import every, the, valid

QUOTA = Quota(cpu="4", memory="8Gi", pods=40, storage="100Gi")


def built(**settings: object) -> list[dict[str, object]]:
    spec = NamespaceSpec.model_validate({"name": "shop", "quota": QUOTA, **settings})
    return valid(namespace_objects(NamespaceArgs(spec=spec, part_of="platform")))


@pytest.mark.parametrize("level", PodSecurityLevel)
def test_pod_security_is_enforced_audited_and_warned_of(level: PodSecurityLevel) -> None:
    labels = the(built(pod_security=level), "Namespace")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == level.value


def test_a_weaker_level_says_why() -> None:
    body = the(
        built(pod_security="baseline", relaxed_for=("users: it binds port 80", "log: reads the node")), "Namespace"
    )
    assert body["metadata"]["annotations"] == {
        "polyglot.dev/exception-pod-security": "users: it binds port 80; log: reads the node"
    }
    assert "annotations" not in the(built(), "Namespace")["metadata"]


def test_labels_of_its_own_never_weaken_it() -> None:
    labels = the(built(labels={"pod-security.kubernetes.io/enforce": "privileged", "a": "b"}), "Namespace")["metadata"][
        "labels"
    ]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["a"] == "b"


def test_all_pods_together_are_bounded() -> None:
    assert the(built(), "ResourceQuota")["spec"]["hard"] == {
        "requests.cpu": "4",
        "requests.memory": "8Gi",
        "pods": "40",
        "requests.storage": "100Gi",
    }


def test_a_container_that_says_nothing_is_bounded() -> None:
    (limit,) = the(built(), "LimitRange")["spec"]["limits"]
    assert limit["type"] == "Container"
    assert set(limit["default"]) == {"cpu", "memory", "ephemeral-storage"} == set(limit["defaultRequest"])


def test_every_pod_is_denied_everything_but_dns() -> None:
    policies = {body["metadata"]["name"]: body["spec"] for body in every(built(), "NetworkPolicy")}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    dns = policies["allow-dns"]
    assert dns["podSelector"] == {}
    assert dns["policyTypes"] == ["Egress"]
    (rule,) = dns["egress"]
    assert rule["ports"] == [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    (peer,) = rule["to"]
    assert peer == {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }


def test_pods_that_somebody_else_starts_are_let_through_where_they_must() -> None:
    """The default denial holds for them as well: without a policy of their own they could do nothing."""
    way = Opening(Peer(pod_labels=(("app.kubernetes.io/name", "users"),)), (OpenPort(15008),))
    guest = GuestPods(labels={"gateway-name": "waypoint"}, connections=Connections(ingress=(way,)))
    spec = NamespaceSpec(name="shop", quota=QUOTA)
    bodies = valid(namespace_objects(NamespaceArgs(spec=spec, part_of="platform", guests={"waypoint": guest})))
    policy = {body["metadata"]["name"]: body["spec"] for body in every(bodies, "NetworkPolicy")}["waypoint"]
    assert policy["podSelector"] == {"matchLabels": {"gateway-name": "waypoint"}}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"port": 15008, "protocol": "TCP"}]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "users"}}}]


def test_the_namespace_comes_first_and_holds_the_rest() -> None:
    first, *rest = built()
    assert first["kind"] == "Namespace"
    assert all(body["metadata"]["namespace"] == "shop" for body in rest)  # ty: ignore[not-subscriptable]
