"""What the tests ask of dashboards: functions that name what they find, so that planted mistakes can be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from grafana_foundation_sdk.models import units

from tests.observability.promql import selectors

Json = dict[str, Any]

BUILT_IN: Final = {"__rate_interval", "__interval", "__range", "__url_time_range", "__value.text"}
"""https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables"""
UNITS: Final = frozenset(value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str))
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_][\w.]*)(?::\w+)?\}?")
_CHOSEN: Final = {"__rate_interval": "5m", "__interval": "1m", "__range": "3h"}


def panels(dashboard: Json) -> list[Json]:
    """The panels that show something: all but the rows' headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard: Json, chosen: str = "chosen") -> Iterator[tuple[str, str]]:
    """Each panel's title and each of its queries, as Prometheus gets them when `chosen` is chosen of every variable."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield panel["title"], _VARIABLE.sub(lambda found: _CHOSEN.get(found[1], chosen), target["expr"])


def unexplained(panel: Json) -> list[str]:
    """What a person misses to understand a panel."""
    found = []
    if not panel.get("title"):
        found.append("it has no title")
    if not panel.get("description", "").endswith((".", ").")):
        found.append("it has no description of whole sentences")
    unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit", "")
    if unit not in UNITS and not unit.startswith("suffix:"):
        found.append(f"Grafana has no unit {unit!r}")
    return found


def unknown(dashboard: Json, known: Mapping[str, AbstractSet[str]]) -> Iterator[str]:
    """Metrics, and labels of them, that nobody exports or records. `known` is metric → its labels."""
    for title, expression in expressions(dashboard):
        for selector in selectors(expression):
            if selector.metric not in known:
                yield f"{title}: nobody exports {selector.metric}"
            elif wrong := selector.labels - known[selector.metric]:
                yield f"{title}: {selector.metric} has no {', '.join(sorted(wrong))}"


def undefined(dashboard: Json) -> set[str]:
    """Variables that queries, links and data sources use, and nobody defines."""
    defined = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = {name for text in _texts(dashboard["panels"]) for name in _VARIABLE.findall(text)}
    return used - defined - BUILT_IN


def fixed_sources(dashboard: Json) -> list[str]:
    """Panels whose data source is that of one Grafana, and not the dashboard's variable."""
    return [
        panel["title"]
        for panel in panels(dashboard)
        if any(one["datasource"]["uid"] != "${datasource}" for one in (panel, *panel["targets"]))
    ]


def overlapping(dashboard: Json) -> list[str]:
    """Panels that lie on others, or beside the grid."""
    taken: set[tuple[int, int]] = set()
    found = []
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        if cells & taken or any(x >= 24 for x, _ in cells):
            found.append(panel["title"])
        taken |= cells
    return found


def without_traces(dashboard: Json) -> list[str]:
    """Panels that ask for the traces of recorded series, which have none."""
    return [
        panel["title"]
        for panel in panels(dashboard)
        for target in panel["targets"]
        if target["exemplar"] and ":" in target["expr"].split("{")[0]
    ]


def linked(dashboard: Json) -> set[str]:
    """The uids of dashboards that links lead to."""
    return {uid for text in _texts(dashboard["panels"]) for uid in re.findall(r"^/d/([\w-]+)", text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
