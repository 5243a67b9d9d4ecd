"""What is collected of others is what rules and dashboards use: nothing is missing, and nothing is paid for in vain."""

from __future__ import annotations

import pytest

from components.observability.exporters.certificate_metrics import EXPIRATION
from components.observability.exporters.kube_state_metrics import KINDS
from components.observability.prometheus.scrape_jobs import CADVISOR_METRICS, KUBELET_METRICS
from tests.observability.foreign_metrics import SOURCES


@pytest.mark.parametrize(
    ("source", "collected"),
    [
        ("kube-state-metrics", {EXPIRATION, *(name for kind in KINDS.values() for name in kind.metrics)}),
        ("cadvisor", set(CADVISOR_METRICS)),
        ("kubelet", set(KUBELET_METRICS)),
    ],
)
def test_exactly_the_metrics_in_use_are_collected(source: str, collected: set[str]) -> None:
    used = set(SOURCES[source].metrics)
    assert used - collected == set(), "a rule or panel would be without data"
    assert collected - used == set(), "nobody looks at them; rules' and dashboards' own tests keep the table true"
