"""Who is who, and who may call whom: the objects of MeshSecurity inside the mesh."""

from __future__ import annotations

from typing import Any

import pytest

from components.manifests import Manifest
from components.mesh.arguments import Caller, MeshArgs, MeshedWorkload
from components.mesh.names import edge_service_account, namespace_labels
from components.mesh.security import security_objects
from tests.components.mesh.routed import AMBIENT, GATEWAY_API, accepted
from tests.components.mesh.whole_shop import NAMESPACE, gateway, orders, settings, shop, users
from tests.components.workload import every

SIDECAR = settings()
USERS = "/shop.users.v1.UserService"


def caller(name: str, *methods: str, port: str = "grpc", namespace: str = NAMESPACE) -> Caller:
    return Caller(service_account=name, namespace=namespace, port=port, methods=methods)


def built(*workloads: MeshedWorkload, mesh: Any = SIDECAR) -> list[Manifest]:
    return accepted(security_objects(shop(*workloads, mesh=mesh)))


def policy(bodies: list[Manifest], name: str) -> dict[str, Any]:
    (found,) = [body for body in every(bodies, "AuthorizationPolicy") if body["metadata"]["name"] == name]
    return found["spec"]


def principals(*names: str, namespace: str = NAMESPACE) -> list[dict[str, Any]]:
    return [{"source": {"principals": [f"cluster.local/ns/{namespace}/sa/{name}" for name in names]}}]


@pytest.mark.parametrize("mesh", [SIDECAR, GATEWAY_API, AMBIENT], ids=["sidecar", "gateway-api", "ambient"])
def test_a_namespace_asks_for_mutual_tls_and_denies_everything(mesh: Any) -> None:
    bodies = built(mesh=mesh)
    assert [body["spec"] for body in every(bodies, "PeerAuthentication")] == [{"mtls": {"mode": "STRICT"}}]
    assert policy(bodies, "deny-all") == {}


def test_a_service_may_only_be_called_by_those_that_declare_it() -> None:
    everyone = (caller("orders"), caller("gateway"), caller("report", namespace="other"))
    assert policy(built(users(callers=everyone)), "users") == {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "users"}},
        "action": "ALLOW",
        "rules": [
            {
                "from": [
                    {
                        "source": {
                            "principals": [
                                "cluster.local/ns/other/sa/report",
                                "cluster.local/ns/shop/sa/gateway",
                                "cluster.local/ns/shop/sa/orders",
                            ]
                        }
                    }
                ],
                "to": [{"operation": {"ports": ["50051"]}}],
            }
        ],
    }


def test_callers_of_single_methods_are_limited_to_them() -> None:
    callers = (caller("orders", "GetUser"), caller("gateway", "ListUsers", "GetUser"), caller("admin"))
    assert policy(built(users(callers=callers)), "users")["rules"] == [
        {"from": principals("admin"), "to": [{"operation": {"ports": ["50051"]}}]},
        {"from": principals("orders"), "to": [{"operation": {"ports": ["50051"], "paths": [f"{USERS}/GetUser"]}}]},
        {
            "from": principals("gateway"),
            "to": [{"operation": {"ports": ["50051"], "paths": [f"{USERS}/GetUser", f"{USERS}/ListUsers"]}}],
        },
    ]


def test_who_may_call_everything_is_not_limited_by_what_it_also_names() -> None:
    callers = (caller("orders", "GetUser"), caller("orders"))
    (rule,) = policy(built(users(callers=callers)), "users")["rules"]
    assert "paths" not in rule["to"][0]["operation"]


def test_methods_without_a_contract_are_refused() -> None:
    """A rule without paths would allow all methods, and one with half a path none."""
    with pytest.raises(ValueError, match="callers of users name methods, but it has no contract"):
        built(users(contract=None))


def test_who_scrapes_each_pod_is_let_in_by_the_pods_and_by_no_waypoint() -> None:
    """It comes to the Pods' own addresses; the waypoint would choose one Pod for it."""
    scraper = Caller(service_account="prometheus", namespace=NAMESPACE, port="grpc", direct=True)
    bodies = built(users(callers=(caller("orders"), scraper)), mesh=AMBIENT)
    assert [rule["from"] for rule in policy(bodies, "users")["rules"]] == [principals("orders")]
    (rule,) = policy(bodies, "users-pods")["rules"]
    assert rule["from"] == principals("prometheus", "waypoint")


def test_a_service_that_is_only_scraped_is_closed_to_the_waypoint() -> None:
    scraper = Caller(service_account="prometheus", namespace=NAMESPACE, port="grpc", direct=True)
    bodies = built(users(callers=(scraper,)), mesh=AMBIENT)
    assert "users" not in {body["metadata"]["name"] for body in every(bodies, "AuthorizationPolicy")}
    (rule,) = policy(bodies, "users-pods")["rules"]
    assert rule["from"] == principals("prometheus")


def test_a_workload_that_nobody_calls_has_no_policy() -> None:
    worker = MeshedWorkload(name="worker", service_account="worker", calls=("users",))
    assert {body["metadata"]["name"] for body in every(built(worker), "AuthorizationPolicy")} == {"deny-all"}


@pytest.mark.parametrize(
    ("mesh", "account"),
    [(SIDECAR, "istio-ingressgateway"), (GATEWAY_API, "shop-ingressgateway")],
    ids=["istio", "gateway-api"],
)
def test_the_edge_calls_by_the_gateways_own_identity(mesh: Any, account: str) -> None:
    assert edge_service_account(shop(mesh=mesh)) == account
    assert policy(built(gateway(), mesh=mesh), "gateway")["rules"] == [
        {"from": principals(account, namespace="shop-edge"), "to": [{"operation": {"ports": ["8080"]}}]}
    ]


def test_plain_text_is_taken_in_on_one_port_with_the_reason_on_both_objects() -> None:
    bodies = built(users(callers=(caller("orders"),)))
    (exception,) = [body for body in every(bodies, "PeerAuthentication") if body["metadata"]["name"] == "users"]
    reason = {"polyglot.dev/exception-plain-text": "metrics: the metrics of old agents outside the mesh"}
    assert exception["metadata"]["annotations"] == reason
    assert exception["spec"]["mtls"] == {"mode": "STRICT"}
    assert exception["spec"]["portLevelMtls"] == {"8081": {"mode": "PERMISSIVE"}}
    (found,) = [one for one in every(bodies, "AuthorizationPolicy") if one["metadata"]["name"] == "users-plain-text"]
    assert found["metadata"]["annotations"] == reason
    assert found["spec"]["rules"] == [
        {"from": [{"source": {"notPrincipals": ["*"]}}], "to": [{"operation": {"ports": ["8081"]}}]}
    ], "a caller with an identity still has to be declared"


def test_in_ambient_mode_the_waypoint_knows_the_callers_and_the_pods_know_the_waypoint() -> None:
    service = users(
        callers=(caller("orders", "GetUser"), caller("users", port="metrics")),
        permissive_ports={},
    )
    bodies = built(service, mesh=AMBIENT)
    target = {"group": "", "kind": "Service", "name": "users"}
    assert policy(bodies, "users") == {
        "targetRefs": [target],
        "action": "ALLOW",
        "rules": [
            {"from": principals("orders"), "to": [{"operation": {"ports": ["50051"], "paths": [f"{USERS}/GetUser"]}}]},
            {"from": principals("users"), "to": [{"operation": {"ports": ["8081"]}}]},
        ],
    }
    assert policy(bodies, "users-pods")["rules"] == [
        {"from": principals("waypoint"), "to": [{"operation": {"ports": ["50051"]}}]},
        {"from": principals("users", "waypoint"), "to": [{"operation": {"ports": ["8081"]}}]},
    ], "Pods of one workload know each other by address"


def test_in_ambient_mode_the_edge_goes_around_the_waypoint() -> None:
    bodies = built(gateway(), mesh=AMBIENT)
    assert [body["metadata"]["name"] for body in every(bodies, "AuthorizationPolicy")][:3] == [
        "deny-all",
        "deny-all-waypoint",
        "gateway-pods",
    ], "nobody inside calls it, so the waypoint lets nobody through"
    (rule,) = policy(bodies, "gateway-pods")["rules"]
    assert rule["from"] == principals("shop-ingressgateway", namespace="shop-edge")


def test_ambient_mode_has_a_waypoint_that_denies_by_default() -> None:
    bodies = built(orders(), mesh=AMBIENT)
    (waypoint,) = every(bodies, "Gateway")
    assert waypoint["spec"]["gatewayClassName"] == "istio-waypoint"
    assert waypoint["metadata"]["labels"]["istio.io/waypoint-for"] == "service"
    assert policy(bodies, "deny-all-waypoint") == {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": waypoint["metadata"]["name"]}]
    }
    assert not every(built(orders()), "Gateway")


def test_a_namespace_is_labelled_for_its_data_plane() -> None:
    assert namespace_labels(SIDECAR) == {"istio-injection": "enabled"}
    assert namespace_labels(AMBIENT) == {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "waypoint"}


@pytest.mark.parametrize("mesh", [SIDECAR, AMBIENT], ids=["sidecar", "ambient"])
def test_no_two_objects_have_one_name(mesh: Any) -> None:
    args: MeshArgs = shop(gateway(), orders(), users(), mesh=mesh)
    keys = [(body["kind"], body["metadata"]["namespace"], body["metadata"]["name"]) for body in security_objects(args)]
    assert len(keys) == len(set(keys))
