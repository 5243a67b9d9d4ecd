"""When is an object ready, and what is said while it isn't?"""

from typing import Any

import pytest

from launcher.standin.kubernetes.readiness import Readiness, State, pod_problems, readiness


def _live(api_version: str, kind: str, spec: dict[str, Any], status: dict[str, Any], **more: Any) -> Readiness:
    metadata = {"name": "users", "generation": 2}
    return readiness(
        {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec, "status": status}, **more
    )


def _deployment(status: dict[str, Any], replicas: int = 2) -> Readiness:
    return _live("apps/v1", "Deployment", {"replicas": replicas}, {"observedGeneration": 2, **status})


DONE = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


def test_a_deployment_is_ready_when_all_pods_are_new_and_available() -> None:
    assert _deployment(DONE) == Readiness(State.READY)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({**DONE, "observedGeneration": 1}, "controller hasn't looked"),
        ({**DONE, "updatedReplicas": 1}, "1 of 2 Pods are of the new version"),
        ({**DONE, "replicas": 3}, "of the old version there are still 1"),
        ({**DONE, "availableReplicas": 1}, "1 of 2 Pods are available"),
        ({}, "0 of 2"),
    ],
)
def test_a_deployment_that_is_not_ready_says_why(status: dict[str, Any], why: str) -> None:
    found = _deployment(status)
    assert found.state is State.WAITING
    assert why in found.reason


def test_a_deployment_without_progress_fails_at_once_in_the_controllers_words() -> None:
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    found = _deployment({"conditions": [stuck]})
    assert found == Readiness(State.FAILED, "ProgressDeadlineExceeded: timed out"), "waiting longer wouldn't help"


def test_a_deployment_scaled_to_nothing_is_ready() -> None:
    assert _deployment({}, replicas=0).state is State.READY


SET = {"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 3, "currentRevision": "b", "updateRevision": "b"}


@pytest.mark.parametrize(
    ("spec", "status", "state"),
    [
        ({}, SET, State.READY),
        ({}, {**SET, "readyReplicas": 2}, State.WAITING),
        ({}, {**SET, "updatedReplicas": 2}, State.WAITING),
        ({}, {**SET, "currentRevision": "a"}, State.WAITING),
        ({}, {**SET, "observedGeneration": 1}, State.WAITING),
        ({"updateStrategy": {"type": "OnDelete"}}, {**SET, "updatedReplicas": 0}, State.READY),
        (
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            {**SET, "updatedReplicas": 1, "currentRevision": "a"},
            State.READY,
        ),
    ],
)
def test_a_stateful_set_is_ready_by_its_update_strategy(
    spec: dict[str, Any], status: dict[str, Any], state: State
) -> None:
    assert _live("apps/v1", "StatefulSet", {"replicas": 3, **spec}, status).state is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}, State.READY),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}, State.WAITING),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}, State.WAITING),
        ({"desiredNumberScheduled": 0}, State.READY),
        ({}, State.WAITING),
    ],
)
def test_a_daemon_set_is_ready_when_every_node_that_wants_it_has_it(status: dict[str, Any], state: State) -> None:
    assert _live("apps/v1", "DaemonSet", {}, {"observedGeneration": 2, **status}).state is state


@pytest.mark.parametrize(
    ("spec", "conditions", "state"),
    [
        ({}, [{"type": "Complete", "status": "True"}], State.READY),
        ({}, [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}], State.FAILED),
        ({"suspend": True}, [], State.READY),
        ({}, [], State.WAITING),
    ],
)
def test_a_job_is_ready_when_it_is_complete(spec: dict[str, Any], conditions: list[Any], state: State) -> None:
    assert _live("batch/v1", "Job", spec, {"conditions": conditions}).state is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}, State.READY),
        ({"phase": "Running"}, State.WAITING),
        ({"phase": "Succeeded"}, State.READY),
        ({"phase": "Failed"}, State.FAILED),
        ({}, State.WAITING),
    ],
)
def test_a_pod_is_ready_when_it_serves_or_is_done(status: dict[str, Any], state: State) -> None:
    assert _live("v1", "Pod", {}, status).state is state


@pytest.mark.parametrize(
    ("spec", "status", "state"),
    [
        ({"type": "ClusterIP"}, {}, State.READY),
        ({"type": "LoadBalancer"}, {"loadBalancer": {}}, State.WAITING),
        ({"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}, State.READY),
    ],
)
def test_a_load_balancer_is_ready_when_it_has_an_address(
    spec: dict[str, Any], status: dict[str, Any], state: State
) -> None:
    assert _live("v1", "Service", spec, status).state is state


@pytest.mark.parametrize(
    ("phase", "binding_mode", "state"),
    [
        ("Bound", None, State.READY),
        ("Pending", "Immediate", State.WAITING),
        ("Pending", "WaitForFirstConsumer", State.READY),
        ("Lost", None, State.FAILED),
    ],
)
def test_a_claim_is_ready_when_bound_or_when_only_a_pod_can_bind_it(
    phase: str, binding_mode: str | None, state: State
) -> None:
    """Waiting for a claim that waits for its first Pod would wait forever: the Pod comes after it."""
    found = _live("v1", "PersistentVolumeClaim", {}, {"phase": phase}, binding_mode=binding_mode)
    assert found.state is state


def test_an_object_of_any_other_kind_is_ready_when_it_exists() -> None:
    assert readiness({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}).state is State.READY


def test_what_keeps_a_pod_from_running_is_told_in_the_kubelets_words() -> None:
    waiting = {"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    ended = {"name": "init", "state": {"terminated": {"reason": "Error", "exitCode": 3}}}
    starting = {"name": "side", "state": {"waiting": {"reason": "ContainerCreating"}}}
    unplaced = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
    status = {"containerStatuses": [waiting, starting], "initContainerStatuses": [ended], "conditions": [unplaced]}
    assert pod_problems({"metadata": {"name": "users-1"}, "status": status}) == [
        "Pod users-1: Unschedulable: no node",
        "Pod users-1, container init: Error (exit 3)",
        "Pod users-1, container app: ImagePullBackOff: no such image",
    ], "a container that is just starting is no problem"
