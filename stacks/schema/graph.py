"""The service graph: what runs, and what depends on what."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Kind(StrEnum):
    """What a node of the graph is."""

    EDGE = "edge"
    SERVICE = "service"
    WORKER = "worker"
    JOB = "job"
    STREAM = "stream"
    STORE = "store"
    EXTERNAL = "external"


@dataclass(frozen=True, order=True)
class Node:
    """A thing that runs, or that others use. Its name is unique within the graph."""

    name: str
    kind: Kind


@dataclass(frozen=True, order=True)
class Edge:
    """One node needs another. An optional one can be down without its source failing."""

    source: str
    target: str
    label: str = ""
    optional: bool = False


@dataclass(frozen=True, init=False)
class Graph:
    """Nodes and the edges between them, sorted, so that equal content makes equal graphs.

    Raises ValueError where two nodes share a name or an edge names a node that is not there.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge] = ()) -> None:
        object.__setattr__(self, "nodes", tuple(sorted(set(nodes))))
        object.__setattr__(self, "edges", tuple(sorted(set(edges))))
        names = [node.name for node in self.nodes]
        twice = sorted({name for name, following in pairwise(names) if name == following})
        if twice:
            raise ValueError(f"two nodes have one name: {', '.join(twice)}")
        unknown = sorted({end for edge in self.edges for end in (edge.source, edge.target)} - set(names))
        if unknown:
            raise ValueError(f"edges lead to or from nodes that are not in the graph: {', '.join(unknown)}")
