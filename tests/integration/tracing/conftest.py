"""Real backends of traces and logs on minimal configurations: what a platform's own do is in its tests."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any, Final

import pytest

from tests.integration.servers import collector, jaeger
from tests.integration.servers.collector import Collector
from tests.integration.servers.jaeger import Jaeger

JAEGER: Final = "jaeger:4317"
"""Where the Collector below believes Jaeger to be."""
LOKI_FOLDER: Final = "/var/loki"


def telemetry() -> dict[str, Any]:
    """A server's own metrics, to be scraped."""
    exporter = {"prometheus": {"host": "0.0.0.0", "port": collector.METRICS}}  # noqa: S104 - becomes loopback
    return {"metrics": {"readers": [{"pull": {"exporter": exporter}}]}}


def jaeger_in_memory() -> str:
    """Jaeger's configuration: OTLP in, memory, and all that is needed to search."""
    return json.dumps(
        {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "0.0.0.0:4317"}}}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "some"}},
            "extensions": {
                "healthcheckv2": {
                    "use_v2": True,
                    "http": {"endpoint": "0.0.0.0:13133", "status": {"enabled": True, "path": "/status"}},
                },
                "jaeger_storage": {"backends": {"some": {"memory": {"max_traces": 10_000}}}},
                "jaeger_query": {
                    "enable_tracing": False,
                    "storage": {"traces": "some"},
                    "http": {"endpoint": "0.0.0.0:16686"},
                    "grpc": {"endpoint": "0.0.0.0:16685"},
                },
            },
            "service": {
                "telemetry": telemetry(),
                "extensions": ["healthcheckv2", "jaeger_storage", "jaeger_query"],
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            },
        }
    )


def collector_before(backend: str) -> str:
    """A Collector's configuration: OTLP in, by both protocols, and OTLP out to the backend."""
    return json.dumps(
        {
            "receivers": {
                "otlp": {"protocols": {"grpc": {"endpoint": "0.0.0.0:4317"}, "http": {"endpoint": "0.0.0.0:4318"}}}
            },
            "exporters": {"otlp_grpc": {"endpoint": backend, "tls": {"insecure": True}}},
            "extensions": {"health_check": {"endpoint": "0.0.0.0:13133", "path": "/status"}},
            "service": {
                "telemetry": telemetry(),
                "extensions": ["health_check"],
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlp_grpc"]}},
            },
        }
    )


def loki_on_disk() -> str:
    """Loki's configuration: one process, and a folder."""
    return json.dumps(
        {
            "auth_enabled": False,
            "analytics": {"reporting_enabled": False},
            "common": {
                "instance_addr": "127.0.0.1",
                "path_prefix": LOKI_FOLDER,
                "replication_factor": 1,
                "ring": {"kvstore": {"store": "inmemory"}},
                "storage": {
                    "filesystem": {
                        "chunks_directory": f"{LOKI_FOLDER}/chunks",
                        "rules_directory": f"{LOKI_FOLDER}/rules",
                    }
                },
            },
            "schema_config": {
                "configs": [
                    {
                        "from": "2024-01-01",
                        "store": "tsdb",
                        "object_store": "filesystem",
                        "schema": "v13",
                        "index": {"prefix": "index_", "period": "24h"},
                    }
                ]
            },
        }
    )


@pytest.fixture(scope="module")
def minimal_jaeger(tmp_path_factory: pytest.TempPathFactory) -> Generator[Jaeger]:
    """A Jaeger with nothing but its memory."""
    with jaeger.running(tmp_path_factory.mktemp("jaeger"), jaeger_in_memory()) as server:
        yield server


@pytest.fixture(scope="module")
def minimal_collector(tmp_path_factory: pytest.TempPathFactory, minimal_jaeger: Jaeger) -> Generator[Collector]:
    """A Collector that hands everything on to that Jaeger."""
    folder, replacements = tmp_path_factory.mktemp("collector"), {JAEGER: minimal_jaeger.otlp}
    with collector.running(folder, collector_before(JAEGER), replacements) as server:
        yield server
