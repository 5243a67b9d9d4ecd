"""The tests' servers are of the releases that the platform runs: what holds for one holds for the other."""

from __future__ import annotations

import pytest

from components import versions
from launcher.gobuild import pinned_version
from tests.tools import (
    alertmanager,
    collector,
    exporters,
    jaeger,
    java_agent,
    loki,
    prometheus,
    prometheus_adapter,
)

PAIRS = {
    "Prometheus": (versions.PROMETHEUS_IMAGE, prometheus.VERSION),
    "Alertmanager": (versions.ALERTMANAGER_IMAGE, alertmanager.VERSION),
    "prometheus-adapter": (versions.PROMETHEUS_ADAPTER_IMAGE, prometheus_adapter.VERSION),
    "Jaeger": (versions.JAEGER_IMAGE, jaeger.VERSION),
    "Jaeger's index cleaner": (
        versions.JAEGER_INDEX_CLEANER_IMAGE,
        pinned_version(jaeger.MODULE, "github.com/jaegertracing/jaeger"),
    ),
    "Collector": (versions.COLLECTOR_IMAGE, collector.VERSION),
    "Loki": (versions.LOKI_IMAGE, loki.VERSION),
    "Java agent": (versions.JAVA_AGENT_IMAGE, java_agent.VERSION),
    "kube-state-metrics": (versions.KUBE_STATE_METRICS_IMAGE, exporters.KUBE_STATE_METRICS_VERSION),
    "NATS' exporter": (versions.EXPORTER_IMAGES["nats"], exporters.NATS_EXPORTER_VERSION),
    "PostgreSQL's exporter": (versions.EXPORTER_IMAGES["postgres"], exporters.POSTGRES_EXPORTER_VERSION),
    "Redis' exporter": (versions.EXPORTER_IMAGES["redis"], exporters.REDIS_EXPORTER_VERSION),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_image_and_the_module_are_of_one_release(name: str) -> None:
    image, module = PAIRS[name]
    assert image.rpartition(":")[2].removeprefix("v") == module, (
        f"{image} runs on clusters, and the tests' {name} is built from its module's {module}: "
        "raise the one in components/versions.py together with the other in tests/tools"
    )


def test_each_exporter_image_has_a_module() -> None:
    covered = {image for image, _ in PAIRS.values()}
    assert covered >= set(versions.EXPORTER_IMAGES.values()), "an exporter that no test starts"


@pytest.mark.parametrize(("module", "release"), [("0.315.0", "3.15.0"), ("0.300.1", "3.0.1")])
def test_the_release_of_prometheus_follows_from_its_modules_tag(module: str, release: str) -> None:
    assert prometheus.release_of(module) == release


@pytest.mark.parametrize(("module", "release"), [("1.76.0", "2.13.0"), ("1.63.0", "2.0.0")])
def test_the_release_of_jaeger_follows_from_its_modules_tag(module: str, release: str) -> None:
    assert jaeger.release_of(module) == release


def test_all_parts_of_the_collector_are_of_its_release() -> None:
    required = collector.MODULE.joinpath("go.mod").read_text().partition("\nrequire (")[2].partition(")")[0]
    parts = [line.split() for line in required.splitlines() if "/opentelemetry-collector-contrib/" in line]
    assert {version for _, version in parts} == {f"v{collector.VERSION}"}, "an image has parts of one release"
    assert len(parts) > 10, "the parts stand where this test looks for them"
