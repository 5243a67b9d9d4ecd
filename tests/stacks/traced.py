"""Platforms that trace and log, each storage and each mesh among them."""

from __future__ import annotations

from typing import Any

import pytest

from components.isolation.checklist import check
from stacks.assembly import render
from stacks.schema.platform import NodeAgents, Platform
from tests.stacks.meshed import AMBIENT, MESH, SERVICE
from tests.stacks.random_catalogues import platform
from tests.stacks.test_observability_network import WATCHED

LOGIN = {"username": "jaeger", "password": "storage-password"}
CIDRS = ["198.51.100.0/24"]
SEARCH = {"url": "https://es.example.com:9200", "login": LOGIN, "cidrs": CIDRS}
CASSANDRA = {"hosts": ["c1.example.com", "c2.example.com"], "datacentre": "dc1", "login": LOGIN, "cidrs": CIDRS}
VENDOR = {"url": "https://otlp.example.com", "headers": {"api-key": "vendor-key"}, "cidrs": CIDRS}
STORAGES: dict[str, dict[str, Any]] = {
    "memory": {"storage": {"memory": 1000}},
    "badger": {"storage": {"badger": "1Gi"}, "retention": "7d"},
    "elasticsearch": {"storage": {"elasticsearch": SEARCH}, "retention": "7d"},
    "opensearch": {"storage": {"opensearch": SEARCH}, "retention": "7d"},
    "cassandra": {"storage": {"cassandra": CASSANDRA}, "retention": "7d"},
    "vendor": {"storage": {"otlp": VENDOR}},
}
SPLIT = {"jaeger", "jaeger-collector"}
PARTS = {
    "memory": {"jaeger"},
    "badger": {"jaeger"},
    "elasticsearch": SPLIT | {"jaeger-index-cleaner"},
    "opensearch": SPLIT | {"jaeger-index-cleaner"},
    "cassandra": SPLIT,
    "vendor": set[str](),
}
HOSTS = {
    "elasticsearch": {"es.example.com"},
    "opensearch": {"es.example.com"},
    "cassandra": {"c1.example.com", "c2.example.com"},
    "vendor": {"otlp.example.com"},
}
TAIL = {"sampling": {"tail": {"rest": "10%"}}}
LOGS: dict[str, dict[str, Any]] = {
    "loki": {"loki": "1Gi", "retention": "7d"},
    "elasticsearch": {"elasticsearch": SEARCH},
    "kafka": {"kafka": {"brokers": ["kafka.example.com"], "login": LOGIN, "cidrs": CIDRS}},
}
MESHES: dict[str, Any] = {"none": None, "sidecar": MESH, "ambient": AMBIENT}
each_storage = pytest.mark.parametrize("storage", STORAGES)
each_mesh = pytest.mark.parametrize("mesh", MESHES)


def traced(storage: str = "memory", *, tail: bool = False, logs: str | None = None, **settings: Any) -> dict[str, Any]:
    """What an environment says of its observability."""
    tracing = STORAGES[storage] | (TAIL if tail else {})
    kept = {"logs": {"namespace": "nodes", "nodes": 3, "storage": LOGS[logs]}} if logs else {}
    return WATCHED | {"tracing": tracing | settings} | kept


def running(mesh: str, observability: dict[str, Any], **environment: Any) -> Platform:
    chosen: dict[str, Any] = environment | (
        {"mesh": MESHES[mesh] | {"telemetry": {"sampling": "100%"}}} if MESHES[mesh] else {}
    )
    return platform(
        {"users": SERVICE | {"ports": {"grpc": 50051, "metrics": 8081}}}, observability=observability, **chosen
    )


def violations(resolved: Platform) -> list[str]:
    found = check(render(resolved), production=False, secrets_from_cluster=frozenset(resolved.every_secret))
    return [str(one) for one in found]


def agents(resolved: Platform) -> NodeAgents:
    assert resolved.node_agents is not None
    return resolved.node_agents
