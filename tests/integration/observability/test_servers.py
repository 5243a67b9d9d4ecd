"""That each real server starts here and says what it should, so that a failure elsewhere is the configuration's."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.gobuild import built
from localcluster.control_plane import ControlPlane
from tests.integration.servers import (
    alertmanager,
    exporters,
    jetstream,
    postgres,
    processes,
    prometheus,
    redis,
)
from tests.integration.servers.processes import Process, eventually, free_port
from tests.integration.servers.prometheus import Prometheus
from tests.integration.servers.webhook import Webhook
from tests.tools.alertmanager import ALERTMANAGER, AMTOOL
from tests.tools.alertmanager import VERSION as ALERTMANAGER_VERSION
from tests.tools.prometheus import PROMETHEUS, PROMTOOL
from tests.tools.prometheus import VERSION as PROMETHEUS_VERSION

SECONDS = {"scrape_interval": "1s", "evaluation_interval": "1s"}
"""Intervals that a test can wait for."""


def scraping(*addresses: str, alertmanagers: tuple[str, ...] = (), rules: Any = ()) -> dict[str, str]:
    """Prometheus' files: scrape these addresses, evaluate these rules, tell these Alertmanagers."""
    settings = {
        "global": SECONDS,
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}]},
        "scrape_configs": [{"job_name": "all", "static_configs": [{"targets": list(addresses)}]}],
    }
    groups = {"groups": [{"name": "minimal", "rules": list(rules)}]}
    return {prometheus.CONFIG: yaml.safe_dump(settings), "rules.yml": yaml.safe_dump(groups)}


def sending_to(receiver: Webhook) -> dict[str, str]:
    """Alertmanager's files: everything goes there, at once."""
    settings = {
        "route": {"receiver": "all", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "all", "webhook_configs": [{"url": f"{receiver.url}/hook"}]}],
    }
    return {alertmanager.CONFIG: yaml.safe_dump(settings)}


@pytest.fixture(scope="module")
def watching_itself(tmp_path_factory: pytest.TempPathFactory) -> Generator[Prometheus]:
    """A Prometheus that scrapes itself."""
    server = Prometheus(folder=tmp_path_factory.mktemp("prometheus"))
    rules = [{"record": "all:up:sum", "expr": "sum(up)"}]
    server.write(scraping(server.address, rules=rules))
    server.start()
    yield server
    server.stop()


def test_an_alert_reaches_the_receiver_and_is_resolved(tmp_path: Path, notified: Webhook) -> None:
    rules = [{"alert": "SomethingIsDown", "expr": "up == 0", "labels": {"severity": "page"}}]
    (tmp_path / "alerts").mkdir()
    with (
        alertmanager.running(tmp_path / "alerts", sending_to(notified), [alertmanager.ALONE]) as manager,
        prometheus.running(tmp_path, scraping(alertmanagers=(manager.address,), rules=rules)) as server,
    ):
        server.reload(scraping(f"127.0.0.1:{free_port()}", alertmanagers=(manager.address,), rules=rules))
        fired = notified.until(lambda one: one.body["status"] == "firing", "the alert arrives")
        assert fired.alert_names == {"SomethingIsDown"}
        assert [(one.name, one.state) for one in server.alerts()] == [("SomethingIsDown", "firing")]
        assert [one["labels"]["severity"] for one in manager.alerts('alertname="SomethingIsDown"')] == ["page"]
        server.reload(scraping(server.address, alertmanagers=(manager.address,), rules=rules))
        notified.until(lambda one: one.body["status"] == "resolved", "the end arrives")


def test_prometheus_answers_with_values_rules_and_targets(watching_itself: Prometheus) -> None:
    (target,) = watching_itself.until_scraped()
    assert target.labels["job"] == "all"
    watching_itself.until(lambda: watching_itself.query("all:up:sum"), "the rule has been evaluated")
    assert watching_itself.value("all:up:sum") == 1
    assert watching_itself.value("1 + 1") == 2, "a scalar is one value without labels"
    now = time.time()
    (steps,) = watching_itself.series("all:up:sum", start=now - 1, end=now, step=1)
    assert {one.value for one in steps} == {1}
    found = {rule.name: (rule.group, rule.kind, rule.health) for rule in watching_itself.rules()}
    assert found["all:up:sum"] == ("minimal", "recording", "ok")
    assert "prometheus_build_info" in watching_itself.metric_names()
    assert watching_itself.active_series() > 100
    (built_by,) = watching_itself.query("prometheus_build_info")
    assert built_by.labels["version"] == PROMETHEUS_VERSION


def test_an_expression_that_the_server_warns_of_fails(watching_itself: Prometheus) -> None:
    watching_itself.until(lambda: watching_itself.query("prometheus_http_request_duration_seconds_bucket"), "scraped")
    with pytest.raises(AssertionError, match="quantile value should be between 0 and 1"):
        watching_itself.query("histogram_quantile(95, prometheus_http_request_duration_seconds_bucket)")


def test_a_target_that_does_not_answer_is_named(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with prometheus.running(tmp_path, scraping(nobody)) as server:
        server.until(lambda: any(one.health == "down" for one in server.targets()), "it has been scraped")
        with pytest.raises(AssertionError) as failure:
            server.until_scraped(within=0.5)
    assert nobody in "\n".join(failure.value.__notes__), "whoever reads the failure learns which target it was"


def test_a_configuration_that_prometheus_refuses_is_reported_in_its_words(tmp_path: Path) -> None:
    with prometheus.running(tmp_path, scraping()) as server:
        with pytest.raises(AssertionError, match=r"rules\.yml.*could not parse expression"):
            server.reload(scraping(rules=[{"record": "a:b", "expr": "sum(("}]))
        assert server.rules() == [], "it goes on with what it had"


def test_the_workloads_arguments_take_effect_and_only_addresses_and_folders_are_replaced(tmp_path: Path) -> None:
    arguments = [
        "--config.file=/etc/prometheus/prometheus.yml",
        "--storage.tsdb.path=/prometheus",
        "--storage.tsdb.retention.time=3d",
        "--web.listen-address=0.0.0.0:9090",
        "--web.enable-lifecycle",
        "--web.enable-otlp-receiver",
    ]
    with prometheus.running(tmp_path, scraping(), arguments) as server:
        assert server.flags()["storage.tsdb.retention.time"] == "3d"
        assert server.flags()["web.enable-otlp-receiver"] == "true"
        assert server.flags()["web.listen-address"] == server.address


def test_two_alertmanagers_notify_once(tmp_path: Path, notified: Webhook) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    files, arguments = sending_to(notified), ["--cluster.peer-timeout=3s"]
    with (
        alertmanager.running(tmp_path / "first", files, arguments) as first,
        alertmanager.running(tmp_path / "second", files, arguments, peers=[first]) as second,
    ):
        eventually(lambda: first.peer_count() == second.peer_count() == 2, "they gossip")
        for server in (first, second):
            server.send({"alertname": "Twice"}, annotations={"summary": "both have heard of it"})
        notified.until(lambda one: one.alert_names == {"Twice"}, "it arrives")
        eventually(lambda: second.alerts() and first.alerts(), "both hold the alert")
        time.sleep(5)  # the turn of the second one comes after 3 s
    assert len(notified.received) == 1, "a second notification would wake somebody twice"


def test_alertmanager_refuses_a_route_to_nobody(tmp_path: Path, notified: Webhook) -> None:
    with (
        alertmanager.running(tmp_path, sending_to(notified), [alertmanager.ALONE]) as server,
        pytest.raises(AssertionError, match='undefined receiver "nobody"'),
    ):
        server.reload({alertmanager.CONFIG: yaml.safe_dump({"route": {"receiver": "nobody"}})})


def test_each_tool_says_its_release(tmp_path: Path) -> None:
    for tool, release in (
        (PROMETHEUS, PROMETHEUS_VERSION),
        (PROMTOOL, PROMETHEUS_VERSION),
        (ALERTMANAGER, ALERTMANAGER_VERSION),
        (AMTOOL, ALERTMANAGER_VERSION),
    ):
        said = Process(tool.name, [built(tool), "--version"], folder=tmp_path)
        assert said.ended(within=processes.PATIENCE) == 0, said.tail()
        assert f"{tool.name}, version {release} " in said.output.read_text()


def test_the_exporter_of_nats_tells_what_a_consumer_has_not_had(tmp_path: Path) -> None:
    with jetstream.running(tmp_path) as server, exporters.nats(tmp_path, server) as exporter:
        server.make_stream("ORDERS", subjects=["orders.>"], consumer="fulfilment")
        server.publish("orders.created", b"one", b"two")
        (waiting,) = _samples(exporter, "jetstream_consumer_num_pending")
    assert (waiting.labels["stream_name"], waiting.labels["consumer_name"]) == ("ORDERS", "fulfilment")
    assert waiting.value == 2


def test_the_exporter_of_postgresql_reaches_its_database(tmp_path: Path) -> None:
    with postgres.running() as server:
        database = server.database("watched")
        with exporters.postgres(tmp_path, database) as exporter:
            (up,) = _samples(exporter, "pg_up")
            sizes = {one.labels["datname"] for one in _samples(exporter, "pg_database_size_bytes")}
    assert up.value == 1
    assert database.name in sizes


def test_the_exporter_of_redis_logs_in(tmp_path: Path) -> None:
    with redis.running(tmp_path) as (port, password):
        with exporters.redis(tmp_path, port, password) as exporter:
            (up,) = _samples(exporter, "redis_up")
        assert up.value == 1
        with exporters.redis(tmp_path, port, "another password") as exporter:
            (up,) = _samples(exporter, "redis_up")
        assert up.value == 0, "so that the 1 above means something"


def test_kube_state_metrics_exports_an_api_servers_objects(tmp_path: Path, api_server: ControlPlane) -> None:
    with exporters.kube_state_metrics(tmp_path, api_server.kubeconfig) as exporter:

        def namespaces() -> set[str]:
            return {one.labels["namespace"] for one in _samples(exporter, "kube_namespace_created")}

        eventually(lambda: "kube-system" in namespaces(), "it has listed the namespaces")


def _samples(exporter: exporters.Exporter, metric: str) -> list[Any]:
    families: Mapping[str, Any] = exporter.metrics()
    assert metric in families, f"{metric} is not among {sorted(families)}"
    return families[metric].samples
