"""The comparison of the README's transcript with what commands print can fail."""

from __future__ import annotations

import pytest

from tests.transcript import missing, parts

LOG = (
    "Updating (local):\n + Namespace shop created (0.01s)\nResources:\n    + 62 created\n==== 12 passed in 3.1s ====\n"
)


def test_a_line_that_is_printed_with_other_numbers_is_found() -> None:
    assert missing(["Updating (local):", " + Namespace shop created (0.5s)", "== 1415 passed in 200.7s =="], LOG) == []


@pytest.mark.parametrize("lines", [["    + 62 deleted"], ["Resources:", "Updating (local):"]])
def test_a_line_that_is_not_printed_or_elsewhere_is_missed(lines: list[str]) -> None:
    assert missing(lines, LOG) == [lines[-1]]


def test_a_transcript_is_read_by_its_commands() -> None:
    readme = "```console\n$ make up\nUpdating\n…\ndone\n$ make down\ngone\n```"
    assert parts(readme) == [("make up", ["Updating", "done"]), ("make down", ["gone"])]
