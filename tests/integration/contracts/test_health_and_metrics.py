"""What the platform asks of a running service: its probes, and its metrics with the traces behind them."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from typing import Any

import pytest

from tests.integration.contracts import shopping
from tests.integration.contracts.platform import containers
from tests.integration.contracts.services import LISTENS, Service, samples
from tests.integration.contracts.shopping import sign_up
from tests.integration.servers.processes import LOOPBACK

RUNTIMES = {
    "gateway": {"go_goroutines", "go_gc_duration_seconds", "process_cpu_seconds"},
    "orders": {"go_goroutines", "go_gc_duration_seconds", "process_cpu_seconds"},
    "users": {
        "jvm_memory_used_bytes",
        "jvm_gc_pause_seconds",
        "jvm_threads_live_threads",
        "hikaricp_connections_active",
        "executor_queued_tasks",
    },
    "fulfilment": {"jvm_memory_used_bytes", "jvm_threads_live_threads"},
    "recommendations": {"python_gc_collections", "process_cpu_seconds", "process_resident_memory_bytes"},
}
"""Service → metrics of its runtime that dashboards draw."""
REQUESTS = {
    "gateway": "http_server_request_duration_seconds",
    "orders": "rpc_server_duration_seconds",
    "users": "rpc_server_duration_seconds",
    "recommendations": "rpc_server_duration_seconds",
    "fulfilment": "messaging_process_duration_seconds",
}
"""Service → the histogram of its requests: rate, errors and duration."""
CALLS = {"gateway": {"users", "orders", "recommendations"}, "orders": {"users"}}
"""Service → the dependencies whose calls it measures."""


@pytest.fixture(scope="module")
def trace(running: dict[str, Service]) -> str:
    """The sampled trace of an order and of its page: work for every service."""
    trace = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    with running["users"].client() as users:
        user = sign_up(users)
    created = shopping.order(running["gateway"], user.id, headers=headers)
    with running["gateway"].http() as client:
        client.get(created.headers["location"], headers=headers).raise_for_status()
    running["fulfilment"].until_logged(trace_id=trace)
    return trace


@pytest.mark.parametrize("name", LISTENS)
def test_a_service_answers_every_probe_that_the_platform_sends_it(running: dict[str, Service], name: str) -> None:
    container = containers()[name]
    for what, probe in container.probes.items():
        assert answers(running[name], container.ports, probe), f"{what} of {name}: {probe}"


def answers(service: Service, declared: Mapping[str, int], probe: Mapping[str, Any]) -> bool:
    """Send a probe as a kubelet would, to the port that stands here for the container's."""
    (kind,) = probe.keys() & {"grpc", "httpGet", "tcpSocket"}
    names = {number: name for name, number in declared.items()}
    port = names.get(probe[kind]["port"], probe[kind]["port"])
    if kind == "httpGet":
        return service.answers(probe[kind]["path"], port) == HTTPStatus.OK
    if kind == "grpc":
        with service.contracts.client(service.ports[port]) as client:
            return client.health(probe[kind].get("service", "")) == "SERVING"
    with closing(socket.create_connection((LOOPBACK, service.ports[port]), timeout=5)):
        return True


def test_a_probe_that_is_answered_otherwise_is_seen(running: dict[str, Service]) -> None:
    """The test above can fail."""
    gateway, declared = running["gateway"], containers()["gateway"].ports
    assert not answers(gateway, declared, {"httpGet": {"path": "/health/unknown", "port": "http"}})
    assert not answers(running["orders"], declared, {"grpc": {"port": "grpc", "service": "shop.unknown.v1.Service"}})


@pytest.mark.parametrize("name", [name for name, ports in LISTENS.items() if "grpc" in ports])
def test_a_grpc_service_says_how_it_is_as_a_whole_and_by_its_own_name(running: dict[str, Service], name: str) -> None:
    service = {"users": shopping.USERS, "orders": shopping.ORDERS, "recommendations": shopping.RECOMMENDATIONS}[name]
    with running[name].client() as client:
        assert (client.health(), client.health(service)) == ("SERVING", "SERVING")
        assert client.health("shop.unknown.v1.Service") == "NOT_FOUND", "as grpc.health.v1 asks"


@pytest.mark.parametrize("name", LISTENS)
def test_a_service_measures_its_runtime(running: dict[str, Service], name: str) -> None:
    assert RUNTIMES[name] <= running[name].metrics().keys()


@pytest.mark.parametrize("name", LISTENS)
@pytest.mark.usefixtures("trace")
def test_a_service_measures_rate_errors_and_duration_of_its_requests(running: dict[str, Service], name: str) -> None:
    histogram = running[name].metrics()[REQUESTS[name]]
    assert histogram.type == "histogram"
    counts = list(samples(histogram, "_count"))
    assert sum(one.value for one in counts) > 0
    outcome = "outcome" if name == "fulfilment" else "code"
    assert all(one.labels[outcome] for one in counts), "how each ended"
    bounds = {one.labels["le"] for one in samples(histogram, "_bucket")}
    assert {"0.3", "0.5", "0.8"} <= bounds, "the limits that alerts use"


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.usefixtures("trace")
def test_a_service_measures_the_calls_that_it_makes(running: dict[str, Service], name: str) -> None:
    calls = samples(running[name].metrics()["rpc_client_duration_seconds"], "_count")
    assert {one.labels["dependency"] for one in calls if one.value} == CALLS[name]


@pytest.mark.parametrize("name", LISTENS)
def test_a_service_s_histogram_leads_to_a_trace(running: dict[str, Service], name: str, trace: str) -> None:
    histogram = running[name].open_metrics(REQUESTS[name])
    exemplars = [one.exemplar for one in samples(histogram, "_bucket") if one.exemplar is not None]
    assert trace in {exemplar.labels["trace_id"] for exemplar in exemplars}
    assert all(len(exemplar.labels["span_id"]) == 16 for exemplar in exemplars)
