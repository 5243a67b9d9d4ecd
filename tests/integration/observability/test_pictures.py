"""Pictures of the dashboards of a shop that runs, for people to look at: docs/dashboards, by `make dashboards`.

Grafana itself can't be had here, so they are drawn from the answers of the same Prometheus to the same queries.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from components.observability.dashboards.index import Entry, config_map_name, entries
from tests.integration.observability.observed import Observed
from tests.integration.observability.platforms import MESHED, platform
from tests.observability.dashboards.drawing import draw
from tests.observability.dashboards.shown import Shown

_PROJECT: Final = Path(__file__).parents[3]
_LENGTH: Final = 240.0
"""Seconds that a picture shows, and so that there must be something of."""
_LARGEST: Final = 150_000
"""Bytes: the pictures are a part of the clone."""


def _entries() -> tuple[Entry, ...]:
    args = platform(MESHED).observability
    assert args is not None, "the meshed platform is watched"
    return entries(args)


@pytest.fixture(scope="module")
def shown(observed: Observed) -> Shown:
    """The last minutes of the platform with the mesh."""
    prometheus = observed.platforms[MESHED].prometheus
    began = prometheus.value('process_start_time_seconds{service="prometheus"}')
    time.sleep(max(0.0, began + _LENGTH - time.time()))
    now = time.time()
    return Shown(prometheus=prometheus, start=now - _LENGTH, end=now)


@pytest.mark.parametrize("entry", _entries(), ids=lambda entry: entry.uid)
def test_a_dashboard_can_be_drawn(
    observed: Observed, shown: Shown, entry: Entry, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (text,) = observed.platforms[MESHED].platform.config_maps[config_map_name(entry.uid)].values()
    keep = request.config.getoption("--redraw-dashboards")
    folder, models = (_PROJECT / "docs/dashboards", _PROJECT / "build/dashboards") if keep else (tmp_path, tmp_path)
    for each in (folder, models):
        each.mkdir(parents=True, exist_ok=True)
    (models / f"{entry.uid}.json").write_text(text)
    file = folder / f"{entry.uid}.png"
    draw(json.loads(text), shown, file)
    assert file.stat().st_size < _LARGEST
    with Image.open(file) as picture:
        assert len(picture.getcolors() or ()) > 8, "something is drawn"
