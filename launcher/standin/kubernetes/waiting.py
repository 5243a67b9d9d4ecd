"""Waiting on a live object: until it is ready, or gone, or the time is over, or the engine says to stop."""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from launcher.standin.kubernetes.http_api import HttpApi, Rejected
from launcher.standin.kubernetes.readiness import Readiness, State, pod_problems, readiness
from launcher.standin.kubernetes.target import Manifest, NotReady, Operation, Refused
from launcher.standin.kubernetes.wait_for import conditions

DEFAULT_TIMEOUT_SECONDS = 600.0
"""Ten minutes, as the official provider's."""
_PAUSE_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.5)
"""Between two looks at an object; the last one repeats."""
_MOST_PROBLEMS = 5
_OWNING_PODS = ("Deployment", "StatefulSet", "DaemonSet", "Job")


@dataclass(frozen=True)
class Awaited:
    """The object that is waited for."""

    path: str
    uid: str | None
    """Tells it from a later object of the same name."""
    name: str
    """For messages."""
    live: Manifest = field(default_factory=dict)
    """As the last answer had it."""


def annotation(manifest: Mapping[str, Any], name: str) -> str:
    """The value of an object's `pulumi.com/` annotation; empty if it has none."""
    return str(((manifest.get("metadata") or {}).get("annotations") or {}).get(f"pulumi.com/{name}", ""))


def until_ready(api: HttpApi, awaited: Awaited, manifest: Manifest, operation: Operation) -> Manifest:
    """The object once it is ready. Raises NotReady where that fails, takes too long, or is cancelled."""
    clock = _Clock(manifest, operation)
    live, shown = awaited.live, ""
    while True:
        found = judged(api, live, manifest)
        if found.state is State.READY:
            operation.status("")
            return live
        problems = _problems_of_pods(api, live)
        why = "; ".join([found.reason, *problems])
        if found.state is State.FAILED:
            raise NotReady(live, [f"{awaited.name} failed: {found.reason}", *problems])
        if why != shown:
            operation.status(f"waiting: {why}")
            shown = why
        if ended := clock.pause():
            raise NotReady(live, [f"{awaited.name} is not ready {ended}: {found.reason}", *problems])
        try:
            live = api.request("GET", awaited.path)
        except (Rejected, Refused) as error:
            raise NotReady(live, [f"{awaited.name} can't be followed: {error}"]) from error


def until_gone(api: HttpApi, awaited: Awaited, manifest: Manifest, operation: Operation) -> None:
    """Returns when the object is gone, or another has taken its name. Raises NotReady if that takes too long."""
    clock, shown = _Clock(manifest, operation), ""
    while True:
        try:
            live = api.request("GET", awaited.path)
        except Rejected as rejection:
            if rejection.code == 404:
                break
            raise Refused(f"{awaited.name} was deleted, but can't be followed: {rejection}") from rejection
        if awaited.uid and live["metadata"].get("uid") != awaited.uid:
            break
        held = [*(live["metadata"].get("finalizers") or []), *((live.get("spec") or {}).get("finalizers") or [])]
        why = f"its finalizers {', '.join(held)} are not done" if held else "it is still shutting down"
        if why != shown:
            operation.status(f"deleting: {why}")
            shown = why
        if ended := clock.pause():
            raise NotReady(live, [f"{awaited.name} is not gone {ended}: {why}"])
    if shown:
        operation.status("")


def judged(api: HttpApi, live: Manifest, manifest: Manifest) -> Readiness:
    """How far the live object has come, unless its manifest says not to wait."""
    if annotation(manifest, "skipAwait") == "true":
        return Readiness(State.READY)
    if asked := conditions(manifest):
        missing = [item.text for item in asked if not item.holds(live)]
        return Readiness(State.WAITING, f"{', '.join(missing)} doesn't hold yet") if missing else Readiness(State.READY)
    return readiness(live, _binding_mode(api, live))


@dataclass
class _Clock:
    """How long to wait, and when to look again."""

    manifest: Manifest
    operation: Operation
    _deadline: float = field(init=False)
    _looks: int = 0

    def __post_init__(self) -> None:
        self._seconds = self.operation.timeout or _annotated_timeout(self.manifest) or DEFAULT_TIMEOUT_SECONDS
        self._deadline = time.monotonic() + self._seconds

    def pause(self) -> str:
        """Sleeps a little. Gives why the waiting is over, if it is."""
        pause = _PAUSE_SECONDS[min(self._looks, len(_PAUSE_SECONDS) - 1)]
        self._looks += 1
        left = self._deadline - time.monotonic()
        if self.operation.cancelled.wait(max(0.0, min(pause, left))):
            return "and the operation was cancelled"
        return f"after {self._seconds:g} s" if left <= pause else ""


def _annotated_timeout(manifest: Manifest) -> float:
    with contextlib.suppress(ValueError):
        return float(annotation(manifest, "timeoutSeconds"))
    return 0.0


def _binding_mode(api: HttpApi, live: Manifest) -> str | None:
    storage_class = (live.get("spec") or {}).get("storageClassName")
    if live.get("kind") != "PersistentVolumeClaim" or not storage_class:
        return None
    with contextlib.suppress(Rejected):
        found = api.request("GET", f"apis/storage.k8s.io/v1/storageclasses/{quote(storage_class)}")
        return found.get("volumeBindingMode")
    return None


def _problems_of_pods(api: HttpApi, live: Manifest) -> list[str]:
    """What keeps a workload's Pods from running. The workload itself only counts them."""
    selector = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels")
    if live.get("kind") not in _OWNING_PODS or not selector:
        return []
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    try:
        pods = api.request(
            "GET", f"api/v1/namespaces/{live['metadata']['namespace']}/pods", parameters={"labelSelector": labels}
        )
    except (Rejected, Refused):
        return []
    return [problem for pod in pods.get("items") or [] for problem in pod_problems(pod)][:_MOST_PROBLEMS]
