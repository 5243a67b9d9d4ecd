"""The whole program on the real engine and a real API server: one stack from its first `up` to its `destroy`.

The tests share the stack and run in this order. Each finds it as configured and leaves it so, whatever it does between.
"""

from __future__ import annotations

import re
from base64 import b64encode

import pytest

from components.manifests import Manifest
from launcher.standin.kubernetes.kinds import BUILT_IN
from tests.apiserver.agreement import differences, dry_run, pods_of
from tests.apiserver.cluster import key_of, path_of
from tests.apiserver.shop import NAMESPACE, Shop
from tests.engine.project import counts
from tests.localcluster.api import eventually

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("api_server")]


def test_the_shop_needs_every_kind_that_the_program_makes(shop: Shop) -> None:
    """Otherwise the tests below would be silent about a kind.

    Bare Pods are never made. An APIService needs its server, or no namespace could be deleted: where the autoscaler
    asks the real adapter (tests/integration/observability/test_adapter.py), there is one.
    """
    kinds = {(body["apiVersion"], body["kind"]) for body in shop.wanted()}
    elsewhere = {("v1", "Pod"), ("apiregistration.k8s.io/v1", "APIService")}
    assert kinds == {(kind.api_version, kind.name) for kind in BUILT_IN.values()} - elsewhere


def test_up_creates_every_object_with_just_the_fields_that_were_sent(shop: Shop) -> None:
    wanted = shop.wanted()
    live = shop.cluster.live(wanted)
    missing = {key_of(body) for body in wanted} - live.keys()
    assert not missing, "the engine reported them as created"
    found = [line for body in wanted for line in differences(body, live[key_of(body)])]
    assert not found, "the cluster must run what a review of the rendered manifests has seen"


def test_every_object_belongs_to_a_field_manager_of_its_own(shop: Shop) -> None:
    """Two resources for one object would otherwise overwrite each other in silence."""
    live = shop.live()
    applying = {
        key: [entry["manager"] for entry in body["metadata"]["managedFields"] if entry["operation"] == "Apply"]
        for key, body in live.items()
    }
    assert {len(managers) for managers in applying.values()} == {1}, f"one owner each: {applying}"
    owners = [manager for (manager,) in applying.values()]
    assert len(set(owners)) == len(owners), "no two resources share a manager"
    assert all(owner.startswith("pulumi-kubernetes") for owner in owners), owners


def test_the_restricted_namespace_admits_every_pod_without_a_warning(shop: Shop) -> None:
    """The Pods of a CronJob come days later, so each template is also tried as a Pod, by server-side dry-run."""
    templates = {
        f"{body['kind']} {body['metadata']['name']}": template for body in shop.wanted() for template in pods_of(body)
    }
    assert len(templates) == 12, "every workload of the shop"
    for name, template in templates.items():
        answer = dry_run(shop.cluster, template, NAMESPACE)
        assert answer.status_code == 201, f"{name}: {answer.text}"
        assert "Warning" not in answer.headers, f"{name}: {answer.headers['Warning']}"
    planted = templates["Deployment gateway"]
    planted["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    answer = dry_run(shop.cluster, planted, NAMESPACE)
    assert answer.status_code == 403, "the planted violation shows that somebody checks"
    assert "violates PodSecurity" in answer.text


def test_the_quota_counts_every_pod_that_runs(shop: Shop) -> None:
    """The quota's and the limit range's fields were accepted, and their controllers work with them."""
    pods = shop.cluster.items(f"/api/v1/namespaces/{NAMESPACE}/pods")
    running = [pod for pod in pods if pod["status"]["phase"] == "Running"]
    replicas = [
        body["spec"].get("replicas", 1)
        for body in shop.wanted()
        if body["kind"] in ("Deployment", "StatefulSet", "DaemonSet")
    ]
    assert len(running) == sum(replicas), "admission lets in every Pod; a DaemonSet has one, on the one node"
    status = shop.live_one("ResourceQuota", "platform")["status"]
    assert status["used"]["pods"] == str(len(running))
    assert status["used"].keys() == status["hard"].keys(), "each bound is one that the quota controller knows"


def test_secrets_reach_the_cluster_and_show_nowhere_else(shop: Shop) -> None:
    earlier = shop.set_now()
    shop.set_secret("payment", "token", "another-token-worth-stealing")

    shop.run("preview", "--diff")
    shop.run("up", "--diff")

    data = shop.live_one("Secret", "payment")["data"]
    assert data == {"token": b64encode(b"another-token-worth-stealing").decode()}
    assert shop.changes_since(earlier) == {"Secret payment", "Deployment payments"}, "and the Pods that read it"
    assert shop.leaks() == []
    shop.printed.append("another-token-worth-stealing")
    planted = str(len(shop.printed) - 1)
    assert shop.leaks() == [planted], "the planted leak shows that the search finds one"
    shop.printed.pop()


def test_a_second_up_changes_nothing(shop: Shop) -> None:
    """Quantities that the server rewrites, fields that it adds, and statuses are no differences."""
    live = shop.live()
    output = shop.run("up", "--expect-no-changes")
    assert counts(output) == {"unchanged": len(shop.recorded())}
    assert shop.live() == live, "not even a version of an object moved"


def test_a_refresh_of_what_nobody_touched_finds_no_drift(shop: Shop) -> None:
    shop.run("refresh", "--expect-no-changes")


def test_one_replica_more_touches_one_deployment(shop: Shop) -> None:
    earlier = shop.set_now()
    shop.configure("    replicas: 2\n", "    replicas: 3\n")

    output = shop.run("up")

    assert shop.changes_since(earlier) == {"Deployment users"}
    assert counts(output) == {"updated": 1, "unchanged": len(shop.recorded()) - 1}
    assert shop.live_one("Deployment", "users")["status"]["availableReplicas"] == 3, (
        "up returns when the replica is there"
    )


def test_a_changed_text_touches_its_config_map_and_rolls_the_pods_that_read_it(shop: Shop) -> None:
    earlier = shop.set_now()
    shop.configure("GREETING: welcome", "GREETING: hello")

    output = shop.run("up")

    assert shop.changes_since(earlier) == {"ConfigMap settings", "Deployment gateway"}
    assert counts(output) == {"updated": 2, "unchanged": len(shop.recorded()) - 2}


def test_a_job_with_a_changed_image_is_run_anew(shop: Shop) -> None:
    """A Job's template can't be changed, so the old one goes before the new one comes under the same name."""
    earlier, old = shop.set_now(), shop.live_one("Job", "migration")["metadata"]["uid"]
    shop.configure("shop/migration:0.1.0", "shop/migration:0.2.0")

    output = shop.run("up")

    assert shop.changes_since(earlier) == {"Job migration"}
    assert counts(output) == {"replaced": 1, "unchanged": len(shop.recorded()) - 1}
    job = shop.live_one("Job", "migration")
    assert job["metadata"]["uid"] != old
    assert job["status"]["succeeded"] == 1, "up returns when the Job is done"


def rolled_out(deployment: Manifest) -> bool:
    """Whether just the one replica of the hand edit runs."""
    status = deployment["status"]
    counted = {status.get(name) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    return status["observedGeneration"] == deployment["metadata"]["generation"] and counted == {1}


def test_changes_by_hand_are_shown_by_refresh_and_undone_by_up(shop: Shop) -> None:
    """One object is edited, and one is deleted."""
    earlier, policy = shop.set_now(), shop.wanted_one("NetworkPolicy", "gateway")
    container = {"name": "users", "image": "registry.example.com/shop/users:by-hand"}
    change = {"spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}}}
    shop.cluster.edit(path_of(shop.wanted_one("Deployment", "users")), change, manager="kubectl-edit")
    shop.cluster.request("DELETE", path_of(policy)).raise_for_status()
    eventually(lambda: rolled_out(shop.live_one("Deployment", "users")), "the controller does what the hand wrote")

    shown = shop.run("refresh", "--preview-only", "--expect-no-changes", expect=4)
    assert re.search(r"~ .*Deployment users", shown), "the edited object is named"
    assert re.search(r"- .*NetworkPolicy gateway", shown), "the deleted object is named"
    assert shop.changes_since(earlier) == {"Deployment users", "NetworkPolicy gateway"}, "showing changes nothing"
    drift = counts(shop.run("refresh"))
    assert (drift["updated"], drift["deleted"]) == (1, 1)

    output = shop.run("up")
    assert (counts(output)["updated"], counts(output)["created"]) == (1, 1)
    assert "Deployment shop/users: restored what was changed by hand: .spec.replicas (from kubectl-edit)" in output
    assert shop.changes_since(earlier) == {"NetworkPolicy gateway"}, "the Deployment is as before"
    assert differences(policy, shop.live_one("NetworkPolicy", "gateway")) == [], "and the policy is back, as a new one"


def test_destroy_leaves_nothing(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.run("destroy")
    assert shop.cluster.live(wanted) == {}, "not even the namespace"
    assert shop.recorded() == []
