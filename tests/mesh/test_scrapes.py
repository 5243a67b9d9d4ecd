"""Who reads metrics in a mesh: Prometheus, from every Pod that serves some, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest

from components.manifests import Manifest
from stacks.assembly import render
from stacks.loader import validate
from tests.mesh import watching
from tests.mesh.authorization import Call
from tests.mesh.evaluator import Evaluator
from tests.mesh.test_platforms import DOCUMENT, PROXY_METRICS, STACKS, TUNNEL, each_stack, environment


def mistakes(stack: str, bodies: list[Manifest]) -> list[str]:
    """Where somebody reads metrics who should not, or Prometheus can't.

    Beside a sidecar they are read at the proxy's port, which asks nobody who he is; in ambient mode past the waypoint.
    """
    mesh, found = Evaluator(bodies), list[str]()
    addresses = {pod.name: pod for pod in mesh.network.pods}
    scraped = watching.scraped(environment(stack), DOCUMENT)
    for pods in mesh.pods:
        for source in mesh.pods:
            port = PROXY_METRICS if STACKS[stack] == "sidecar" else TUNNEL
            reached = mesh.network.lets_through(addresses[source.name], addresses[pods.name], port)
            wanted = source.name == "prometheus"
            if STACKS[stack] == "ambient":
                number = pods.ports.get("metrics", 0)
                reached = reached and mesh.takes(pods, Call(source.principal, number))
                # Prometheus tells of itself where it also takes what is pushed to it.
                pushed = (source.name, pods.name, "metrics") in watching.pushes(environment(stack))
                wanted = (wanted and pods.name in scraped) or pushed
            if reached is not wanted:
                found.append(f"{source.name} -> {pods.name}")
    return found


@each_stack
def test_prometheus_and_nobody_else_reads_the_metrics_of_every_pod_that_serves_some(stack: str) -> None:
    assert mistakes(stack, render(validate(stack))) == []


def close(bodies: list[Manifest]) -> None:
    (policy,) = [b for b in bodies if (b["kind"], b["metadata"]["name"]) == ("NetworkPolicy", "users")]
    del policy["spec"]["ingress"]


def open_to_all(bodies: list[Manifest]) -> None:
    for body in bodies:
        if body["kind"] == "NetworkPolicy" and body["metadata"]["name"] in ("users", "gateway"):
            body["spec"] |= {"ingress": [{}], "egress": [{}]}
        if body["kind"] == "AuthorizationPolicy" and body["metadata"]["name"] == "users-pods":
            body["spec"]["rules"] = [{}]


@each_stack
@pytest.mark.parametrize(("spoil", "seen"), [(close, "prometheus -> users"), (open_to_all, "gateway -> users")])
def test_a_way_too_few_or_too_many_is_seen(stack: str, spoil: Callable[[list[Manifest]], None], seen: str) -> None:
    """The check itself can fail."""
    bodies = deepcopy(render(validate(stack)))
    spoil(bodies)
    assert seen in mistakes(stack, bodies)
