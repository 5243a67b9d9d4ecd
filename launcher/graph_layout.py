"""Give the parts of a layered graph their places on paper. All lengths are in pixels; y grows downwards."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from launcher.graph_heights import PORT_DISTANCE, Ports, centres, port_offsets
from launcher.graph_layering import Item, Layering, Route, arrange
from stacks.schema.graph import Graph

NAME_SIZE: Final = 14
LABEL_SIZE: Final = 11
LABEL_LINE: Final = 14
LONGEST_TEXT: Final = 48
"""Longer names and labels are cut; the whole text is in the tooltip."""

_BOX_HEIGHT: Final = 46
_BOX_PADDING: Final = 16
_BOLD: Final = 1.08
_LOOP_HEIGHT: Final = 26


@dataclass(frozen=True)
class Box:
    """A rectangle by its left upper corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """A route: points in pairs, a straight line within each pair and a curve from one pair to the next."""

    route: Route
    points: tuple[tuple[float, float], ...]
    label: tuple[str, ...]
    label_box: Box | None


@dataclass(frozen=True)
class Layout:
    """Where everything is."""

    boxes: dict[str, Box]
    lines: tuple[Line, ...]
    loops: dict[str, tuple[str, ...]]
    width: float
    height: float


def cut(text: str) -> str:
    """Return text of at most the length that is drawn."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def text_width(text: str, size: float) -> float:
    """Estimate the width of text in a sans-serif font, rather too wide than too narrow."""
    return sum(_character_width(character) for character in text) * size


def _character_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in "iljtfrI.,:;'|!()[]/ ":
        return 0.4
    if character in "mwMW@%…":
        return 0.95
    return 0.73 if character.isupper() else 0.62


def layout(graph: Graph) -> Layout:
    """Return the places of all nodes, lines and labels. No two boxes overlap, and no line crosses a box."""
    layering = arrange(graph)
    sizes = {item: _size(item, layering) for layer in layering.layers for item in layer}
    ports = port_offsets(layering)
    heights = centres(layering, {item: height for item, (_, height) in sizes.items()}, ports)
    columns = _columns(layering, {item: width for item, (width, _) in sizes.items()}, heights)
    boxes: dict[str, Box] = {}
    for layer, (left, width) in zip(layering.layers, columns, strict=True):
        for item in layer:
            if item.node is not None:
                box_width, box_height = _box_size(item)
                x = left + (width - box_width) / 2
                boxes[item.node] = Box(x, heights[item] - box_height / 2, box_width, box_height)
    lines = _lines(layering, boxes, columns, heights, sizes, ports)
    right, bottom = 0.0, 0.0
    if columns:
        right = columns[-1][0] + columns[-1][1]
        bottom = max((heights[item] + height / 2 for item, (_, height) in sizes.items()), default=0.0)
    return Layout(boxes, lines, layering.loops, right, bottom)


def _box_size(item: Item) -> tuple[float, float]:
    assert item.node is not None
    ports = max(len(item.before), len(item.after))
    width = max(text_width(cut(item.node), NAME_SIZE * _BOLD) + 2 * _BOX_PADDING, 84)
    return width, max(_BOX_HEIGHT, (ports + 1) * PORT_DISTANCE)


def _size(item: Item, layering: Layering) -> tuple[float, float]:
    """Return the room that an item needs: its box and what stands above it, a label, or only a line."""
    if item.node is not None:
        width, height = _box_size(item)
        if item.node in layering.loops:
            labels = layering.loops[item.node]
            width = max([width, *(text_width(cut(line), LABEL_SIZE) for line in labels)])
            height += 2 * (_LOOP_HEIGHT + len(labels) * LABEL_LINE)
        return width, height
    if item.label:
        width = max(text_width(cut(line), LABEL_SIZE) for line in item.label) + 10
        return width, len(item.label) * LABEL_LINE + 4
    return 0, 2


def _columns(layering: Layering, width: dict[Item, float], centre: dict[Item, float]) -> list[tuple[float, float]]:
    """Return the left edge and the width of each layer; the steeper the lines between two, the wider the gap."""
    columns: list[tuple[float, float]] = []
    left = 0.0
    for index, layer in enumerate(layering.layers):
        widest = max((width[item] for item in layer), default=0.0)
        columns.append((left, widest))
        steepest = max((abs(centre[item] - centre[near]) for item in layer for near in item.after), default=0.0)
        arrow = 10 if index % 2 else 4
        left += widest + arrow + min(14 + steepest * 0.16, 70)
    return columns


def _lines(
    layering: Layering,
    boxes: dict[str, Box],
    columns: list[tuple[float, float]],
    centre: dict[Item, float],
    sizes: dict[Item, tuple[float, float]],
    ports: Ports,
) -> tuple[Line, ...]:
    layer_of = {item: index for index, layer in enumerate(layering.layers) for item in layer}
    lines = []
    for route in layering.routes:
        first, *passing, last = route.items
        assert first.node is not None and last.node is not None
        start, end = boxes[first.node], boxes[last.node]
        first_left, first_width = columns[layer_of[first]]
        last_left = columns[layer_of[last]][0]
        start_y = start.y + start.height / 2 + ports[first, passing[0]]
        end_y = end.y + end.height / 2 + ports[last, passing[-1]]
        points = [(start.x + start.width, start_y), (first_left + first_width, start_y)]
        label, label_box = (), None
        for item in passing:
            left, width = columns[layer_of[item]]
            points += [(left, centre[item]), (left + width, centre[item])]
            if item.label:
                box_width, box_height = sizes[item]
                x = left + (width - box_width) / 2
                label, label_box = item.label, Box(x, centre[item] - box_height / 2, box_width, box_height)
        points += [(last_left, end_y), (end.x, end_y)]
        lines.append(Line(route, tuple(points), label, label_box))
    return tuple(lines)
