"""The API server as somebody else uses it: a person with kubectl, or a controller that isn't there."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from launcher.standin.kubernetes.http_api import HttpApi, Rejected
from tests.standin.manifests import Manifest

PATIENCE = 30.0
"""Seconds."""


def users_in(namespace: str) -> str:
    """Where `manifests.deployment` is."""
    return f"apis/apps/v1/namespaces/{namespace}/deployments/users"


def get(api: HttpApi, path: str) -> Manifest | None:
    try:
        return api.request("GET", path)
    except Rejected as rejection:
        if rejection.code != 404:
            raise
        return None


def edit(api: HttpApi, path: str, body: Manifest, manager: str) -> Manifest:
    """Changes an object as somebody else would."""
    return api.request(
        "PATCH", path, body=body, parameters={"fieldManager": manager}, content_type="application/merge-patch+json"
    )


def write_status(api: HttpApi, namespace: str, **status: Any) -> None:
    live = eventually(lambda: get(api, users_in(namespace)), "the Deployment is there")
    observed = {"observedGeneration": live["metadata"]["generation"]}
    edit(api, f"{users_in(namespace)}/status", {"status": {**observed, **status}}, "deployment-controller")


def eventually(found: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Runs `work` beside the block, and passes its failure on."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 a thread's failure has to reach the test
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE)
    assert not failures, failures
