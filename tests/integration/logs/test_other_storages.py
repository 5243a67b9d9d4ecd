"""A real Kafka gets the logs, and a real Prometheus what agents measure of their nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.observability.log_agents.config import PASSWORD
from tests.integration.logs import agents
from tests.integration.logs.agents import NODE, Node
from tests.integration.logs.entries import line
from tests.integration.servers import kafka, prometheus
from tests.integration.servers.prometheus import CONFIG
from tests.observability.logs.logged import logged

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def records(message: str) -> list[dict[str, Any]]:
    """The records of a message in OTLP's JSON."""
    found = json.loads(message)["resourceLogs"]
    return [record for resource in found for scope in resource["scopeLogs"] for record in scope["logRecords"]]


def test_kafka_gets_the_records_over_tls_with_a_login(tmp_path: Path) -> None:
    for name in ("kafka", "node"):
        (tmp_path / name).mkdir()
    with kafka.running(tmp_path / "kafka") as server:
        login = {"username": server.username, "password": "kafka-password"}
        args = logged({"kafka": {"brokers": ["kafka.example.com"], "topic": "shop-logs", "login": login}})
        node = Node(
            folder=tmp_path / "node",
            args=args,
            backends={"kafka.example.com:9093": server.address},
            environment={PASSWORD: server.password, "SSL_CERT_FILE": str(server.authority)},
        )
        with agents.started(node):
            node.container("orders").write(line(trace_id=TRACE, password="planted"))

            def sent() -> list[dict[str, Any]]:
                return [record for message in server.messages("shop-logs") for record in records(message)]

            (record,) = node.agent.until(sent, "Kafka has the record", within=60)
    assert record["traceId"] == TRACE and record["severityText"] == "info"
    assert "planted" not in json.dumps(record)


def test_prometheus_gets_what_is_measured_of_the_node(tmp_path: Path) -> None:
    for name in ("prometheus", "node"):
        (tmp_path / name).mkdir()
    with prometheus.running(tmp_path / "prometheus", {CONFIG: "{}"}, ["--web.enable-otlp-receiver"]) as server:
        # Loki need not be there.
        node = Node(folder=tmp_path / "node", args=logged(), backends={"http://prometheus.shop:9090": server.url})
        with agents.started(node):
            of_node = f'{{job="node", instance="{NODE}"}}'
            for metric in (
                "system_cpu_time_seconds_total",
                "system_memory_usage_bytes",
                "system_disk_io_bytes_total",
                "system_network_io_bytes_total",
                "system_cpu_load_average_1m",
            ):
                assert server.until(lambda metric=metric: server.query(f"{metric}{of_node}"), f"{metric} comes")
