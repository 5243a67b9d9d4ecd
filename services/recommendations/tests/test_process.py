"""The service as it runs in its container: a process with an environment, two ports, standard output and signals."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shop.recommendations.v1 import recommendations_pb2_grpc as contract
from tests.conformance import shared
from tests.running import TIMEOUT, asked, scrape

HOME = Path(__file__).parents[1]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


class Process:
    """A service that has started, and the lines that it logged so far."""

    def __init__(self, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "recommendations"],
            cwd=HOME,
            env={"PATH": os.defpath, "GRPC_PORT": "0", "METRICS_PORT": "0"} | environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[dict[str, Any]] = []
        self.read_until("started")
        ports = {line["for"]: line["port"] for line in self.lines if line["msg"] == "listening"}
        self.grpc_port: int = ports["grpc"]
        self.metrics_port: int = ports["metrics"]

    def read_until(self, message: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self.lines.append(json.loads(text))
            if self.lines[-1]["msg"] == message:
                return self.lines[-1]
        raise AssertionError(f"{message!r} was never logged, but {self.lines}")

    def call(self) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            contract.RecommendationServiceStub(channel).ListRecommendations(
                asked(), timeout=TIMEOUT, metadata=(("traceparent", f"00-{TRACE}-{PARENT}-01"),)
            )

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        self._process.send_signal(signal.SIGTERM)
        output, _ = self._process.communicate(timeout=20)
        self.lines += [json.loads(text) for text in output.splitlines()]
        return self._process.returncode

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def process(**environment: str) -> Iterator[Process]:
    started = Process(**environment)
    try:
        yield started
    finally:
        started.kill()


def refused(**environment: str) -> tuple[int, list[dict[str, Any]]]:
    ended = subprocess.run(
        [sys.executable, "-m", "recommendations"],
        cwd=HOME,
        # As in the image: without it gRPC's core writes lines of its own.
        env={"PATH": os.defpath, "GRPC_VERBOSITY": "NONE", "GRPC_PORT": "0", "METRICS_PORT": "0"} | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert ended.stderr == "", "everything that the process says is JSON, on standard output"
    return ended.returncode, [json.loads(text) for text in ended.stdout.splitlines()]


def test_it_answers_is_scraped_and_ends_with_0_on_sigterm() -> None:
    with process() as one:
        one.call()
        assert 'rpc_server_duration_seconds_count{code="OK",method="ListRecommendations"} 1.0' in scrape(
            one.metrics_port
        )
        assert one.stop() == 0
        assert [line["msg"] for line in one.lines] == [
            *("listening", "listening", "started", "call answered", "draining", "stopped")
        ]


def test_each_line_is_json_and_that_of_a_call_carries_its_trace() -> None:
    with process() as one:
        one.call()
        line = one.read_until("call answered")
    form = shared("telemetry.json")["log"]
    for each in one.lines:
        assert set(form["fields"]) <= set(each) and each["level"] in form["levels"]
        assert re.fullmatch(form["time"], each["time"])
    assert {*form["trace"], *form["call"]["fields"]} <= set(line) and line["msg"] == form["call"]["msg"]
    assert set(form["life"]) - {"draining", "stopped"} <= {each["msg"] for each in one.lines}
    assert line["service"] == "recommendations" and line["level"] == "info"
    assert line["trace_id"] == TRACE and len(line["span_id"]) == 16
    assert (line["method"], line["code"]) == ("ListRecommendations", "OK")


def test_the_name_in_the_log_is_the_one_in_the_traces() -> None:
    _, lines = refused(OTEL_SERVICE_NAME="recommendations-canary", LOG_LEVEL="loud")
    assert lines[0]["service"] == "recommendations-canary"


def test_wrong_settings_end_with_2_and_one_line() -> None:
    code, lines = refused(GRPC_PORT="nonsense", LOG_LEVEL="loud")
    assert code == 2 and len(lines) == 1
    assert "GRPC_PORT" in lines[0]["msg"] and "LOG_LEVEL" in lines[0]["msg"] and lines[0]["level"] == "error"


def test_purchases_that_are_none_end_with_2(tmp_path: Path) -> None:
    path = tmp_path / "purchases.json"
    path.write_text("[]")
    code, lines = refused(PURCHASES_FILE=str(path))
    assert code == 2 and len(lines) == 1 and str(path) in lines[0]["msg"]


@pytest.mark.parametrize("name", ["GRPC_PORT", "METRICS_PORT"])
def test_a_port_that_is_taken_ends_with_1_and_one_line(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, lines = refused(**{name: str(taken.getsockname()[1])})
    assert code == 1 and [line["level"] for line in lines] == ["error"]
    assert "can't start" in lines[0]["msg"]


def test_spans_reach_the_collector_before_the_process_ends() -> None:
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{collector.server_port}"
        with process(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_COMPRESSION="none") as one:
            one.call()
            assert one.stop() == 0
        collector.shutdown()
    (body,) = received
    (spans,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert {a.key: a.value.string_value for a in spans.resource.attributes}["service.name"] == "recommendations"
    assert spans.scope_spans[0].spans[0].trace_id.hex() == TRACE


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_that_answers_nobody_delays_neither_calls_nor_the_end(protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with process(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol) as one:
            one.call()
            begun = time.monotonic()
            assert one.stop() == 0
            assert time.monotonic() - begun < TIMEOUT
