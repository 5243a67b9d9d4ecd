"""Autoscaling on requests, end to end: a real autoscaler asks the real API server, adapter and Prometheus."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import requests

from tests.integration.observability import scaled_cluster
from tests.integration.observability.accounts import Account
from tests.integration.observability.scaled_cluster import API, ARGS, Scaled
from tests.integration.servers.processes import LOOPBACK, eventually


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Generator[Scaled]:
    with scaled_cluster.running(tmp_path_factory.mktemp("scaled")) as cluster:
        yield cluster


def test_the_api_server_answers_with_each_pods_own_requests(scaled: Scaled) -> None:
    for service, metric, value in (
        ("gateway", "requests_per_second", "80"),
        ("gateway", "request_duration_p95_seconds", "150m"),
        ("mailer", "jobs_waiting", "35"),
    ):
        assert scaled.values(metric, service) == dict.fromkeys(scaled.measured[service], value), metric


def test_a_pod_without_requests_has_none(scaled: Scaled) -> None:
    assert scaled.values("requests_per_second", "users") == dict.fromkeys(scaled.measured["users"], "0")


def test_what_nobody_scales_on_is_not_served(scaled: Scaled) -> None:
    served = {one["name"] for one in scaled.get(API)["resources"] if one["name"].startswith("pods/")}
    assert served == {"pods/requests_per_second", "pods/request_duration_p95_seconds", "pods/jobs_waiting"}


def test_the_autoscaler_adds_pods_for_requests_and_for_jobs(scaled: Scaled) -> None:
    """Twice 80 requests a second, of which each Pod is to have 50, are 4 Pods; twice 35 jobs, at 10 each, are 7."""
    for service, wanted in (("gateway", 4), ("mailer", 7)):
        eventually(
            lambda service=service, wanted=wanted: scaled.autoscaler(service)["status"]["desiredReplicas"] == wanted,
            f"the autoscaler wants {wanted} Pods of {service}",
        )


def test_the_autoscaler_finds_every_metric_that_it_is_told_to_look_at(scaled: Scaled) -> None:
    """A name that the adapter spells otherwise would show here, and nowhere else before production."""
    for service in ("gateway", "users", "mailer"):
        wanted = _per_pod(scaled.autoscaler(service)["spec"]["metrics"])

        def found(service: str = service) -> set[str]:
            return _per_pod(scaled.autoscaler(service)["status"].get("currentMetrics") or [])

        eventually(lambda found=found, wanted=wanted: found() == wanted, f"{service} scales on {wanted}")


def test_strangers_may_not_read_metrics(scaled: Scaled) -> None:
    path = f"{API}/namespaces/{ARGS.namespace}/pods/*/requests_per_second"
    stranger = Account.of(scaled.cluster.server, scaled.cluster.cluster, ARGS.namespace, "default")
    asked = {"Authorization": f"Bearer {stranger.token}"}
    trusted = scaled.cluster.cluster.session.verify
    through = requests.get(f"{scaled.cluster.server.url}{path}", headers=asked, verify=trusted, timeout=20)
    assert through.status_code == requests.codes.forbidden, through.text
    adapter = f"https://{LOOPBACK}:{scaled.adapter_port}{path}"
    forged = {"X-Remote-User": "system:admin", "X-Remote-Group": "system:masters"}
    for headers in ({}, asked, forged):
        answer = requests.get(adapter, headers=headers, verify=scaled.adapter_authority, timeout=20)
        refused = (requests.codes.unauthorized, requests.codes.forbidden)
        assert answer.status_code in refused, f"past the API server, with {sorted(headers)}: {answer.text}"


def _per_pod(metrics: list[Any]) -> set[str]:
    return {one["pods"]["metric"]["name"] for one in metrics if "pods" in one}
