"""Runs that can't succeed: each says why in one place, loses nothing, and the next `up` finishes the work.

The tests share one stack. Each finds it as configured and leaves it so.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from launcher.locks import locks
from tests.apiserver.controllers import PULL_FAILURE
from tests.apiserver.refusal import REFUSAL, refusing_images
from tests.apiserver.shop import NAMESPACE, STACK, Shop
from tests.engine.project import counts
from tests.localcluster.api import eventually

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("api_server")]

REGISTRY = "registry.example.com/shop"
QUICKLY = 20.0
"""Seconds in which a run must have noticed that nobody answers: far below any timeout, far above the engine's start."""


def diagnosed(output: str) -> str:
    """What the engine says went wrong; its progress lines repeat some of it before."""
    return output.partition("\nDiagnostics:\n")[2].partition("\nOutputs:\n")[0]


def assert_complete(shop: Shop) -> None:
    """State and cluster hold every object of the configuration, nothing else, and nothing twice."""
    recorded = [resource for resource in shop.recorded() if resource["type"].startswith("kubernetes:")]
    twice = [each for each, times in Counter((one["type"], one["id"]) for one in recorded).items() if times > 1]
    assert not twice, "two resources of the state stand for one object"
    assert len(recorded) == len(shop.live()) == len(shop.wanted())
    for plural in ("deployments", "statefulsets", "daemonsets"):
        found = shop.cluster.items(f"/apis/apps/v1/namespaces/{NAMESPACE}/{plural}")
        wanted = [body for body in shop.wanted() if f"{body['kind'].lower()}s" == plural]
        assert {body["metadata"]["name"] for body in found} == {body["metadata"]["name"] for body in wanted}


def test_a_refused_object_is_explained_once_and_up_finishes_after_the_fix(shop: Shop) -> None:
    """First a changed one, then a new one."""
    before = {each["urn"] for each in shop.recorded()}
    with refusing_images(shop.cluster, NAMESPACE, tag="unsigned"):
        shop.configure("shop/archive:0.1.0", "shop/archive:unsigned")
        said = diagnosed(shop.run("up", expect=1))
        assert said.count("Deployment shop/archive was refused by the API server") == 1
        assert said.count(REFUSAL) == 1, "the API server's own words, and only once"
        assert {each["urn"] for each in shop.recorded()} == before, "the state keeps everything"

        shop.configure("shop/archive:unsigned", "shop/archive:0.1.1")
        shop.add_service("courier", {"image": f"{REGISTRY}/courier:unsigned"})
        said = diagnosed(shop.run("up", expect=1))
        assert said.count("Deployment shop/courier was refused by the API server") == 1
        assert said.count(REFUSAL) == 1
        assert not [each for each in shop.recorded() if each["urn"].endswith("Deployment::courier")], "it isn't there"

        shop.add_service("courier", {"image": f"{REGISTRY}/courier:0.1.0"})
        shop.run("up")
    assert_complete(shop)


def test_a_deployment_that_is_not_ready_in_time_is_explained_and_accepted_once_it_is(shop: Shop) -> None:
    """Its service has a progress deadline of 3 s, which the Deployment's controller enforces."""
    shop.configure("shop/watcher:0.1.0", "shop/watcher:0.2.0")
    with shop.node.without(f"{REGISTRY}/watcher:0.2.0"):
        said = diagnosed(shop.run("up", expect=1))
        assert "Deployment shop/watcher failed: ProgressDeadlineExceeded" in said
        assert said.count(PULL_FAILURE) == 1, "the kubelet's own words say what is missing"
        assert shop.live_one("Deployment", "watcher")["status"]["availableReplicas"] == 1, "the old Pod still serves"
    eventually(lambda: shop.live_one("Deployment", "watcher")["status"]["replicas"] == 1, "the new Pod takes over")
    # The configuration hasn't changed: the state remembers that the last run didn't see it ready.
    assert counts(shop.run("up")) == {"updated": 1, "unchanged": len(shop.recorded()) - 1}
    assert_complete(shop)


@pytest.mark.parametrize(("signalled", "exit_code"), [("engine", 1), ("launcher", 130)])
def test_an_up_that_ends_while_it_waits_is_finished_by_the_next(shop: Shop, signalled: str, exit_code: int) -> None:
    """The engine is killed as by a crash, the launcher interrupted as by Ctrl-C."""
    name = f"late-{signalled}"
    image = f"{REGISTRY}/{name}:0.1.0"
    shop.add_service(name, {"image": image})
    with shop.node.without(image):
        run = shop.start("up")
        with run:
            eventually(lambda: waits_for_image(shop, name) or run.poll() is not None, "the object is made")
            assert run.poll() is None, f"the run ended before it could be stopped:\n{run.stdout and run.stdout.read()}"
            (lock,) = locks(shop.project / ".state", "polyglot", STACK)
            if signalled == "engine":
                os.kill(lock.process, signal.SIGKILL)
            else:
                run.send_signal(signal.SIGINT)
            printed, _ = run.communicate(timeout=60)
        assert run.returncode == exit_code, printed
    uid = shop.live_one("Deployment", name)["metadata"]["uid"]

    output = shop.run("up")

    assert (f"died (process {lock.process} of" in output) == (signalled == "engine")
    assert shop.live_one("Deployment", name)["metadata"]["uid"] == uid, "it is taken up, not made anew"
    assert_complete(shop)


def waits_for_image(shop: Shop, name: str) -> bool:
    """Whether a Pod of the service is there and can't start."""
    pods = shop.cluster.items(f"/api/v1/namespaces/{NAMESPACE}/pods")
    return any(
        pod["metadata"]["name"].startswith(f"{name}-") and pod["status"].get("containerStatuses") for pod in pods
    )


@pytest.mark.parametrize("operation", ["up", "refresh", "destroy"])
def test_an_unreachable_cluster_is_one_error_that_says_what_to_do(shop: Shop, operation: str) -> None:
    with unanswered(shop.kubeconfig) as address:
        output = shop.run(operation, expect=1)
    # The engine's progress lines repeat what it then says once as a diagnostic.
    said = diagnosed(output) if operation == "up" else output
    message = f"The cluster of context localcluster doesn't answer at {address}"
    assert said.count(message) == 1, f"not one for each object: {said}"
    assert "Nothing more was changed. Start the cluster, or correct the context or its kubeconfig" in said


@pytest.mark.parametrize("operation", ["up", "preview", "refresh", "destroy"])
def test_an_unreachable_cluster_costs_neither_time_nor_state(shop: Shop, operation: str) -> None:
    before, began = identities(shop), time.monotonic()
    with unanswered(shop.kubeconfig) as address:
        assert address in shop.run(operation, expect=1)
    assert time.monotonic() - began < QUICKLY
    assert identities(shop) == before, "what can't be seen isn't gone"


def identities(shop: Shop) -> set[tuple[str, str]]:
    """Each resource of the state, and the object that it stands for."""
    return {(resource["urn"], resource.get("id", "")) for resource in shop.recorded()}


@contextmanager
def unanswered(kubeconfig: Path) -> Generator[str]:
    """While the context lasts, the kubeconfig leads to an address where nobody answers; yields the address."""
    kept = kubeconfig.read_text()
    content = yaml.safe_load(kept)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused, and the port stays ours
        address = f"https://127.0.0.1:{held.getsockname()[1]}"
        content["clusters"][0]["cluster"]["server"] = address
        kubeconfig.write_text(yaml.safe_dump(content))
        try:
            yield address
        finally:
            kubeconfig.write_text(kept)
