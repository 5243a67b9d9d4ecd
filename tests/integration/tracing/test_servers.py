"""That each real server starts here and does its one thing, so that a failure elsewhere is the configuration's."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from launcher.gobuild import GoTool, built
from tests.integration.servers import collector, collector_document, kafka, loki, processes
from tests.integration.servers.collector import Collector
from tests.integration.servers.collector_document import Ports
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.loki import Loki
from tests.integration.servers.processes import Process, eventually, free_port
from tests.integration.servers.spans import OverGrpc, OverHttp, Sender, Shape, made, send
from tests.integration.tracing.conftest import JAEGER as BACKEND
from tests.integration.tracing.conftest import LOKI_FOLDER, collector_before, jaeger_in_memory, loki_on_disk
from tests.tools.collector import COLLECTOR
from tests.tools.collector import VERSION as COLLECTOR_VERSION
from tests.tools.jaeger import JAEGER
from tests.tools.jaeger import VERSION as JAEGER_VERSION
from tests.tools.loki import LOKI
from tests.tools.loki import VERSION as LOKI_VERSION


def collector_to_kafka() -> str:
    """A Collector's configuration: spans to Kafka, over TLS and with a login."""
    configuration = json.loads(collector_before("nobody:4317"))
    login = {"username": "logs", "password": "${env:PASSWORD}", "mechanism": kafka.MECHANISM}
    configuration["exporters"] = {
        "kafka": {
            "brokers": ["kafka.example.com:9093"],
            "tls": {"insecure": False},
            "auth": {"sasl": login},
            "traces": {"topic": "spans", "encoding": "otlp_json"},
        }
    }
    configuration["service"]["pipelines"]["traces"]["exporters"] = ["kafka"]
    return json.dumps(configuration)


def push(server: Loki, line: str, resource: Mapping[str, str], attributes: Mapping[str, str]) -> None:
    """Send a line as the Collector does, with JSON in place of protobuf."""

    def pairs(found: Mapping[str, str]) -> list[dict[str, object]]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in found.items()]

    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": line}, "attributes": pairs(attributes)}
    logs = {"resource": {"attributes": pairs(resource)}, "scopeLogs": [{"logRecords": [record]}]}
    answer = httpx2.post(f"{server.url}/otlp/v1/logs", json={"resourceLogs": [logs]}, trust_env=False)
    assert answer.is_success, f"Loki refuses it: {answer.text}"


def test_a_span_sent_to_jaeger_is_found_in_its_place(minimal_jaeger: Jaeger) -> None:
    shape = Shape(services=("front", "middle", "back"), errors=1.0, attributes={"order.id": "o-1"})
    outcome = send(made(1, shape), [OverGrpc(minimal_jaeger.otlp)])
    assert (outcome.taken, outcome.refused) == (3, 0)
    (sent,) = outcome.traces
    found = minimal_jaeger.until_found(sent.id)
    (root,) = found.roots
    (last,) = found.of("back")
    assert (root.service, root.operation) == ("front", "front/work"), found.drawn()
    assert [one.service for one in found.lineage(last)] == ["front", "middle", "back"], found.drawn()
    assert {one.service for one in found.spans if one.tags.get("error")} == {"back"}
    assert last.tags["order.id"] == "o-1"
    assert root.seconds == pytest.approx(shape.seconds, rel=0.01)
    assert minimal_jaeger.services() >= {"front", "middle", "back"}
    assert [one.id for one in minimal_jaeger.traces("front", **{"order.id": "o-1"})] == [sent.id]
    assert minimal_jaeger.traces("front", **{"order.id": "o-2"}) == [], "the search looks at the tag"


def test_a_trace_that_nobody_sent_is_not_found(minimal_jaeger: Jaeger) -> None:
    assert minimal_jaeger.trace("f" * 32) is None


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_spans_reach_jaeger_through_a_collector(
    minimal_collector: Collector, minimal_jaeger: Jaeger, protocol: str
) -> None:
    sender: Sender = OverHttp(minimal_collector.otlp_http) if protocol == "http" else OverGrpc(minimal_collector.otlp)
    before = minimal_collector.total("otelcol_receiver_accepted_spans_total", transport=protocol)
    outcome = send(made(50, Shape()), [sender])
    assert (outcome.taken, outcome.refused) == (150, 0)
    for trace in outcome.traces:
        minimal_jaeger.until_found(trace.id)
    after = minimal_collector.total("otelcol_receiver_accepted_spans_total", transport=protocol)
    assert after - before == 150


def test_what_nobody_takes_is_counted_as_refused() -> None:
    nobody = free_port()
    outcome = send(made(2, Shape()), [OverHttp(f"http://127.0.0.1:{nobody}"), OverGrpc(f"127.0.0.1:{nobody}")])
    assert (outcome.taken, outcome.refused) == (0, 6)
    assert outcome.refusals == {"ConnectError": 2, "UNAVAILABLE": 1}
    assert outcome.torn == {trace.id for trace in outcome.traces}


class Taker:
    """Somebody who takes everything at once, and counts it."""

    spans = 0

    def send(self, request: ExportTraceServiceRequest) -> str:
        self.spans += len(request.resource_spans[0].scope_spans[0].spans)
        return ""


def test_traces_have_the_shares_and_the_rate_that_were_asked_for(minimal_jaeger: Jaeger) -> None:
    shape = Shape(errors=0.1, slow=0.05, slow_seconds=3)
    outcome = send(made(100, shape), [OverGrpc(minimal_jaeger.otlp)], rate=200)
    assert outcome.seconds >= 0.5, "100 traces at 200 a second"
    taker = Taker()
    assert 0.5 <= send(made(100, shape), [taker], rate=200).seconds < 2, "the same, where nobody has to be waited for"
    assert taker.spans == 300
    assert sum(one.error for one in outcome.traces) == 10
    assert sum(one.slow for one in outcome.traces) == 5
    assert not [one for one in outcome.traces if one.error and one.slow]
    for trace in outcome.traces:
        found = minimal_jaeger.until_found(trace.id)
        assert any(span.tags.get("error") for span in found.spans) == trace.error
        assert (found.roots[0].seconds > 2) == trace.slow


def test_a_jaeger_with_memory_alone_forgets_and_comes_back_at_its_address(tmp_path: Path) -> None:
    server = Jaeger(folder=tmp_path, text=jaeger_in_memory())
    try:
        server.start()
        sender = OverGrpc(server.otlp)
        (before,) = send(made(1, Shape()), [sender]).traces
        server.until_found(before.id)
        server.kill()
        assert not server.is_healthy()
        server.start()
        assert server.trace(before.id) is None, "so that a trace found after a restart was kept by somebody"
        (after,) = send(made(1, Shape()), [OverGrpc(server.otlp)]).traces
        server.until_found(after.id)
    finally:
        server.stop()


def test_a_line_pushed_to_loki_is_found_by_its_trace(tmp_path: Path) -> None:
    with loki.running(tmp_path, loki_on_disk(), {LOKI_FOLDER: str(tmp_path / "data")}) as server:
        resource = {"service.name": "users", "service.instance.id": "one"}
        push(server, "user created", resource, {"trace_id": "a1"})
        push(server, "user removed", resource, {"trace_id": "b2"})

        def found() -> list[loki.Entry]:
            return server.entries('{service_name="users"} | trace_id="a1"')

        (entry,) = server.until(found, "the line is found")
        assert (entry.line, entry.labels["trace_id"]) == ("user created", "a1")
        assert len(server.entries('{service_name="users"}')) == 2
        assert "service_name" in server.labels()
        assert "trace_id" not in server.labels(), "a label would make a stream of each request"
        assert server.settings()["common"]["path_prefix"] == str(tmp_path / "data")


def test_a_collectors_spans_reach_a_kafka_that_asks_for_a_login(tmp_path: Path) -> None:
    for name in ("kafka", "collector", "stranger"):
        (tmp_path / name).mkdir()
    with kafka.running(tmp_path / "kafka") as broker:
        environment = {"PASSWORD": broker.password, "SSL_CERT_FILE": str(broker.authority)}
        replacements = {"kafka.example.com:9093": broker.address}
        with collector.running(tmp_path / "collector", collector_to_kafka(), replacements, environment) as server:
            (sent,) = send(made(1, Shape(services=("users",))), [OverGrpc(server.otlp)]).traces
            server.until(lambda: server.total("otelcol_exporter_sent_spans_total") == 1, "the span is sent")
        # The first to ask may be told to stop before the broker has answered.
        (message,) = eventually(lambda: broker.messages("spans"), "Kafka has the span")
        assert sent.id in message, "it is JSON, so its id can be read"
        stranger = {**environment, "PASSWORD": "another password"}
        with collector.running(tmp_path / "stranger", collector_to_kafka(), replacements, stranger) as server:
            send(made(1, Shape(services=("users",))), [OverGrpc(server.otlp)])
            server.until(lambda: "SASL_AUTHENTICATION_FAILED" in server.process.errors.read_text(), "it is refused")


@pytest.mark.parametrize("tool", [COLLECTOR, JAEGER], ids=lambda tool: tool.name)
def test_a_valid_configuration_has_no_complaint_and_a_wrong_one_has_the_programs_words(
    tool: GoTool, tmp_path: Path
) -> None:
    valid = collector_before(BACKEND) if tool is COLLECTOR else jaeger_in_memory()
    assert not collector.complaint(valid, tmp_path, tool=tool)
    unknown = json.loads(valid)
    unknown["service"]["pipelines"]["traces"]["exporters"].append("nowhere")
    assert 'references exporter "nowhere" which is not configured' in collector.complaint(
        json.dumps(unknown), tmp_path, tool=tool
    )
    misspelt = json.loads(valid)
    misspelt["receivers"]["otlp"]["protocols"]["grpc"]["end_point"] = ""
    assert "has invalid keys: end_point" in collector.complaint(json.dumps(misspelt), tmp_path, tool=tool)


def test_a_collector_that_does_not_start_says_why(tmp_path: Path) -> None:
    refused = json.loads(collector_before(BACKEND))
    refused["exporters"]["otlp_grpc"]["endpoint"] = ""
    with (
        pytest.raises(AssertionError, match=r"otelcol ended with 1.*\n(?:.*\n)*.*endpoint"),
        collector.running(tmp_path, json.dumps(refused)),
    ):
        pass


def test_addresses_and_folders_of_the_cluster_are_replaced_and_nothing_else() -> None:
    cluster = {
        "receivers": {"otlp": {"endpoint": "${env:POD_IP}:4317"}, "both": {"endpoint": "[::]:4318"}},
        "exporters": {"a": {"endpoint": "jaeger:4317"}, "b": {"endpoint": "http://prometheus:9090/api"}},
        "extensions": {"file_storage": {"directory": "/var/lib/queue/traces", "timeout": "1s"}},
        "telemetry": {"host": "0.0.0.0", "port": 8888},  # noqa: S104 - replaced
        "number": 4317,
    }
    ports = Ports()
    replacements = {"jaeger:4317": "127.0.0.1:1", "prometheus:9090": "127.0.0.1:2", "/var/lib/queue": "/tmp/queue"}
    assert yaml.safe_load(collector_document.local(json.dumps(cluster), ports, replacements)) == {
        "receivers": {"otlp": {"endpoint": ports.address(4317)}, "both": {"endpoint": ports.address(4318)}},
        "exporters": {"a": {"endpoint": "127.0.0.1:1"}, "b": {"endpoint": "http://127.0.0.1:2/api"}},
        "extensions": {"file_storage": {"directory": "/tmp/queue/traces", "timeout": "1s"}},
        "telemetry": {"host": "127.0.0.1", "port": ports[8888]},
        "number": 4317,
    }
    with pytest.raises(AssertionError, match=r"loki:3100.*is nowhere"):
        collector_document.local(json.dumps(cluster), ports, {"loki:3100": "127.0.0.1:3"})


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        (COLLECTOR, ["--version"], f"otelcol version {COLLECTOR_VERSION}\n"),
        (JAEGER, ["version"], f'"gitVersion":"v{JAEGER_VERSION}"'),
        (LOKI, ["-version"], f"loki, version {LOKI_VERSION} "),
    ],
    ids=lambda one: one.name if isinstance(one, GoTool) else "",
)
def test_each_server_says_its_release(tool: GoTool, arguments: list[str], said: str, tmp_path: Path) -> None:
    process = Process(tool.name, [built(tool), *arguments], folder=tmp_path)
    assert process.ended(within=processes.PATIENCE) == 0, process.tail()
    assert said in process.output.read_text()
