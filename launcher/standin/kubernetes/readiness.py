"""Whether an object is ready, and if not, why: the official provider's await rules, on the object alone (pure).

Counts are read as `kubectl rollout status` reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Manifest = Mapping[str, Any]


class State(Enum):
    """How far an object has come."""

    READY = auto()
    WAITING = auto()
    FAILED = auto()
    """It won't become ready by waiting."""


@dataclass(frozen=True)
class Readiness:
    """How far an object has come, and what it waits for or why it failed."""

    state: State
    reason: str = ""


_READY = Readiness(State.READY)
WAIT_FOR_FIRST_CONSUMER = "WaitForFirstConsumer"
"""The volume binding mode whose claims stay pending until a Pod uses them."""


def readiness(live: Manifest, binding_mode: str | None = None) -> Readiness:
    """How far the live object has come. Kinds that nothing is awaited of are ready as soon as they exist.

    `binding_mode` is the volume binding mode of a claim's storage class, where that is known.
    """
    match live.get("apiVersion"), live.get("kind"):
        case "apps/v1", "Deployment":
            return _deployment(live)
        case "apps/v1", "StatefulSet":
            return _stateful_set(live)
        case "apps/v1", "DaemonSet":
            return _daemon_set(live)
        case "batch/v1", "Job":
            return _job(live)
        case "v1", "Pod":
            return _pod(live)
        case "v1", "Service":
            return _service(live)
        case "v1", "PersistentVolumeClaim":
            return _claim(live, binding_mode)
    return _READY


def _waiting(reason: str) -> Readiness:
    return Readiness(State.WAITING, reason)


def _failed(reason: str) -> Readiness:
    return Readiness(State.FAILED, reason)


def _spec(live: Manifest) -> Manifest:
    return live.get("spec") or {}


def _status(live: Manifest) -> Manifest:
    return live.get("status") or {}


def condition(live: Manifest, kind: str) -> Manifest:
    """The status condition of that type; empty where there is none yet."""
    return next((item for item in _status(live).get("conditions") or [] if item.get("type") == kind), {})


def _said(item: Manifest) -> str:
    """A condition in the controller's own words."""
    return ": ".join(str(item[key]) for key in ("reason", "message") if item.get(key))


def _unobserved(live: Manifest) -> bool:
    """Whether the status still speaks of an older spec."""
    return _status(live).get("observedGeneration", 0) < (live.get("metadata") or {}).get("generation", 1)


_UNOBSERVED = _waiting("its controller hasn't looked at the new spec yet")


def _deployment(live: Manifest) -> Readiness:
    if _unobserved(live):
        return _UNOBSERVED
    status, wanted = _status(live), _spec(live).get("replicas", 1)
    progressing = condition(live, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return _failed(_said(progressing))
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted:
        return _waiting(f"{updated} of {wanted} Pods are of the new version")
    if status.get("replicas", 0) > updated:
        old = status["replicas"] - updated
        return _waiting(f"{available} of {wanted} Pods are available; of the old version there are still {old}")
    if available < wanted:
        return _waiting(f"{available} of {wanted} Pods are available")
    return _READY


def _stateful_set(live: Manifest) -> Readiness:
    if _unobserved(live):
        return _UNOBSERVED
    spec, status = _spec(live), _status(live)
    wanted = spec.get("replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted:
        return _waiting(f"{ready} of {wanted} Pods are ready")
    if strategy.get("type") == "OnDelete":
        return _READY
    kept = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    if updated < wanted - kept:
        return _waiting(f"{updated} of {max(wanted - kept, 0)} Pods are of the new version")
    if not kept and status.get("currentRevision") != status.get("updateRevision"):
        return _waiting("the new revision isn't the current one yet")
    return _READY


def _daemon_set(live: Manifest) -> Readiness:
    status = _status(live)
    if _unobserved(live) or "desiredNumberScheduled" not in status:
        return _UNOBSERVED
    wanted = status["desiredNumberScheduled"]
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    on_delete = (_spec(live).get("updateStrategy") or {}).get("type") == "OnDelete"
    if updated < wanted and not on_delete:
        return _waiting(f"{updated} of {wanted} Pods are of the new version")
    if available < wanted:
        return _waiting(f"{available} of {wanted} Pods are available")
    return _READY


def _job(live: Manifest) -> Readiness:
    failed = condition(live, "Failed")
    if failed.get("status") == "True":
        return _failed(f"the Job failed: {_said(failed)}")
    if condition(live, "Complete").get("status") == "True" or _spec(live).get("suspend"):
        return _READY
    status = _status(live)
    return _waiting(
        f"the Job has {status.get('succeeded', 0)} Pods succeeded, {status.get('active', 0)} active, "
        f"{status.get('failed', 0)} failed"
    )


def _pod(live: Manifest) -> Readiness:
    phase = _status(live).get("phase", "Pending")
    if phase == "Succeeded" or (phase == "Running" and condition(live, "Ready").get("status") == "True"):
        return _READY
    why = "; ".join(pod_problems(live)) or f"the Pod is {phase}"
    return _failed(why) if phase == "Failed" else _waiting(why)


def _service(live: Manifest) -> Readiness:
    waits = _spec(live).get("type") == "LoadBalancer"
    if waits and not (_status(live).get("loadBalancer") or {}).get("ingress"):
        return _waiting("the load balancer has no address yet; does the cluster provide load balancers?")
    return _READY


def _claim(live: Manifest, binding_mode: str | None) -> Readiness:
    phase = _status(live).get("phase", "Pending")
    if phase == "Bound" or (phase == "Pending" and binding_mode == WAIT_FOR_FIRST_CONSUMER):
        return _READY
    if phase == "Lost":
        return _failed("the claim lost its volume")
    return _waiting("no volume is bound to the claim yet")


def pod_problems(pod: Manifest) -> list[str]:
    """What keeps a Pod from being ready, in the kubelet's and the scheduler's own words."""
    name = (pod.get("metadata") or {}).get("name", "")
    problems = []
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        problems.append(f"Pod {name}: {_said(scheduled)}")
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in _status(pod).get(field) or []:
            state = container.get("state") or {}
            stuck = state.get("waiting") or {}
            if stuck.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
                problems.append(f"Pod {name}, container {container.get('name')}: {_said(stuck)}")
            ended = state.get("terminated") or {}
            if ended.get("exitCode", 0) != 0:
                words = _said(ended) or "ended"
                problems.append(f"Pod {name}, container {container.get('name')}: {words} (exit {ended['exitCode']})")
    return problems
