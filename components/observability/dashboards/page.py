"""A dashboard as a whole: its rows, its variables, and the ways from it to the others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard

from components.observability.dashboards.index import Entry
from components.observability.dashboards.panels import Panel

WIDTH: Final = 24
"""Columns of Grafana's grid."""
TAG: Final = "polyglot"
"""Of all these dashboards: the list that leads from one to the others asks for it."""
ALL: Final = "$__all"
SERVICE: Final = "service"
"""The variable that dashboards hand to each other."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels of equal width (to a column), side by side, under one heading."""

    title: str
    panels: Sequence[Panel]
    height: int = 8
    """In Grafana's units of 30 pixels."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a dashboard's variable may be set to. Queries compare it as an expression: ``service=~"$service"``."""

    label: str
    values: Mapping[str, str]
    """What people read → what queries are given."""
    first: str = ""
    """What is chosen at first, as people read it; everything where empty."""
    name: str = SERVICE


def services(names: Iterable[str], *, everything: bool = False) -> Choice:
    """Return the choice of a service, at first the first one or `everything`."""
    values = {name: name for name in names}
    return Choice(label="Service", values=values, first="" if everything else next(iter(values)))


def page(
    entry: Entry, description: str, rows: Sequence[Row], *, choice: Choice | None = None, since: str = "now-3h"
) -> dashboard.Dashboard:
    """Return a dashboard of these rows, showing the time since `since`."""
    builder = (
        builders.Dashboard(entry.title)
        .uid(entry.uid)
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .time(since, "now")
        .refresh("1m")
        .readonly()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .with_variable(_data_source())
        .link(_others())
    )
    if choice is not None:
        builder.with_variable(_variable(choice))
    for row in rows:
        _add(builder, row)
    built = builder.build()
    # The library numbers none, and Grafana numbers anew on each load: links to a panel would break.
    for number, panel in enumerate(built.panels or [], start=1):
        panel.id_val = number
    return built


def service_link(entry: Entry) -> str:
    """Return the address of another dashboard for the service that a table's cell names, over the same time."""
    return f"/d/{entry.uid}?var-{SERVICE}=${{__value.text}}&${{__url_time_range}}"


def _add(builder: builders.Dashboard, row: Row) -> None:
    builder.with_row(builders.Row(row.title))
    edges = [WIDTH * place // len(row.panels) for place in range(len(row.panels) + 1)]
    for panel, (left, right) in zip(row.panels, pairwise(edges), strict=True):
        panel.build().grid_pos = dashboard.GridPos(h=row.height, w=right - left)
        builder.with_panel(panel)


def _data_source() -> builders.DatasourceVariable:
    return (
        builders.DatasourceVariable("datasource")
        .label("Prometheus")
        .type("prometheus")
        .current(dashboard.VariableOption(selected=True, text="default", value="default"))
    )


def _variable(choice: Choice) -> builders.CustomVariable:
    chosen = (
        dashboard.VariableOption(selected=True, text=choice.first, value=choice.values[choice.first])
        if choice.first
        else dashboard.VariableOption(selected=True, text="All", value=ALL)
    )
    listed = (name if name == value else f"{name} : {value}" for name, value in choice.values.items())
    return (
        builders.CustomVariable(choice.name)
        .label(choice.label)
        .values(", ".join(listed))
        .current(chosen)
        .multi(True)
        .include_all(True)
        # One short expression in place of every name.
        .all_value(".+")
    )


def _others() -> builders.DashboardLink:
    return (
        builders.DashboardLink("Dashboards")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
