"""Versions in a mesh: all their replicas run, and routes alone share requests out."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.assembly import render
from stacks.loader import validate
from stacks.schema.platform import Platform
from stacks.schema.quota import most_pods
from tests.stacks.meshed import changed, difference


def test_each_version_runs_all_replicas_since_routes_share_the_requests_out(tmp_path: Path) -> None:
    versions = {
        "stable": {"weight": "90%"},
        "canary": {"weight": "10%", "replicas": 2},
        "green": {"weight": "0%"},
    }
    changes = {"services users": {"replicas": 5, "versions": versions}}
    spec = changed(tmp_path, changes).workloads["users"].spec
    assert spec.replicas_by_version == {"stable": 5, "canary": 2, "green": 5}
    assert most_pods(spec) == 12


def test_versions_may_be_scaled_each_by_an_autoscaler_of_its_own(tmp_path: Path) -> None:
    changes = {"services users autoscaling": {"min": 1, "max": 4, "cpu": "70%"}}
    resolved = changed(tmp_path, changes)
    scaled = [body for body in render(resolved) if body["kind"] == "HorizontalPodAutoscaler"]
    assert [body["spec"]["scaleTargetRef"]["name"] for body in scaled] == ["users", "users-canary"]
    assert most_pods(resolved.workloads["users"].spec) == 8


def test_moving_a_weight_touches_one_object(tmp_path: Path) -> None:
    weights = {"services users versions stable weight": "50%", "services users versions canary weight": "50%"}
    assert difference(validate("dev"), changed(tmp_path, weights)) == {("VirtualService", "users")}


@pytest.mark.parametrize(
    ("stack", "route"), [("dev", ("VirtualService", "users")), ("prod", ("HTTPRoute", "users.grpc"))]
)
def test_blue_and_green_switch_at_once_and_switch_back(tmp_path: Path, stack: str, route: tuple[str, str]) -> None:
    image = f"registry.example.com/shop/users:0.2.0@sha256:{'a' * 64}"

    def serving(name: str) -> Platform:
        (folder := tmp_path / name).mkdir(exist_ok=True)
        share = {"stable": "0%", "green": "0%"} | {name: "100%"}
        versions = {"stable": {"weight": share["stable"]}, "green": {"weight": share["green"], "image": image}}
        return changed(folder, {"services users versions": versions}, stack)

    blue, green = serving("stable"), serving("green")
    assert difference(blue, green) == {route}
