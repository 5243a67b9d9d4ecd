"""Dashboards as pictures, roughly as Grafana shows them: their queries' answers, drawn panel by panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox
from PIL import Image

from tests.observability.dashboards.panels import Json
from tests.observability.dashboards.readable import readable
from tests.observability.dashboards.shown import Shown, chosen

COLUMNS: Final = 24
_WIDTH: Final = 15.0
"""Inches, at 88 dots each."""
_DOTS: Final = 88
_ROW: Final = 0.36
"""Inches of a unit of Grafana's grid."""
_COLOURS: Final = (
    "#3274d9",
    "#e0752d",
    "#37872d",
    "#a352cc",
    "#c4162a",
    "#8f3bb8",
    "#5794f2",
    "#b877d9",
    "#fa6400",
    "#56a64b",
)
_STEPS: Final = {"green": "#37872d", "orange": "#e0752d", "red": "#c4162a"}
_LEGEND: Final = 6
"""Series that a legend names; the picture is no place for more."""


def draw(dashboard: Json, shown: Shown, file: Path) -> None:
    """Write a dashboard's picture, as a PNG of few colours."""
    shown = replace(shown, choices={**chosen(dashboard), **shown.choices})
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"]) + 2
    figure = Figure(figsize=(_WIDTH, height * _ROW), dpi=_DOTS)
    figure.text(0.01, 1 - 1.2 / height, dashboard["title"], fontsize=15, weight="bold")
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        left, top = place["x"] / COLUMNS, 1 - (place["y"] + 2) / height
        if panel["type"] == "row":
            figure.text(left + 0.01, top - 0.75 / height, panel["title"], fontsize=10, color="#555555", weight="bold")
            continue
        width, tall = place["w"] / COLUMNS, place["h"] / height
        figure.text(left + 0.01, top - 0.75 / height, panel["title"], fontsize=9, weight="bold")
        below = 0.3 if panel["type"] in {"stat", "table"} else 2.1
        axes = figure.add_axes((left + 0.045, top - tall + below / height, width - 0.07, tall - (1.1 + below) / height))
        _KINDS[panel["type"]](axes, panel, shown)
    figure.savefig(file)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(file, optimize=True)


def _unit(panel: Json) -> str:
    return panel["fieldConfig"]["defaults"]["unit"]


def _graph(axes: Axes, panel: Json, shown: Shown) -> None:
    lines = [line for target in panel["targets"] for line in shown.lines(target)]
    stacked = "stacking" in panel["fieldConfig"]["defaults"].get("custom", {})
    base: dict[float, float] = {}
    for place, (_, times, values) in enumerate(lines):
        colour = _COLOURS[place % len(_COLOURS)]
        tops = [base.get(at, 0) + value for at, value in zip(times, values, strict=True)] if stacked else values
        axes.plot(times, tops, color=colour, linewidth=1.1)
        if stacked:
            axes.fill_between(times, [base.get(at, 0) for at in times], tops, color=colour, alpha=0.25, linewidth=0)
            base |= dict(zip(times, tops, strict=True))
    _scale(axes, panel, shown)
    if not lines:
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center", color="#999999")
    names = [(name, _COLOURS[place % len(_COLOURS)]) for place, (name, _, _) in enumerate(lines) if name]
    _legend(axes, names)


def _scale(axes: Axes, panel: Json, shown: Shown) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    axes.set_xlim(shown.start, shown.end)
    highest = axes.get_ylim()[1]
    limits = [step for step in defaults.get("thresholds", {}).get("steps", ()) if step["value"] is not None]
    for step in limits:
        axes.axhline(step["value"], color=_STEPS[step["color"]], linestyle="--", linewidth=1)
    if limits:
        highest = max(highest, *(1.15 * step["value"] for step in limits))
    if defaults.get("min") == 0:
        axes.set_ylim(0, highest if highest > 0 else 1)
    axes.set_xticks([shown.start + (shown.end - shown.start) * part / 4 for part in range(5)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: readable(value, defaults["unit"])))
    axes.tick_params(labelsize=7, colors="#555555", length=2)
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.6)
    for side in axes.spines.values():
        side.set_visible(False)


def _legend(axes: Axes, names: Sequence[tuple[str, str]]) -> None:
    if not names:
        return
    per_line = max(1, int(axes.get_position().width * 190))
    texts, used = [], 0
    for place, (name, colour) in enumerate(names):
        if place == _LEGEND or used + len(name) > 2 * per_line:
            texts.append((f"+ {len(names) - place} more", "#777777"))
            break
        texts.append((name[:per_line], colour))
        used += len(name) + 4
    x, y, inches = 0.0, -1.35, _inches(axes)
    for name, colour in texts:
        if x and x + len(name) > per_line:
            x, y = 0.0, y - 0.42
        axes.text(
            x / per_line, y * 0.28 / inches, f"━ {name}", transform=axes.transAxes, fontsize=7, color=colour, va="top"
        )
        x += len(name) + 5


def _inches(axes: Axes) -> float:
    """Return how high a panel's part of the picture is."""
    figure = axes.get_figure(root=True)
    assert figure is not None, "every panel lies in its dashboard's picture"
    return axes.get_position().height * figure.get_figheight()


def _number(axes: Axes, panel: Json, shown: Shown) -> None:
    axes.axis("off")
    lines = shown.lines(panel["targets"][0])
    if not lines:
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center", va="center", color="#999999")
        return
    _, times, values = lines[0]
    colour = _colour(values[-1], panel["fieldConfig"]["defaults"]["thresholds"]["steps"])
    axes.fill_between(times, values, color=colour, alpha=0.15, linewidth=0)
    axes.plot(times, values, color=colour, linewidth=1, alpha=0.6)
    axes.set_ylim(min(0, *values), max(values) * 1.6 or 1)
    text = readable(values[-1], _unit(panel))
    axes.text(
        0.5, 0.55, text, transform=axes.transAxes, ha="center", va="center", fontsize=17, color=colour, weight="bold"
    )


def _colour(value: float, steps: Sequence[Json]) -> str:
    return [_STEPS[step["color"]] for step in steps if step["value"] is None or value >= step["value"]][-1]


def _heatmap(axes: Axes, panel: Json, shown: Shown) -> None:
    found = {float(bound): (times, values) for bound, times, values in shown.lines(panel["targets"][0])}
    bounds = sorted(found)
    if not bounds:
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center", color="#999999")
        return
    times = max((found[bound][0] for bound in bounds), key=len)
    whole = [dict(zip(*found[bound], strict=True)) for bound in bounds]
    cells = [
        [one.get(at, 0) - (whole[place - 1].get(at, 0) if place else 0) for at in times]
        for place, one in enumerate(whole)
    ]
    axes.pcolormesh(times, range(len(bounds)), cells, cmap="Oranges", norm=PowerNorm(0.5, vmin=0), shading="nearest")
    _scale(axes, panel, shown)
    axes.grid(visible=False)
    axes.set_ylim(-0.5, len(bounds) - 0.5)
    axes.set_yticks(range(0, len(bounds), 2), [_bound(bound, _unit(panel)) for bound in bounds[::2]])


def _bound(bound: float, unit: str) -> str:
    return "more" if math.isinf(bound) else f"≤ {readable(bound, unit)}"


def _table(axes: Axes, panel: Json, shown: Shown) -> None:
    axes.axis("off")
    (organize,) = (one["options"] for one in panel["transformations"] if one["id"] == "organize")
    headings = {
        name: str(organize["renameByName"][name])
        for name in sorted(organize["renameByName"], key=organize["indexByName"].get)
    }
    results = [name for name in headings if name.startswith("Value")]
    labels = [name for name in headings if name not in results]
    rows: dict[tuple[str, ...], dict[str, float]] = {}
    for result, target in zip(results, panel["targets"], strict=True):
        for sample in shown.prometheus.query(shown.filled(target["expr"]), at=shown.end):
            rows.setdefault(tuple(sample.labels.get(label, "") for label in labels), {})[result] = sample.value
    overrides = {one["matcher"]["options"]: _properties(one) for one in panel["fieldConfig"]["overrides"]}
    texts, colours = [], []
    for key, values in sorted(rows.items()):
        texts.append([*key])
        colours.append(["black"] * len(key))
        for result in results:
            properties = overrides[headings[result]]
            value = values.get(result)
            texts[-1].append("" if value is None else readable(value, properties["unit"]))
            steps = properties.get("thresholds", {}).get("steps", ())
            colours[-1].append(_colour(value, steps) if steps and value is not None else "black")
    if not texts:
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center", color="#999999")
        return
    _fill(axes, [headings[name] for name in (*labels, *results)], texts, colours)


def _fill(axes: Axes, headings: list[str], texts: list[list[str]], colours: list[list[str]]) -> None:
    room = int(_inches(axes) / 0.22)
    texts = texts[: room - 1]
    drawn = axes.table(
        cellText=[headings, *texts],
        cellLoc="left",
        bbox=Bbox.from_bounds(-0.05, 1 - (len(texts) + 1) / room, 1.05, (len(texts) + 1) / room),
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(8)
    for (row, column), cell in drawn.get_celld().items():
        cell.set_edgecolor("#e4e4e4")
        cell.visible_edges = "B"
        cell.get_text().set_color("#555555" if row == 0 else colours[row - 1][column])


def _properties(override: Json) -> dict[str, Any]:
    return {one["id"]: one["value"] for one in override["properties"]}


_KINDS: Final = {"timeseries": _graph, "stat": _number, "heatmap": _heatmap, "table": _table}
