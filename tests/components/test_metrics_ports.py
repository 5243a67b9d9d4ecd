"""Where a workload's metrics are served: the port called metrics, and a path."""

from __future__ import annotations

import pytest

from tests.components.workload import build, every, main, refusals, template


def annotations(text: str) -> dict[str, str]:
    return template(build(text))["metadata"].get("annotations", {})


@pytest.mark.parametrize(
    ("ports", "port", "path"),
    [
        ("{grpc: 50051, metrics: 8081}", "8081", "/metrics"),
        ("{grpc: 50051, metrics: {number: 8081, path: /actuator/prometheus}}", "8081", "/actuator/prometheus"),
        ("{http: 8080, metrics: {number: 9090, service-port: 80}}", "9090", "/metrics"),
    ],
)
def test_a_port_called_metrics_is_scraped_at_its_path(ports: str, port: str, path: str) -> None:
    assert annotations(f"{{ports: {ports}}}") == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": port,
        "prometheus.io/path": path,
    }


def test_the_port_may_be_that_of_a_sidecar() -> None:
    found = annotations(
        "{ports: {http: 8080}, sidecars: {exporter: {image: 'example.com/e:1', ports: {metrics: 9187}}}}"
    )
    assert found["prometheus.io/port"] == "9187"


def test_nothing_is_scraped_where_no_port_is_called_metrics() -> None:
    assert not annotations("{ports: {http: 8080}}")


def test_a_workloads_own_annotations_win() -> None:
    found = annotations("{ports: {http: 8080, metrics: 8081}, annotations: {prometheus.io/scrape: 'false'}}")
    assert found["prometheus.io/scrape"] == "false"


def test_only_metrics_have_a_path() -> None:
    ((place, message),) = refusals("{ports: {http: {number: 8080, path: /api}}}")
    assert place == "ports.http.path" and "metrics" in message


def test_a_worker_whose_metrics_nobody_calls_has_probes_and_no_service() -> None:
    built = build(
        "{language: java, ports: {metrics: {number: 8081, exposed: false}},"
        " probes: {readiness: {http: /health/ready, port: metrics}, liveness: {http: /health/live, port: metrics}}}"
    )
    assert not every(built, "Service")
    assert main(built)["readinessProbe"]["httpGet"]["port"] == "metrics"
    assert main(built)["startupProbe"]["httpGet"]["path"] == "/health/live", "a JVM may take its time"
