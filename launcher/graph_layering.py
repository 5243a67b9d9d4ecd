"""Arrange a graph in layers from left to right, with few crossings.

The method is the usual one for layered drawings (Sugiyama): turn round the edges that close cycles, put each node right
of what leads to it, let long edges pass through every layer between, and sort each layer by where its neighbours are.
Between two layers of nodes lies a layer of labels, so that labels get room like nodes do.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from itertools import pairwise
from textwrap import wrap
from typing import Final

from stacks.schema.graph import Edge, Graph

_SWEEPS: Final = 12
_LABEL_LENGTH: Final = 16


@dataclass(eq=False)
class Item:
    """What takes room in a layer: a node, or an edge that passes through (with its label, in one of the layers)."""

    node: str | None = None
    label: tuple[str, ...] = ()
    before: list["Item"] = field(default_factory=list)
    after: list["Item"] = field(default_factory=list)


@dataclass(frozen=True)
class Route:
    """A line from one item to the next on the right, for one or more edges. It points left if it was turned round."""

    source: str
    target: str
    optional: bool
    turned: bool
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Layering:
    """Layers from left to right, each from top to bottom: nodes, then labels, then nodes, and so on."""

    layers: tuple[tuple[Item, ...], ...]
    routes: tuple[Route, ...]
    loops: dict[str, tuple[str, ...]]
    """The labels of the edges that lead from a node to itself."""


def arrange(graph: Graph) -> Layering:
    """Return the layers of a graph; the same graph always gives the same layers."""
    links, loops = _links(graph)
    order = _left_to_right([node.name for node in graph.nodes], links)
    place = {name: index for index, name in enumerate(order)}
    columns = _columns(order, [_forward(edge, place) for edge in links])
    nodes = {name: Item(node=name) for name in sorted(order)}
    layers: list[list[Item]] = [[] for _ in range(2 * max(columns.values(), default=0) + 1)]
    for name, item in nodes.items():
        layers[2 * columns[name]].append(item)
    routes = []
    for edge, label in links.items():
        left, right = _forward(edge, place)
        start, end = 2 * columns[left], 2 * columns[right]
        passing = [Item() for _ in range(start + 1, end)]
        passing[(end - start) // 4 * 2].label = label
        for layer, item in zip(layers[start + 1 : end], passing, strict=True):
            layer.append(item)
        items = (nodes[left], *passing, nodes[right])
        for one, following in pairwise(items):
            one.after.append(following)
            following.before.append(one)
        routes.append(Route(edge.source, edge.target, edge.optional, left != edge.source, items))
    return Layering(tuple(tuple(layer) for layer in _with_few_crossings(layers)), tuple(routes), loops)


def _links(graph: Graph) -> tuple[dict[Edge, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return one edge for all that have the same ends and style, with all their labels; and the loops apart."""
    labels: dict[Edge, list[str]] = {}
    loops: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.source == edge.target:
            loops.setdefault(edge.source, []).append(edge.label)
        else:
            labels.setdefault(Edge(edge.source, edge.target, "", edge.optional), []).append(edge.label)
    return {edge: _lines(texts) for edge, texts in labels.items()}, {
        name: _lines(texts) for name, texts in loops.items()
    }


def _lines(labels: list[str]) -> tuple[str, ...]:
    """Return short lines, since the widest label sets the distance between two columns."""
    return tuple(line for label in dict.fromkeys(labels) for line in wrap(label, _LABEL_LENGTH, break_long_words=False))


def _forward(edge: Edge, place: dict[str, int]) -> tuple[str, str]:
    return (edge.source, edge.target) if place[edge.source] < place[edge.target] else (edge.target, edge.source)


def _left_to_right(names: list[str], links: dict[Edge, tuple[str, ...]]) -> list[str]:
    """Order nodes so that few edges point left: sources first, sinks last, in a cycle the one that leads to most.

    Eades, Lin and Smyth, "A fast and effective heuristic for the feedback arc set problem" (1993).
    """
    after: dict[str, set[str]] = {name: set() for name in names}
    before: dict[str, set[str]] = {name: set() for name in names}
    for edge in links:
        after[edge.source].add(edge.target)
        before[edge.target].add(edge.source)
    left: list[str] = []
    right: list[str] = []
    remaining = set(names)
    while remaining:
        sink = min((name for name in remaining if not after[name]), default=None)
        source = min((name for name in remaining if not before[name]), default=None)
        if sink is not None:
            chosen, target = sink, right
        elif source is not None:
            chosen, target = source, left
        else:
            chosen, target = min(remaining, key=lambda name: (len(before[name]) - len(after[name]), name)), left
        target.append(chosen)
        remaining.remove(chosen)
        for name in after[chosen]:
            before[name].discard(chosen)
        for name in before[chosen]:
            after[name].discard(chosen)
    return left + right[::-1]


def _columns(order: list[str], pairs: list[tuple[str, str]]) -> dict[str, int]:
    """Return the column of each node: right of all that leads to it, and where nothing does, near what it leads to."""
    after: dict[str, list[str]] = {name: [] for name in order}
    for left, right in pairs:
        after[left].append(right)
    columns = dict.fromkeys(order, 0)
    for name in order:
        for following in after[name]:
            columns[following] = max(columns[following], columns[name] + 1)
    led_to = {right for _, right in pairs}
    for name in order:
        if name not in led_to and after[name]:
            columns[name] = min(columns[following] for following in after[name]) - 1
    return columns


def _with_few_crossings(layers: list[list[Item]]) -> list[list[Item]]:
    """Sort each layer by the mean position of its neighbours, to and fro, and return the best arrangement seen."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        rightwards = sweep % 2 == 0
        pairs = list(pairwise(layers))
        for one, following in pairs if rightwards else [(right, left) for left, right in reversed(pairs)]:
            position = {item: float(index) for index, item in enumerate(one)}
            for index, item in enumerate(following):
                neighbours = item.before if rightwards else item.after
                position[item] = sum(position[near] for near in neighbours) / len(neighbours) if neighbours else index
            following.sort(key=position.__getitem__)
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _crossings(layers: list[list[Item]]) -> int:
    """Count the pairs of lines that cross between neighbouring layers."""
    crossings = 0
    for one, following in pairwise(layers):
        position = {item: index for index, item in enumerate(following)}
        ends: list[int] = []
        for item in one:
            here = [position[near] for near in item.after]
            crossings += sum(len(ends) - _not_above(ends, end) for end in here)
            for end in here:
                insort(ends, end)
    return crossings


def _not_above(ends: list[int], end: int) -> int:
    return bisect_left(ends, end + 1)
