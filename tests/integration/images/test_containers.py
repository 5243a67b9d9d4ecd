"""Each container, run as its Pod would be: it starts, answers, is measured, and ends when it is asked to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.images.containers import Container

RUNTIME_METRICS = {
    "gateway": ("go_goroutines", "process_resident_memory_bytes"),
    "orders": ("go_goroutines", "process_resident_memory_bytes"),
    "users": ("jvm_memory_used_bytes", "jvm_gc_pause_seconds", "hikaricp_connections"),
    "fulfilment": ("jvm_memory_used_bytes", "jvm_threads_live_threads"),
    "recommendations": ("python_gc_objects_collected_total", "process_resident_memory_bytes"),
}
"""Service → metrics by which its runtime is watched."""
METRICS_PATHS = {"users": "/actuator/prometheus", "fulfilment": "/actuator/prometheus"}


@pytest.mark.parametrize("service", RUNTIME_METRICS)
def test_a_container_becomes_ready_and_serves_its_metrics(service: str, start: Callable[[str], Container]) -> None:
    container = start(service)
    container.until_ready()
    text = container.metrics(METRICS_PATHS.get(service, "/metrics"))
    missing = [name for name in RUNTIME_METRICS[service] if f"\n{name}" not in f"\n{text}"]
    assert not missing, f"{service} can't be watched without {missing}"


@pytest.mark.parametrize("service", RUNTIME_METRICS)
def test_a_container_ends_with_0_within_its_grace_period(service: str, start: Callable[[str], Container]) -> None:
    container = start(service)
    container.until_ready()
    code, seconds = container.terminate()
    assert code == 0, f"a rollout would look like a crash:\n{container.log()}"
    assert seconds < container.rendered.grace, "Kubernetes would have killed it"


def test_a_container_that_cannot_start_says_why(start: Callable[[str], Container]) -> None:
    """With the check of readiness as it is, a container that has ended fails at once, and shows its log."""
    container = start("gateway")
    container.container.kill(signal="SIGKILL")
    container.container.wait()
    with pytest.raises(AssertionError, match="gateway has ended"):
        container.until_ready()
