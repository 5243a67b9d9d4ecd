"""Every dashboard: what Grafana takes, and what a person understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.observability.dashboards import panels, schema
from tests.observability.dashboards.panels import Json
from tests.observability.dashboards.rendered import every, rendered, sample


@pytest.mark.parametrize("dashboard", every())
def test_grafana_takes_every_dashboard(dashboard: Json) -> None:
    assert schema.problems(dashboard) == []


def _first_graph(dashboard: Json) -> Json:
    return next(panel for panel in panels.panels(dashboard) if panel["type"] == "timeseries")


def _misspell(dashboard: Json) -> None:
    _first_graph(dashboard)["fieldConfig"]["defaults"]["custom"]["drawStile"] = "line"


def _choose_nothing(dashboard: Json) -> None:
    _first_graph(dashboard)["options"]["tooltip"]["mode"] = "some"


def _mistype(dashboard: Json) -> None:
    _first_graph(dashboard)["gridPos"]["w"] = "24"


def _misplace(dashboard: Json) -> None:
    dashboard["templating"]["list"][0]["type"] = "store"


@pytest.mark.parametrize("plant", [_misspell, _choose_nothing, _mistype, _misplace])
def test_what_grafana_would_not_take_is_seen(plant: Callable[[Json], None]) -> None:
    dashboard = sample()
    plant(dashboard)
    assert schema.problems(dashboard)


@pytest.mark.parametrize("dashboard", every())
def test_every_panel_says_what_it_shows_and_in_which_unit(dashboard: Json) -> None:
    assert {panel["title"]: found for panel in panels.panels(dashboard) if (found := panels.unexplained(panel))} == {}


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda panel: panel.pop("description"), "it has no description of whole sentences"),
        (lambda panel: panel["fieldConfig"]["defaults"].update(unit="parsecs"), "Grafana has no unit 'parsecs'"),
        (lambda panel: panel["fieldConfig"]["defaults"].pop("unit"), "Grafana has no unit ''"),
    ],
)
def test_a_panel_that_explains_nothing_is_seen(change: Callable[[Json], Any], seen: str) -> None:
    panel = panels.panels(sample())[0]
    change(panel)
    assert panels.unexplained(panel) == [seen]


@pytest.mark.parametrize("dashboard", every())
def test_a_dashboard_defines_every_variable_that_it_uses(dashboard: Json) -> None:
    assert panels.undefined(dashboard) == set()


def test_a_variable_that_nobody_defines_is_seen() -> None:
    dashboard = sample()
    panels.panels(dashboard)[0]["targets"][0]["expr"] = 'sum(up{pod=~"$pod", service=~"${service:regex}"})'
    assert panels.undefined(dashboard) == {"pod"}


@pytest.mark.parametrize("dashboard", every())
def test_the_data_source_is_chosen_by_a_variable(dashboard: Json) -> None:
    assert panels.fixed_sources(dashboard) == [], "a uid is one Grafana's own"


def test_a_fixed_data_source_is_seen() -> None:
    dashboard = sample()
    panels.panels(dashboard)[0]["targets"][0]["datasource"]["uid"] = "P1809F7CD0C75ACF3"
    assert panels.fixed_sources(dashboard) == ["Requests"]


@pytest.mark.parametrize("dashboard", every())
def test_panels_lie_beside_each_other_and_are_numbered(dashboard: Json) -> None:
    assert panels.overlapping(dashboard) == []
    assert [panel["id"] for panel in dashboard["panels"]] == list(range(1, len(dashboard["panels"]) + 1))


def test_a_panel_on_another_one_is_seen() -> None:
    dashboard = sample()
    second = panels.panels(dashboard)[1]
    second["gridPos"]["x"] -= 1
    assert panels.overlapping(dashboard) == [second["title"]]


@pytest.mark.parametrize("dashboard", every())
def test_traces_are_asked_for_only_where_there_are_some(dashboard: Json) -> None:
    assert panels.without_traces(dashboard) == [], "recorded series have no exemplars"


def test_traces_of_a_recorded_series_are_seen() -> None:
    dashboard = sample()
    panels.panels(dashboard)[0]["targets"][0]["exemplar"] = True
    assert panels.without_traces(dashboard) == ["Requests"]


def test_durations_of_requests_and_of_calls_lead_to_traces() -> None:
    found = [
        panel["title"]
        for panel in panels.panels(rendered("everything")["requests"])
        if any(target["exemplar"] for target in panel["targets"])
    ]
    assert found == ["P99, with traces", "P99 of calls"]
