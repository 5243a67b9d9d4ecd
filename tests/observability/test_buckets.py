"""The boundaries that promises are checked against are those of the histograms."""

from __future__ import annotations

import json
from pathlib import Path

from components.observability.buckets import APPLICATION_SECONDS, MESH_SECONDS, nearest

CONTRACT = Path(__file__).parents[2] / "services/testdata/telemetry.json"


def test_the_services_histograms_have_these_boundaries() -> None:
    """Every service's own tests hold it to this file."""
    assert tuple(json.loads(CONTRACT.read_text())["buckets"]) == APPLICATION_SECONDS


def test_boundaries_rise() -> None:
    for boundaries in (APPLICATION_SECONDS, MESH_SECONDS):
        assert list(boundaries) == sorted(set(boundaries))


def test_a_duration_between_boundaries_is_told_both() -> None:
    assert nearest(0.25, APPLICATION_SECONDS) == (0.2, 0.3)
    assert nearest(0.001, APPLICATION_SECONDS) == (0.005,)
    assert nearest(60, APPLICATION_SECONDS) == (10.0,)
