"""What of a live object is drift, and what the API server merely added."""

from typing import Any

from launcher.standin.kubernetes.drift import live_inputs
from tests.standin.manifests import changed, deployment, plain

CONTAINER = 'k:{"name":"users"}'
PORT = 'k:{"containerPort":50051,"protocol":"TCP"}'
FIELDS = {
    "f:spec": {
        "f:replicas": {},
        "f:template": {
            "f:spec": {"f:containers": {CONTAINER: {"f:image": {}, "f:ports": {PORT: {"f:containerPort": {}}}}}}
        },
    }
}


def _live() -> dict[str, Any]:
    """The Deployment as an API server holds it: with defaults, status and bookkeeping."""
    live = deployment()
    live["metadata"] |= {"uid": "1", "generation": 1, "managedFields": [{"manager": "m", "fieldsV1": FIELDS}]}
    live["spec"] |= {"revisionHistoryLimit": 10}
    live["spec"]["template"]["spec"] |= {"dnsPolicy": "ClusterFirst"}
    live["spec"]["template"]["spec"]["containers"][0] |= {"imagePullPolicy": "Always"}
    live["spec"]["template"]["spec"]["containers"][0]["ports"][0] |= {"protocol": "TCP"}
    live["status"] = {"replicas": 2}
    return live


def test_what_the_api_server_added_is_no_drift() -> None:
    assert live_inputs(deployment(), _live()) == deployment()


def test_a_changed_and_a_removed_field_are_drift() -> None:
    live = changed(_live(), 5, "spec", "replicas")
    live = changed(live, None, "metadata", "labels", "app.kubernetes.io/name")
    expected = changed(deployment(replicas=5), {}, "metadata", "labels")
    assert live_inputs(deployment(), live) == expected


def test_a_change_inside_a_list_item_is_found_by_the_items_key() -> None:
    """Somebody put a sidecar in front: the positions shifted, and the sidecar is not ours."""
    live = _live()
    containers = live["spec"]["template"]["spec"]["containers"]
    containers[0]["image"] = "users:evil"
    containers.insert(0, {"name": "proxy", "image": "envoy"})
    assert live_inputs(deployment(), live) == deployment(image="users:evil")


def test_a_list_item_that_is_gone_is_drift() -> None:
    live = _live()
    live["spec"]["template"]["spec"]["containers"][0]["name"] = "other"
    seen = live_inputs(deployment(), live)
    assert seen["spec"]["template"]["spec"]["containers"] == []


def test_an_item_added_to_a_list_that_is_one_value_is_drift() -> None:
    """Nothing in managedFields splits this list, so whoever wrote it owns all of it."""
    rules = {**plain("Role", "r", rules=[{"verbs": ["get"]}]), "apiVersion": "rbac.authorization.k8s.io/v1"}
    live = changed(rules, [{"verbs": ["get"]}, {"verbs": ["*"]}], "rules")
    assert live_inputs(rules, live)["rules"] == live["rules"]


def test_foreign_entries_of_a_set_are_no_drift() -> None:
    wanted = changed(deployment(), ["ours"], "metadata", "finalizers")
    live = changed(_live(), ["ours", "theirs"], "metadata", "finalizers")
    live["metadata"]["managedFields"][0]["fieldsV1"] = {"f:metadata": {"f:finalizers": {'v:"ours"': {}}}}
    assert live_inputs(wanted, live)["metadata"]["finalizers"] == ["ours"]


def test_a_secrets_string_data_is_read_back_from_its_data() -> None:
    """The API server never shows stringData, which is no reason to call it gone."""
    wanted = plain("Secret", "s", stringData={"password": "hunter2"})
    live = plain("Secret", "s", data={"password": "aHVudGVyMg==", "other": "eA=="})
    assert live_inputs(wanted, live) == wanted
    edited = plain("Secret", "s", data={"password": "aHVudGVyMw=="})
    assert live_inputs(wanted, edited)["stringData"] == {"password": "hunter3"}
