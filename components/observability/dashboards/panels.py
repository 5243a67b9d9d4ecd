"""The kinds of panel that dashboards consist of. Each starts from the same defaults, so that all look alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import heatmap as heatmap_builders
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common, dashboard, heatmap
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATA_SOURCE: Final = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The dashboard's variable: no dashboard names a data source of one Grafana."""

GREEN: Final = "green"
ORANGE: Final = "orange"
RED: Final = "red"

Panel = Builder[dashboard.Panel]


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query of Prometheus."""

    expression: str
    legend: str = ""
    """Grafana's template of a series' name, e.g. ``{{service}}``; empty for a single series."""
    exemplars: bool = False
    """Whether traces are drawn over it. Recorded series have none: the query must be one of the application's own."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: the value of a query now."""

    title: str
    expression: str
    unit: str
    steps: Sequence[tuple[float, str]] = ()
    """From which value on its cells are of which colour."""


def graph(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    limits: Sequence[tuple[float, str]] = (),
    least: float | None = 0,
    most: float | None = None,
    stacked: bool = False,
) -> Panel:
    """Return lines over time, from 0 unless said otherwise; `limits` are dashed lines: what alerts watch."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(unit)
        .targets(_targets(queries))
        .line_width(1)
        .fill_opacity(30 if stacked else 8)
        .show_points(common.VisibilityMode.NEVER)
        .span_nulls(False)
        .legend(
            common_builders.VizLegendOptions()
            .show_legend(any(query.legend for query in queries))
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .calcs([])
        )
        .tooltip(
            common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
    )
    if stacked:
        panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if least is not None:
        panel.min(least)
    if most is not None:
        panel.max(most)
    if limits:
        panel.thresholds(_steps(limits)).thresholds_style(
            common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        )
    return panel


def number(
    title: str, description: str, unit: str, expression: str, *, steps: Sequence[tuple[float, str]] = ()
) -> Panel:
    """Return one value, as it is now, with its course behind it."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(unit)
        .with_target(_target(0, Query(expression=expression)).range())
        .graph_mode(common.BigValueGraphMode.AREA)
        .color_mode(common.BigValueColorMode.VALUE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .thresholds(_steps(steps))
    )


def spread(title: str, description: str, unit: str, expression: str) -> Panel:
    """Return how the buckets of a histogram fill over time; the expression's label ``le`` names them."""
    return (
        heatmap_builders.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(unit)
        .with_target(_target(0, Query(expression=expression, legend="{{le}}")).format(PromQueryFormat.HEATMAP).range())
        .calculate(False)
        .y_axis(heatmap_builders.YAxisConfig().unit(unit))
        .color(
            heatmap_builders.HeatmapColorOptions()
            .mode(heatmap.HeatmapColorMode.SCHEME)
            .scheme("Oranges")
            .steps(64)
            .exponent(0.5)
            .reverse(False)
            .fill("dark-orange")
        )
    )


def table_of(
    title: str,
    description: str,
    labels: Mapping[str, str],
    columns: Sequence[Column],
    *,
    links: Mapping[str, tuple[str, str]] | None = None,
) -> Panel:
    """Return a row for each set of `labels` (label → heading), and the value of each column's query in it.

    `links` are label → what a click on its cell offers, and where that leads. Labels that are not named are hidden.
    """
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(columns[0].unit)
        .targets(
            [
                _target(place, Query(expression=column.expression)).format(PromQueryFormat.TABLE).instant()
                for place, column in enumerate(columns)
            ]
        )
        .filterable(True)
    )
    for transformation in _merged(labels, columns):
        panel.with_transformation(transformation)
    for column in columns:
        properties = [dashboard.DynamicConfigValue(id_val="unit", value=column.unit)]
        if column.steps:
            properties += [
                dashboard.DynamicConfigValue(id_val="thresholds", value=_steps(column.steps).build()),
                dashboard.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
            ]
        panel.override_by_name(column.title, properties)
    for label, (text, address) in (links or {}).items():
        link = {"title": text, "url": address}
        panel.override_by_name(labels[label], [dashboard.DynamicConfigValue(id_val="links", value=[link])])
    return panel


def _merged(labels: Mapping[str, str], columns: Sequence[Column]) -> list[dashboard.DataTransformerConfig]:
    """Return what makes one table of several queries' results, with their headings, in this order."""
    results = ["Value"] if len(columns) == 1 else [f"Value #{_reference(place)}" for place in range(len(columns))]
    headings = dict(labels) | {result: column.title for result, column in zip(results, columns, strict=True)}
    return [
        dashboard.DataTransformerConfig(id_val="merge", options={}),
        dashboard.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(headings)}}),
        dashboard.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {},
                "indexByName": {name: place for place, name in enumerate(headings)},
                "renameByName": headings,
            },
        ),
    ]


def _targets(queries: Sequence[Query]) -> list[Builder[Dataquery]]:
    return [_target(place, query).range() for place, query in enumerate(queries)]


def _target(place: int, query: Query) -> prometheus.Dataquery:
    target = prometheus.Dataquery().datasource(DATA_SOURCE).ref_id(_reference(place)).expr(query.expression)
    if query.legend:
        target.legend_format(query.legend)
    return target.exemplar(query.exemplars)


def _reference(place: int) -> str:
    return chr(ord("A") + place)


def _steps(steps: Sequence[tuple[float, str]]) -> dashboard_builders.ThresholdsConfig:
    """Return thresholds: green below the first, unless the first begins lower than everything."""
    base = [] if steps and steps[0][0] == LOWEST else [dashboard.Threshold(value=None, color=GREEN)]
    return (
        dashboard_builders.ThresholdsConfig()
        .mode(dashboard.ThresholdsMode.ABSOLUTE)
        .steps(
            base
            + [dashboard.Threshold(value=None if value == LOWEST else value, color=colour) for value, colour in steps]
        )
    )


LOWEST: Final = float("-inf")
"""For a first step that begins below every value, in place of green."""
