"""Show the service graph: as Mermaid for Markdown, and as an SVG drawing."""

import re
from typing import Final

from launcher.graph_svg import svg
from stacks.schema.graph import Graph, Kind

__all__ = ["mermaid", "svg"]

_SHAPES: Final[dict[Kind, tuple[str, str]]] = {
    Kind.EDGE: ("[/", "\\]"),
    Kind.SERVICE: ("(", ")"),
    Kind.WORKER: ("[", "]"),
    Kind.JOB: ("[[", "]]"),
    Kind.STREAM: ("{{", "}}"),
    Kind.STORE: ("[(", ")]"),
    Kind.EXTERNAL: ("([", "])"),
}
_SPECIAL: Final = re.compile(r"[^\w \-.,:/*()]")


def mermaid(graph: Graph) -> str:
    """Return the graph as a Mermaid flowchart from left to right; an optional edge is dotted.

    The syntax: https://mermaid.js.org/syntax/flowchart.html
    """
    identifiers = _identifiers(graph)
    lines = ["flowchart LR"]
    for node in graph.nodes:
        opening, closing = _SHAPES[node.kind]
        lines.append(f'    {identifiers[node.name]}{opening}"{_escaped(node.name)}"{closing}')
    for edge in graph.edges:
        arrow = "-.->" if edge.optional else "-->"
        label = f'|"{_escaped(edge.label)}"|' if edge.label.strip() else ""
        lines.append(f"    {identifiers[edge.source]} {arrow}{label} {identifiers[edge.target]}")
    return "\n".join(lines) + "\n"


def _identifiers(graph: Graph) -> dict[str, str]:
    """Return an identifier for each node. The kind in front keeps it from being a reserved word."""
    identifiers: dict[str, str] = {}
    taken: set[str] = set()
    for node in graph.nodes:
        plain = f"{node.kind}_{re.sub(r'[^a-zA-Z0-9]', '_', node.name)}"
        identifier, number = plain, 2
        while identifier in taken:
            identifier, number = f"{plain}_{number}", number + 1
        taken.add(identifier)
        identifiers[node.name] = identifier
    return identifiers


def _escaped(text: str) -> str:
    """Return text for a quoted label: every character that Mermaid or HTML could read as markup is a character code."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", " ".join(text.split()))
