"""The dashboards of platforms, as Grafana reads them."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import pytest

from components.observability.dashboards.collection import dashboard_config_maps
from components.observability.dashboards.index import config_map_name, entries
from tests.observability.dashboards.panels import Json
from tests.observability.rules.platforms import PLATFORMS


@cache
def rendered(platform: str) -> dict[str, Json]:
    """Uid → dashboard."""
    args = PLATFORMS[platform]
    files = dashboard_config_maps(args)
    return {one.uid: json.loads(files[config_map_name(one.uid)][f"{one.uid}.json"]) for one in entries(args)}


def every() -> list[Any]:
    """Each dashboard of each platform, as a parameter of a test."""
    return [
        pytest.param(dashboard, id=f"{platform}-{uid}")
        for platform in PLATFORMS
        for uid, dashboard in rendered(platform).items()
    ]


def sample() -> Json:
    """A dashboard to plant mistakes in."""
    return copy.deepcopy(rendered("everything")["requests"])
