"""The service graph as Mermaid and as a drawing, for every shape of graph."""

import re
from random import Random
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.graph import mermaid, svg
from launcher.graph_layout import Box, layout
from stacks.schema.graph import Edge, Graph, Kind, Node

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw: st.DrawFn, names: st.SearchStrategy[str] | None = None) -> Graph:
    """Any graph: with cycles, loops, several edges between two nodes, and any text."""
    unique = draw(st.lists(st.text(max_size=60) if names is None else names, unique=True, max_size=12))
    nodes = [Node(name, draw(st.sampled_from(Kind))) for name in unique]
    if not unique:
        return Graph([])
    ends = st.sampled_from(unique)
    edges = st.builds(Edge, ends, ends, st.text(max_size=60), st.booleans())
    return Graph(nodes, draw(st.lists(edges, max_size=25)))


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def drawing(graph: Graph, title: str = "Service graph") -> ElementTree.Element:
    return ElementTree.fromstring(svg(graph, title))  # noqa: S314 - our own text


SHOP = Graph(
    [Node("gateway", Kind.SERVICE), Node("users", Kind.SERVICE), Node("users-db", Kind.STORE)],
    [Edge("gateway", "users", "gRPC 50051"), Edge("users", "users-db", "5432", optional=True)],
)


def test_a_small_graph_as_mermaid() -> None:
    assert mermaid(SHOP) == (
        "flowchart LR\n"
        '    service_gateway("gateway")\n'
        '    service_users("users")\n'
        '    store_users_db[("users-db")]\n'
        '    service_gateway -->|"gRPC 50051"| service_users\n'
        '    service_users -.->|"5432"| store_users_db\n'
    )


@given(graphs(), st.randoms())
def test_mermaid_and_svg_do_not_depend_on_the_order_of_the_input(graph: Graph, random: Random) -> None:
    nodes, edges = list(graph.nodes), list(graph.edges)
    random.shuffle(nodes)
    random.shuffle(edges)
    shuffled = Graph(nodes, edges)
    assert mermaid(shuffled) == mermaid(graph)
    assert svg(shuffled) == svg(graph)


@given(graphs())
def test_mermaid_has_one_line_a_node_and_one_an_edge_whatever_their_text(graph: Graph) -> None:
    lines = mermaid(graph).splitlines()
    assert len(lines) == 1 + len(graph.nodes) + len(graph.edges), "some text broke out of its line"
    identifiers = [re.match(r"\w+", line.strip()) for line in lines[1 : 1 + len(graph.nodes)]]
    assert len({found[0] for found in identifiers if found}) == len(graph.nodes), "two nodes would be drawn as one"
    assert all(line.count('"') in (0, 2) for line in lines), "a quote in the text would end the label"


def test_markup_in_a_label_stays_text() -> None:
    text = mermaid(Graph([Node('a"]; click <b>#', Kind.SERVICE)]))
    assert 'service_a____click__b__("a#34;#93;#59; click #60;b#62;#35;")' in text


@given(graphs())
def test_a_drawing_is_well_formed_and_shows_each_node_once(graph: Graph) -> None:
    root = drawing(graph)
    shown = [group for group in root.iter(f"{SVG}g") if group.get("class") == "node"]
    assert len(shown) == len(graph.nodes)
    links = [group for group in root.iter(f"{SVG}g") if group.get("class") == "link"]
    drawn_apart = {(edge.source, edge.target, edge.optional) for edge in graph.edges if edge.source != edge.target}
    assert len(links) == len(drawn_apart)


@given(graphs(names=st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)))
def test_the_names_in_a_drawing_are_those_of_the_graph(graph: Graph) -> None:
    root = drawing(graph)
    names = [group.get("data-name") for group in root.iter(f"{SVG}g") if group.get("class") == "node"]
    assert sorted(name for name in names if name) == [node.name for node in graph.nodes]


@given(graphs())
def test_boxes_and_labels_never_overlap_and_lie_on_the_paper(graph: Graph) -> None:
    plan = layout(graph)
    boxes = [*plan.boxes.values(), *(line.label_box for line in plan.lines if line.label_box)]
    for index, one in enumerate(boxes):
        assert not any(overlap(one, other) for other in boxes[index + 1 :]), "one would hide the other"
        assert one.x >= 0 and one.y >= -0.01
        assert one.x + one.width <= plan.width + 0.01 and one.y + one.height <= plan.height + 0.01


@given(graphs())
def test_no_line_crosses_a_box(graph: Graph) -> None:
    """A straight piece between the two points of a pair may only touch the box that it begins or ends at."""
    plan = layout(graph)
    for line in plan.lines:
        for (left, y), (right, _) in zip(line.points[::2], line.points[1::2], strict=True):
            for box in plan.boxes.values():
                beside = right <= box.x + 0.01 or left >= box.x + box.width - 0.01
                assert beside or y <= box.y or y >= box.y + box.height


def test_lines_lead_from_left_to_right_where_there_is_no_cycle() -> None:
    boxes = layout(SHOP).boxes
    assert boxes["gateway"].x < boxes["users"].x < boxes["users-db"].x


def test_a_cycle_turns_one_line_round() -> None:
    names = "abc"
    cycle = Graph(
        [Node(name, Kind.SERVICE) for name in names],
        [Edge(one, other) for one, other in zip(names, names[1:] + names[0], strict=True)],
    )
    assert [line.route.turned for line in layout(cycle).lines].count(True) == 1


def test_a_drawing_says_in_words_what_it_shows() -> None:
    root = drawing(SHOP, "the shop")
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and title.text == "the shop"
    assert description is not None and "gateway → users (gRPC 50051)" in (description.text or "")


def test_a_graph_refuses_two_nodes_of_one_name() -> None:
    with pytest.raises(ValueError, match="two nodes have one name: a"):
        Graph([Node("a", Kind.SERVICE), Node("a", Kind.STORE)])


def test_a_graph_refuses_an_edge_to_nowhere() -> None:
    with pytest.raises(ValueError, match="not in the graph: b"):
        Graph([Node("a", Kind.SERVICE)], [Edge("a", "b")])
