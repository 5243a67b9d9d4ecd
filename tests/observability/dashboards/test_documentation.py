"""docs/dashboards.md names the dashboards that there are."""

from __future__ import annotations

import re
from pathlib import Path

from components.observability.dashboards.index import entries
from tests.observability.rules.platforms import PLATFORMS

PAGE = Path(__file__).parents[3] / "docs" / "dashboards.md"


def test_the_page_lists_every_dashboard_with_its_folder_and_its_picture() -> None:
    text = PAGE.read_text()
    found = entries(PLATFORMS["everything"])
    assert set(re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", text, re.MULTILINE)) == {
        (entry.uid, entry.folder.value) for entry in found
    }
    pictures = re.findall(r"!\[([^]]+)\]\((dashboards/[a-z-]+\.png)\)", text)
    assert set(pictures) == {(entry.title, f"dashboards/{entry.uid}.png") for entry in found}
    assert all((PAGE.parent / file).is_file() for _, file in pictures), "make dashboards draws them"
