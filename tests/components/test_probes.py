"""Probes: four ways to ask, their timings, and what follows from ports and language."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.workload import build, main, refusals

KINDS = ("startupProbe", "livenessProbe", "readinessProbe")


def probes(text: str) -> dict[str, Any]:
    container = main(build(text))
    return {kind: container[kind] for kind in KINDS if kind in container}


@pytest.mark.parametrize(
    ("probe", "handler"),
    [
        ("{http: /health}", {"httpGet": {"path": "/health", "port": "http", "scheme": "HTTP"}}),
        ("{http: /health, https: true, port: 8443}", {"httpGet": {"path": "/health", "port": 8443, "scheme": "HTTPS"}}),
        ("{grpc: '', port: 9000}", {"grpc": {"port": 9000}}),
        ("{grpc: shop.users, port: http}", {"grpc": {"port": 8080, "service": "shop.users"}}),
        ("{tcp: true}", {"tcpSocket": {"port": "http"}}),
        ("{exec: [pg_isready, -q]}", {"exec": {"command": ["pg_isready", "-q"]}}),
    ],
)
def test_a_probe_asks_in_one_of_four_ways(probe: str, handler: dict[str, Any]) -> None:
    found = probes(f"{{ports: {{http: 8080}}, probes: {{readiness: {probe}}}}}")["readinessProbe"]
    assert {key: found[key] for key in found if not key.endswith(("Seconds", "Threshold"))} == handler


def test_each_probe_has_its_own_timings() -> None:
    found = probes("""
        ports: {http: 8080}
        probes:
          startup: {http: /health, period: 5s, failures: 60}
          liveness: {http: /health, delay: 30s, period: 10s, timeout: 2s, failures: 5}
          readiness: {http: /ready, period: 3s, successes: 2}
    """)
    assert found == {
        "startupProbe": {
            "httpGet": {"path": "/health", "port": "http", "scheme": "HTTP"},
            "periodSeconds": 5,
            "timeoutSeconds": 1,
            "failureThreshold": 60,
        },
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": "http", "scheme": "HTTP"},
            "initialDelaySeconds": 30,
            "periodSeconds": 10,
            "timeoutSeconds": 2,
            "failureThreshold": 5,
        },
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
            "periodSeconds": 3,
            "timeoutSeconds": 1,
            "failureThreshold": 3,
            "successThreshold": 2,
        },
    }


def test_a_grpc_port_is_asked_for_readiness_and_connected_to_for_liveness() -> None:
    """A failing dependency takes a Pod out of service and never restarts it."""
    found = probes("ports: {grpc: 50051}")
    assert found["readinessProbe"]["grpc"] == {"port": 50051}
    assert found["livenessProbe"]["tcpSocket"] == {"port": "grpc"}
    assert "startupProbe" not in found


def test_an_http_port_is_asked_for_readiness_and_life_under_different_paths() -> None:
    found = probes("ports: {http: 8080}")
    assert found["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert found["livenessProbe"]["httpGet"]["path"] == "/health/live"


def test_a_jvm_gets_two_minutes_to_start() -> None:
    startup = probes("{language: java, ports: {grpc: 50051}}")["startupProbe"]
    assert startup["tcpSocket"] == {"port": "grpc"}
    assert startup["periodSeconds"] * startup["failureThreshold"] == 120


def test_a_named_startup_probe_is_kept() -> None:
    text = "{language: java, ports: {http: 8080}, probes: {startup: {tcp: true, failures: 3}}}"
    assert probes(text)["startupProbe"]["failureThreshold"] == 3


@pytest.mark.parametrize("kind", ["job", "cronjob"])
def test_what_runs_to_completion_is_not_probed(kind: str) -> None:
    assert (
        probes(f"{{kind: {kind}, ports: {{http: 80}}, job: {{schedule: {'0 3 * * *' if 'c' in kind else 'null'}}}}}")
        == {}
    )


def test_a_worker_without_ports_is_not_probed() -> None:
    assert probes("language: java") == {}


def test_a_workers_own_probe_is_kept() -> None:
    assert list(probes("probes: {liveness: {exec: [test, -f, /tmp/alive]}}")) == ["livenessProbe"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{ports: {http: 80}, probes: {liveness: {tcp: true, successes: 2}}}", "probes.liveness.successes"),
        ("{ports: {http: 80}, probes: {startup: {tcp: true, successes: 2}}}", "probes.startup.successes"),
        ("{ports: {http: 80}, probes: {readiness: {}}}", "probes.readiness"),
        ("{ports: {http: 80}, probes: {readiness: {tcp: true, exec: [x]}}}", "probes.readiness"),
        ("{ports: {http: 80}, probes: {readiness: {tcp: true, timeout: 11s}}}", "probes.readiness.timeout"),
        ("{ports: {metrics: 80}}", "probes"),
    ],
)
def test_probes_that_kubernetes_would_refuse_are_refused(text: str, path: str) -> None:
    assert [place for place, _ in refusals(text)] == [path]


def test_the_startup_probe_of_a_jvm_succeeds_once_whatever_readiness_asks() -> None:
    """Kubernetes refuses a startup probe that wants several successes."""
    text = "{language: java, probes: {readiness: {exec: [ready], successes: 3}}}"
    assert probes(text)["startupProbe"].get("successThreshold", 1) == 1


def test_the_startup_probe_of_a_jvm_ends_before_it_is_asked_again() -> None:
    """It borrows the liveness probe's question, and must not outlast its own, shorter period."""
    text = "{language: java, ports: {http: 80}, probes: {liveness: {tcp: true, timeout: 10s, period: 30s}}}"
    startup = probes(text)["startupProbe"]
    assert startup["timeoutSeconds"] <= startup["periodSeconds"]
