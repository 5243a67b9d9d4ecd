"""Replicas, autoscalers and disruption budgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.specs.scaling import version_replicas
from tests.components.workload import build, every, refusals, the

WEIGHTS = st.lists(st.integers(1, 60), min_size=2, max_size=4).map(
    lambda shares: {f"v{index}": 100 * share / sum(shares) for index, share in enumerate(shares)}
)


def test_an_autoscaler_reads_every_metric_and_moves_at_the_speed_given() -> None:
    built = build("""
        ports: {http: 8080}
        autoscaling:
          min: 3
          max: 15
          cpu: 70%
          memory: 80%
          requests-per-second: 100
          latency: {p95: 300ms, p99: 1s}
          metrics: {jobs_waiting: 2.5}
          behaviour:
            up: {stabilization: 0s, percent: 100%, pods: 4, period: 15s, select: Max}
            down: {stabilization: 5m, pods: 1, period: 1m}
    """)
    spec = the(built, "HorizontalPodAutoscaler")["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "users"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 15)

    def per_pod(name: str, value: str) -> dict[str, object]:
        target = {"type": "AverageValue", "averageValue": value}
        return {"type": "Pods", "pods": {"metric": {"name": name}, "target": target}}

    def resource(name: str, share: int) -> dict[str, object]:
        target = {"type": "Utilization", "averageUtilization": share}
        return {"type": "Resource", "resource": {"name": name, "target": target}}

    assert spec["metrics"] == [
        resource("cpu", 70),
        resource("memory", 80),
        per_pod("requests_per_second", "100"),
        per_pod("request_duration_p95_seconds", "300m"),
        per_pod("request_duration_p99_seconds", "1"),
        per_pod("jobs_waiting", "2500m"),
    ]
    assert spec["behavior"] == {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": 4, "periodSeconds": 15},
                {"type": "Percent", "value": 100, "periodSeconds": 15},
            ],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": 300,
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
        },
    }


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
def test_replicas_are_absent_under_an_autoscaler(kind: str) -> None:
    """Two owners of one number would undo each other's changes."""
    built = build(f"{{kind: {kind}, replicas: 3, autoscaling: {{min: 2, max: 4, cpu: 70%}}}}")
    (controller,) = (body for body in built if body["kind"].lower() == kind)
    assert "replicas" not in controller["spec"]
    assert the(built, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"] == controller["kind"]


def test_each_version_without_a_number_of_its_own_has_an_autoscaler() -> None:
    built = build("""
        replicas: 3
        autoscaling: {min: 2, max: 4, cpu: 70%}
        versions: {stable: {weight: 90%}, canary: {weight: 10%}, trial: {weight: 0%, replicas: 1}}
    """)
    scaled = {body["metadata"]["name"]: body for body in every(built, "HorizontalPodAutoscaler")}
    assert {name: body["spec"]["scaleTargetRef"]["name"] for name, body in scaled.items()} == {
        "users": "users",
        "users-canary": "users-canary",
    }
    assert scaled["users-canary"]["metadata"]["labels"]["polyglot.dev/track"] == "canary"
    replicas = {body["metadata"]["name"]: body["spec"].get("replicas") for body in every(built, "Deployment")}
    assert replicas == {"users": None, "users-canary": None, "users-trial": 1}


def test_a_version_with_replicas_of_its_own_runs_that_many_whatever_its_weight() -> None:
    built = build("{replicas: 10, versions: {stable: {weight: 90%}, canary: {weight: 10%, replicas: 5}}}")
    replicas = {body["metadata"]["name"]: body["spec"]["replicas"] for body in every(built, "Deployment")}
    assert replicas == {"users": 9, "users-canary": 5}


def test_a_thousand_requests_are_written_as_the_api_server_writes_them() -> None:
    """``1000`` comes back as ``1k``, and each refresh would show a change."""
    built = build("autoscaling: {min: 1, max: 2, requests-per-second: 1000}")
    (metric,) = the(built, "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert metric["pods"]["target"]["averageValue"] == "1k"


@pytest.mark.parametrize(
    ("autoscaling", "path"),
    [
        ("{min: 3, max: 2, cpu: 70%}", "autoscaling.min"),
        ("{min: 1, max: 2}", "autoscaling"),
        ("{min: 0, max: 2, cpu: 70%}", "autoscaling.min"),
        ("{min: 1, max: 2, latency: {q95: 1s}}", "autoscaling.latency.q95.[key]"),
        ("{min: 1, max: 2, cpu: 1%, behaviour: {up: {pods: 1}}}", "autoscaling.behaviour.up"),
        ("{min: 1, max: 2, cpu: 1%, behaviour: {up: {period: 1m}}}", "autoscaling.behaviour.up"),
        ("{min: 1, max: 2, cpu: 0%}", "autoscaling.cpu"),
        ("{min: 1, max: 2, cpu: 70%, behaviour: {up: {pods: 1, period: 1h}}}", "autoscaling.behaviour.up.period"),
    ],
)
def test_autoscalers_that_kubernetes_would_refuse_are_refused(autoscaling: str, path: str) -> None:
    """A period is at most 30 minutes (HPAScalingPolicy), and a target at least 1 %."""
    assert [place for place, _ in refusals(f"autoscaling: {autoscaling}")] == [path]


@pytest.mark.parametrize(
    ("budget", "allowed"), [("{}", 1), ("{max-unavailable: 2}", 2), ("{max-unavailable: 25%}", "25%")]
)
def test_a_disruption_budget_lets_nodes_be_drained(budget: str, allowed: int | str) -> None:
    spec = the(build(f"{{replicas: 3, disruption-budget: {budget}}}"), "PodDisruptionBudget")["spec"]
    assert spec == {
        "maxUnavailable": allowed,
        "selector": {"matchLabels": {"app.kubernetes.io/name": "users"}},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def test_a_disruption_budget_can_be_left_out_with_a_reason() -> None:
    built = build("{disruption-budget: null, exceptions: {disruption-budget: it may be down at night}}")
    assert every(built, "PodDisruptionBudget") == []


@pytest.mark.parametrize("share", ["0", "0%"])
def test_a_disruption_budget_that_allows_nothing_is_refused(share: str) -> None:
    found = refusals(f"disruption-budget: {{max-unavailable: {share}}}")
    assert [place for place, _ in found] == ["disruption-budget.max-unavailable"]


@given(st.integers(1, 200), WEIGHTS)
def test_replicas_are_shared_out_whole(total: int, weights: dict[str, float]) -> None:
    shares = version_replicas(total, weights)
    assert set(shares) == set(weights)
    assert all(count >= 1 for count in shares.values()), "a version without a Pod would get no request"
    assert sum(shares.values()) == max(total, len(weights)) or sum(shares.values()) < total + len(weights)


def test_a_version_of_no_weight_has_no_pods() -> None:
    assert version_replicas(3, {"stable": 100, "old": 0}) == {"stable": 3, "old": 0}
