"""Find the height of everything in a layered graph, so that lines run as straight as they can.

All lengths are in pixels; heights grow downwards.
"""

from collections.abc import Callable
from itertools import pairwise
from math import inf
from typing import Final

from launcher.graph_layering import Item, Layering, Route

PORT_DISTANCE: Final = 12
"""Between two lines that meet a box on the same side."""

_NODE_GAP: Final = 22
_LINE_GAP: Final = 10
_SWEEPS: Final = 14

Ports = dict[tuple[Item, Item], float]


def port_offsets(layering: Layering) -> Ports:
    """Return how far below a box's centre the line to each neighbour meets it: spread over its side, in their order."""
    position = {item: index for layer in layering.layers for index, item in enumerate(layer)}
    ports: Ports = {}
    for item in position:
        if item.node is not None:
            for side in (item.before, item.after):
                for index, near in enumerate(sorted(side, key=position.__getitem__)):
                    ports[item, near] = (index - (len(side) - 1) / 2) * PORT_DISTANCE
    return ports


def centres(layering: Layering, size: dict[Item, float], ports: Ports) -> dict[Item, float]:
    """Return the height of each item's centre: near its neighbours', in its layer's order, without overlap."""
    centre: dict[Item, float] = {}
    for layer in layering.layers:
        centre.update(zip(layer, _spread(layer, [0.0] * len(layer), [1.0] * len(layer), size), strict=True))
    sides: list[Callable[[Item], list[Item]]] = [
        lambda item: item.before,
        lambda item: item.after,
        lambda item: item.before + item.after,
    ]
    for sweep in range(_SWEEPS):
        side = sides[2] if sweep >= _SWEEPS - 4 else sides[sweep % 2]
        for layer in layering.layers if sweep % 2 == 0 else layering.layers[::-1]:
            wanted, weights = [], []
            for item in layer:
                pulls = [
                    (centre[near] + ports.get((near, item), 0) - ports.get((item, near), 0), _stiffness(item, near))
                    for near in side(item)
                ]
                weight = sum(pull for _, pull in pulls)
                wanted.append(sum(at * pull for at, pull in pulls) / weight if pulls else centre[item])
                weights.append(weight or 0.1)
            centre.update(zip(layer, _spread(layer, wanted, weights, size), strict=True))
    room = _Room(layering, centre, size)
    for route in layering.routes:
        _straighten(route, room, centre, ports)
    top = min((centre[item] - size[item] / 2 for item in centre), default=0.0)
    return {item: at - top for item, at in centre.items()}


def _stiffness(one: Item, other: Item) -> float:
    """Return how straight the line between two items should be: one that only passes through should not bend."""
    return (1.0, 2.0, 8.0)[(one.node is None) + (other.node is None)]


def _spread(layer: tuple[Item, ...], wanted: list[float], weights: list[float], size: dict[Item, float]) -> list[float]:
    """Return the places nearest to the wanted ones (least squares) that keep order and distance.

    With the distances taken off, this is isotonic regression, by pooling neighbours that are out of order.
    """
    offsets = [0.0]
    for one, following in pairwise(layer):
        offsets.append(offsets[-1] + _distance(one, following, size))
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many items
    for at, offset, weight in zip(wanted, offsets, weights, strict=False):
        mean, total, count = at - offset, weight, 1
        while pools and pools[-1][0] >= mean:
            other, other_weight, other_count = pools.pop()
            mean = (mean * total + other * other_weight) / (total + other_weight)
            total, count = total + other_weight, count + other_count
        pools.append((mean, total, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _distance(one: Item, following: Item, size: dict[Item, float]) -> float:
    """Return the least distance between the centres of two items, one below the other."""
    gap = _NODE_GAP if one.node is not None and following.node is not None else _LINE_GAP
    return (size[one] + size[following]) / 2 + gap


class _Room:
    """How far each item can move before it is too near to the one above or below it."""

    def __init__(self, layering: Layering, centre: dict[Item, float], size: dict[Item, float]) -> None:
        self._centre, self._size = centre, size
        self._above = {below: above for layer in layering.layers for above, below in pairwise(layer)}
        self._below = {above: below for below, above in self._above.items()}

    def around(self, item: Item) -> tuple[float, float]:
        """Return the highest and the lowest place for an item; where it is now is always between them."""
        above, below, here = self._above.get(item), self._below.get(item), self._centre[item]
        top = self._centre[above] + _distance(above, item, self._size) if above else -inf
        bottom = self._centre[below] - _distance(item, below, self._size) if below else inf
        return min(top, here), max(bottom, here)


def _straighten(route: Route, room: _Room, centre: dict[Item, float], ports: Ports) -> None:
    """Lay as long runs of a route as there is room for on one height, and begin or end at its boxes' height."""
    first, *passing, last = route.items
    start = centre[first] + ports[first, passing[0]]
    end = centre[last] + ports[last, passing[-1]]
    while passing:
        run: list[Item] = []
        top, bottom = -inf, inf
        for item in passing:
            highest, lowest = room.around(item)
            if max(top, highest) > min(bottom, lowest):
                break
            top, bottom = max(top, highest), min(bottom, lowest)
            run.append(item)
        passing = passing[len(run) :]
        wanted = end if not passing and not top <= start <= bottom else start
        height = min(max(wanted, top), bottom)
        centre.update(dict.fromkeys(run, height))
        start = height
