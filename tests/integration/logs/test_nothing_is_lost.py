"""Agents and Loki stop, are killed, are away; files are rotated and packed: each line arrives all the same."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from time import sleep
from typing import Final

import pytest

from components.quantities import byte_count
from tests.integration.logs import agents
from tests.integration.logs.agents import READ, ROOM, SENT, WAITING, Node
from tests.integration.logs.entries import line, numbers, until_all
from tests.integration.logs.played_node import Container, pack
from tests.integration.servers.loki import Loki
from tests.observability.logs.logged import logged

COUNT: Final = 3000


def write(container: Container, start: int, end: int, *, padding: int = 0, pause: float = 0.0) -> None:
    for number in range(start, end):
        container.write(line(number=number, padding="x" * padding))
        sleep(pause)


def until_counted(node: Node, count: int) -> None:
    """Wait until the agent has counted so many lines as read: it does once they are on their way."""
    node.agent.until(lambda: node.agent.total(READ) >= count, f"{count} lines are counted")


def test_lines_wait_for_loki(tmp_path: Path, own_loki: Loki, name: str) -> None:
    with agents.running(tmp_path, logged(), own_loki.url) as node:
        write(node.container(name), 0, COUNT)
        node.agent.until(lambda: node.agent.total(READ) == COUNT, "all is read")
        assert node.agent.total(SENT) == 0
        own_loki.start()
        until_all(own_loki, name, COUNT)
        # Counted when Loki's answer comes, which has them by then.
        node.agent.until(lambda: node.agent.total(SENT) >= COUNT, "all is counted")
        assert node.agent.total(SENT) == COUNT, "none is sent twice"


def test_a_killed_agent_loses_nothing(tmp_path: Path, own_loki: Loki, name: str) -> None:
    """It is killed while it reads, and Loki is away: what it has taken is on disk."""
    with agents.running(tmp_path, logged(), own_loki.url) as node:
        writer = Thread(target=write, args=(node.container(name), 0, COUNT), kwargs={"pause": 0.002})
        writer.start()
        for _ in range(3):
            sleep(1.5)
            node.agent.kill()
            node.agent.start()
        writer.join()
        own_loki.start()
        until_all(own_loki, name, COUNT)


def test_a_killed_agent_goes_on_where_it_was(node: Node, loki: Loki, name: str) -> None:
    container = node.container(name)
    write(container, 0, COUNT)
    until_all(loki, name, COUNT)
    node.until_noted()
    node.agent.kill()
    write(container, COUNT, COUNT + 10)
    node.agent.start()
    until_all(loki, name, COUNT + 10)
    until_counted(node, 10)
    assert node.agent.total(READ) == 10, "it has read the new lines alone"


def test_a_line_that_is_read_again_is_kept_once(node: Node, loki: Loki, name: str) -> None:
    """A killed agent reads again what came after the places that it wrote down last; here it has lost them all."""
    write(node.container(name), 0, 100)
    until_all(loki, name, 100)
    node.agent.stop()
    for file in node.state.iterdir():
        file.unlink()
    node.agent.start()
    node.agent.until(lambda: node.agent.total(SENT) == 100, "all is sent again")
    assert numbers(loki, name) == list(range(100)), "the same time and text are one entry"


def test_rotation_under_load_loses_nothing_and_repeats_nothing(node: Node, loki: Loki, name: str) -> None:
    container, rotated = node.container(name), []
    for start in range(0, COUNT, COUNT // 6):
        write(container, start, start + COUNT // 6, pause=0.001)
        rotated.append(container.rotate())
        if len(rotated) > 1:
            pack(rotated[-2])
    write(container, COUNT, COUNT + 10)
    until_all(loki, name, COUNT + 10)
    until_counted(node, COUNT + 10)
    assert node.agent.total(READ) == COUNT + 10, "none is read twice"


def test_files_that_were_rotated_and_packed_while_the_agent_was_away_are_read(
    node: Node, loki: Loki, name: str
) -> None:
    container = node.container(name)
    write(container, 0, 100)
    until_all(loki, name, 100)
    node.agent.stop()
    write(container, 100, 200)
    first = container.rotate()
    write(container, 200, 300)
    container.rotate()
    pack(first)
    write(container, 300, 400)
    node.agent.start()
    until_all(loki, name, 400)
    until_counted(node, 300)
    assert node.agent.total(READ) == 300, "it goes on within the packed file"


def test_a_full_buffer_stops_reading_and_loses_nothing(tmp_path: Path, own_loki: Loki, name: str) -> None:
    # Its file grows by doubling up to 16 MiB, and by as much from there on, so a smaller buffer would show nothing.
    buffer = "64Mi"
    with agents.running(tmp_path, logged(buffer=buffer), own_loki.url) as node:
        write(node.container(name), 0, COUNT, padding=14_000)
        node.agent.until(lambda: node.agent.total(WAITING) > 0.9 * node.agent.total(ROOM), "the buffer is full")
        sleep(5)  # ten more looks at the file
        assert 0 < node.agent.total(READ) < COUNT, "reading has stopped"
        on_disk = sum(path.stat().st_size for path in node.state.iterdir())
        assert on_disk <= byte_count(buffer) + 2**24, "no node's disk is filled"
        own_loki.start()
        until_all(own_loki, name, COUNT, within=120)


def test_an_agent_that_is_stopped_keeps_what_it_holds(tmp_path: Path, own_loki: Loki, name: str) -> None:
    with agents.running(tmp_path, logged(), own_loki.url) as node:
        write(node.container(name), 0, COUNT)
        node.agent.until(lambda: node.agent.total(READ), "it has read some")
        node.agent.stop()
        node.agent.start()
        own_loki.start()
        until_all(own_loki, name, COUNT)


def test_lines_that_nobody_reads_are_seen_to_be_missing(node: Node, loki: Loki, name: str) -> None:
    """The tests above can fail."""
    container = node.container(name)
    write(container, 0, 10)
    write(container, 11, 20)
    loki.until(lambda: len(numbers(loki, name)) == 19, "the others are in Loki")
    with pytest.raises(AssertionError, match="all 20 lines") as failure:
        until_all(loki, name, 20, within=1)
    assert "1 are missing, first: [10]" in failure.value.__notes__
    assert numbers(loki, name)[-1] == 19
