from pathlib import Path

import pytest

from recommendations.settings import SAMPLE, InvalidSettings, Settings, Tracing, read
from tests.conformance import shared


def test_an_empty_environment_is_enough() -> None:
    assert read({}) == Settings(
        service="recommendations",
        grpc_port=50051,
        metrics_port=8081,
        log_level="info",
        drain_timeout=15.0,
        purchases=SAMPLE,
        tracing=Tracing(endpoint=None, protocol="http/protobuf"),
    )


def test_every_setting_comes_from_its_variable(tmp_path: Path) -> None:
    purchases = tmp_path / "purchases.json"
    purchases.touch()
    settings = read(
        {
            "OTEL_SERVICE_NAME": "recommendations-canary",
            "GRPC_PORT": "9000",
            "METRICS_PORT": "0",
            "LOG_LEVEL": "DEBUG",
            "DRAIN_TIMEOUT": "500ms",
            "PURCHASES_FILE": str(purchases),
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        }
    )
    assert settings == Settings(
        service="recommendations-canary",
        grpc_port=9000,
        metrics_port=0,
        log_level="debug",
        drain_timeout=0.5,
        purchases=purchases,
        tracing=Tracing(endpoint="http://collector:4317", protocol="grpc"),
    )


def test_an_empty_variable_counts_as_unset() -> None:
    assert read({"GRPC_PORT": "", "LOG_LEVEL": "", "OTEL_EXPORTER_OTLP_ENDPOINT": ""}) == read({})


def test_one_error_names_every_malformed_variable() -> None:
    environment = {
        "GRPC_PORT": "65536",
        "METRICS_PORT": "+1",
        "LOG_LEVEL": "loud",
        "DRAIN_TIMEOUT": "15",
        "PURCHASES_FILE": "/nowhere/purchases.json",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
    }
    with pytest.raises(InvalidSettings) as raised:
        read(environment)
    for name, value in environment.items():
        assert f"{name} must be" in str(raised.value)
        assert f"{value!r}" not in str(raised.value), "it may be a secret"


def test_durations_are_written_as_in_every_language() -> None:
    durations = shared("settings.json")
    for text, seconds in durations["durations"].items():
        assert read({"DRAIN_TIMEOUT": text}).drain_timeout == pytest.approx(seconds, abs=1e-9)
    for text in durations["no_durations"]:
        with pytest.raises(InvalidSettings, match="DRAIN_TIMEOUT must be"):
            read({"DRAIN_TIMEOUT": text})


def test_the_variables_of_traces_win_over_the_general_ones() -> None:
    tracing = read(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://all:4318",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:4317",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
        }
    ).tracing
    assert tracing == Tracing(endpoint="http://traces:4317", protocol="grpc")


def test_the_exporter_none_sends_no_spans() -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}
    assert read(environment).tracing.endpoint is None
