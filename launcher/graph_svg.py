"""Draw the service graph as SVG: readable in light and dark, by eye and by screen reader."""

import re
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree

from launcher.graph_layout import LABEL_LINE, LABEL_SIZE, NAME_SIZE, Box, Layout, Line, cut, layout, text_width
from stacks.schema.graph import Graph, Kind, Node

_SVG: Final = "http://www.w3.org/2000/svg"
_MARGIN: Final = 28
_HEADER: Final = 56
_FOOTER: Final = 52
_ARROW: Final = 8
_CUT: Final = 12
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LIGHT: Final[dict[Kind, tuple[str, str]]] = {  # fill and stroke
    Kind.EDGE: ("#f1e8fd", "#8250df"),
    Kind.SERVICE: ("#ddf0ff", "#0969da"),
    Kind.WORKER: ("#dafbe1", "#1a7f37"),
    Kind.JOB: ("#eef7e0", "#5c7f1a"),
    Kind.STREAM: ("#fff1d0", "#9a6700"),
    Kind.STORE: ("#ffe7dc", "#bc4c00"),
    Kind.EXTERNAL: ("#eceff2", "#59636e"),
}
_DARK: Final[dict[Kind, tuple[str, str]]] = {
    Kind.EDGE: ("#2b1d45", "#ab7df8"),
    Kind.SERVICE: ("#0c2d52", "#4493f8"),
    Kind.WORKER: ("#0f2f1b", "#3fb950"),
    Kind.JOB: ("#26300f", "#94b83d"),
    Kind.STREAM: ("#382a06", "#d29922"),
    Kind.STORE: ("#3d1f0d", "#f0883e"),
    Kind.EXTERNAL: ("#262c34", "#9198a1"),
}


def svg(graph: Graph, title: str = "Service graph") -> str:
    """Return a drawing of the graph, from callers on the left to what they use on the right."""
    plan = layout(graph)
    legend_width = _legend_width(graph)
    width = max(plan.width, legend_width, text_width(title, 18)) + 2 * _MARGIN
    height = plan.height + _HEADER + _FOOTER + _MARGIN
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": _SVG,
            "viewBox": f"0 0 {_number(width)} {_number(height)}",
            "width": _number(width),
            "height": _number(height),
            "role": "img",
            "aria-labelledby": "title description",
        },
    )
    _text_element(root, "title", title, id="title")
    _text_element(root, "desc", _description(graph), id="description")
    _text_element(root, "style", _style())
    _add(root, "rect", **{"class": "paper"}, width=_number(width), height=_number(height), rx="10")
    _label(root, _MARGIN, 38, title, "heading")
    drawing = _add(root, "g", transform=f"translate({_number((width - plan.width) / 2)} {_HEADER + _MARGIN / 2:g})")
    for line in plan.lines:
        _draw_line(drawing, line)
    for line in plan.lines:
        _draw_label(drawing, line)
    for node in graph.nodes:
        _draw_node(drawing, node, plan)
    _draw_legend(root, graph, _MARGIN, height - _FOOTER / 2)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _description(graph: Graph) -> str:
    uses = [f"{edge.source} → {edge.target}" + (f" ({edge.label})" if edge.label else "") for edge in graph.edges]
    names = ", ".join(f"{node.name} ({node.kind})" for node in graph.nodes) or "nothing"
    return f"Nodes: {names}." + (f" Edges: {'; '.join(uses)}." if uses else "")


def _style() -> str:
    def colours(paper: str, ink: str, faint: str, line: str, kinds: dict[Kind, tuple[str, str]]) -> list[str]:
        return [
            f".paper {{ fill: {paper}; }}",
            f".back {{ fill: {paper}; }}",
            f".heading, .name {{ fill: {ink}; }}",
            f".note {{ fill: {faint}; }}",
            f".line {{ stroke: {line}; }}",
            f".arrow {{ fill: {line}; }}",
            *(f".{kind} {{ fill: {fill}; stroke: {stroke}; }}" for kind, (fill, stroke) in kinds.items()),
        ]

    light = colours("#ffffff", "#1f2328", "#59636e", "#8c959f", _LIGHT)
    dark = colours("#0d1117", "#f0f6fc", "#9198a1", "#6e7681", _DARK)
    fixed = [
        "text { font-family: system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif; }",
        ".heading { font-size: 18px; font-weight: 600; }",
        f".name {{ font-size: {NAME_SIZE}px; font-weight: 600; text-anchor: middle; }}",
        f".note {{ font-size: {LABEL_SIZE}px; }}",
        ".middle { text-anchor: middle; }",
        ".line { fill: none; stroke-width: 1.5; }",
        ".optional { stroke-dasharray: 5 4; }",
        ".shape { stroke-width: 1.5; stroke-linejoin: round; }",
        ".crease { fill: none; }",
    ]
    return "\n".join([*fixed, *light, "@media (prefers-color-scheme: dark) {", *dark, "}"])


def _draw_line(parent: ElementTree.Element, line: Line) -> None:
    """Draw a line with its arrowhead, which is at the left end where the edge was turned round."""
    points = list(line.points[::-1] if line.route.turned else line.points)
    direction = -1 if line.route.turned else 1
    (tip_x, tip_y), before = points[-1], points[-2]
    points[-1] = (tip_x - direction * (_ARROW - 1), tip_y)
    if (points[-1][0] - before[0]) * direction < 0:
        points[-2] = points[-1]
    path = f"M{_point(points[0])}"
    for index, ((x, y), (next_x, next_y)) in enumerate(pairwise(points)):
        middle = (x + next_x) / 2
        if index % 2 == 0 or y == next_y:
            path += f" L{_point((next_x, next_y))}"
        else:
            path += f" C{_point((middle, y))} {_point((middle, next_y))} {_point((next_x, next_y))}"
    optional = " optional" if line.route.optional else ""
    group = _add(parent, "g", **{"class": "link"})
    _text_element(
        group, "title", f"{line.route.source} → {line.route.target}" + "".join(f", {one}" for one in line.label)
    )
    _add(group, "path", **{"class": f"line{optional}"}, d=path)
    _arrow(group, tip_x, tip_y, -direction * _ARROW, 0)


def _arrow(parent: ElementTree.Element, x: float, y: float, back: float, down: float) -> None:
    """Draw an arrowhead with its tip at (x, y), its base ``back`` pixels along x, or ``down`` along y."""
    base_x, base_y = x + back, y + down
    across_x, across_y = (0, 4) if back else (4, 0)
    one, other = (base_x + across_x, base_y + across_y), (base_x - across_x, base_y - across_y)
    _add(parent, "path", **{"class": "arrow"}, d=f"M{_point((x, y))} L{_point(one)} L{_point(other)} Z")


def _draw_label(parent: ElementTree.Element, line: Line) -> None:
    if line.label_box is None:
        return
    box = line.label_box
    _rectangle(parent, box, "back", 3)
    for index, text in enumerate(line.label):
        _label(parent, box.x + box.width / 2, box.y + 13 + index * LABEL_LINE, cut(text), "note middle")


def _draw_node(parent: ElementTree.Element, node: Node, plan: Layout) -> None:
    box = plan.boxes[node.name]
    group = _add(parent, "g", **{"class": "node", "data-name": node.name})
    _text_element(group, "title", f"{node.name} ({node.kind})")
    if node.name in plan.loops:
        _draw_loop(group, box, plan.loops[node.name])
    _draw_shape(group, node.kind, box)
    middle_x, middle_y = box.x + box.width / 2, box.y + box.height / 2 + (4 if node.kind is Kind.STORE else 0)
    _label(group, middle_x, middle_y, cut(node.name), "name")
    _label(group, middle_x, middle_y + 14, node.kind.value, "note middle")


def _draw_loop(parent: ElementTree.Element, box: Box, labels: tuple[str, ...]) -> None:
    x, y = box.x + box.width / 2, box.y
    curve = f"M{_point((x - 14, y))} C{_point((x - 14, y - 26))} {_point((x + 14, y - 26))} {_point((x + 14, y - 6))}"
    _add(parent, "path", **{"class": "line"}, d=curve)
    _arrow(parent, x + 14, y, 0, -_ARROW)
    for index, text in enumerate(reversed(labels)):
        _label(parent, x, y - 24 - index * LABEL_LINE, cut(text), "note middle")


def _draw_shape(parent: ElementTree.Element, kind: Kind, box: Box) -> None:
    """Draw a node's outline; the kinds differ by shape as well as by colour."""
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    style = f"shape {kind}"
    if kind is Kind.STORE:  # a cylinder
        rim = 5
        arcs = f"M{_point((left, top + rim))} A{_number(box.width / 2)} {rim} 0 0 1 {_point((right, top + rim))}"
        arcs += f" V{_number(bottom - rim)} A{_number(box.width / 2)} {rim} 0 0 1 {_point((left, bottom - rim))} Z"
        front = f"M{_point((left, top + rim))} A{_number(box.width / 2)} {rim} 0 0 0 {_point((right, top + rim))}"
        _add(parent, "path", **{"class": style}, d=arcs)
        _add(parent, "path", **{"class": f"{style} crease"}, d=front)
    elif kind in (Kind.STREAM, Kind.EDGE):  # corners cut: all four, or those on the right
        far = [(right - _CUT, top), (right, top + _CUT), (right, bottom - _CUT), (right - _CUT, bottom)]
        near = [(left + _CUT, bottom), (left, bottom - _CUT), (left, top + _CUT), (left + _CUT, top)]
        _polygon(parent, [*far, *(near if kind is Kind.STREAM else [(left, bottom), (left, top)])], style)
    else:
        corner = {Kind.SERVICE: 9, Kind.EXTERNAL: 18}.get(kind, 2)
        _rectangle(parent, box, f"{style} optional" if kind is Kind.EXTERNAL else style, corner)
        if kind is Kind.JOB:  # bars at both sides, like a subroutine
            bars = f"M{_point((left + 6, top))} V{_number(bottom)} M{_point((right - 6, top))} V{_number(bottom)}"
            _add(parent, "path", **{"class": f"{style} crease"}, d=bars)


def _legend(graph: Graph) -> list[tuple[Kind | None, str, float]]:
    kinds = {node.kind for node in graph.nodes}
    entries: list[tuple[Kind | None, str]] = [(kind, kind.value) for kind in Kind if kind in kinds]
    if any(edge.optional for edge in graph.edges):
        entries.append((None, "optional"))
    return [(kind, text, 30 + text_width(text, LABEL_SIZE) + 22) for kind, text in entries]


def _legend_width(graph: Graph) -> float:
    return sum(width for _, _, width in _legend(graph))


def _draw_legend(parent: ElementTree.Element, graph: Graph, x: float, y: float) -> None:
    group = _add(parent, "g", **{"class": "legend"})
    for kind, text, width in _legend(graph):
        if kind is None:
            _add(group, "path", **{"class": "line optional"}, d=f"M{_point((x, y))} h24")
        else:
            _rectangle(
                group, Box(x, y - 7, 24, 14), f"shape {kind}" + (" optional" if kind is Kind.EXTERNAL else ""), 4
            )
        _label(group, x + 30, y + 4, text, "note")
        x += width


def _polygon(parent: ElementTree.Element, corners: list[tuple[float, float]], style: str) -> None:
    _add(parent, "path", **{"class": style}, d="M" + " L".join(_point(corner) for corner in corners) + " Z")


def _rectangle(parent: ElementTree.Element, box: Box, style: str, corner: float) -> None:
    place = {"x": _number(box.x), "y": _number(box.y), "width": _number(box.width), "height": _number(box.height)}
    _add(parent, "rect", **{"class": style}, **place, rx=_number(corner))


def _label(parent: ElementTree.Element, x: float, y: float, text: str, style: str) -> None:
    _text_element(parent, "text", text, **{"class": style}, x=_number(x), y=_number(y))


def _add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, {name: _legal(value) for name, value in attributes.items()})


def _text_element(parent: ElementTree.Element, tag: str, text: str, **attributes: str) -> None:
    _add(parent, tag, **attributes).text = _legal(text)


def _legal(text: str) -> str:
    """Return text without the characters that XML can't hold."""
    return _NOT_XML.sub("\ufffd", text)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _point(point: tuple[float, float]) -> str:
    return f"{_number(point[0])},{_number(point[1])}"
