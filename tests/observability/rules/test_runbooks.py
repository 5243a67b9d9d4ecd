"""Every alert has its page, and every page its alert."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import promql_parser
import pytest

from components.observability.rules.groups import alerts
from components.observability.rules.model import Alert
from components.quantities import duration_text
from tests.observability.rules.platforms import EVERYTHING

FOLDER = Path(__file__).parents[3] / "docs/runbooks"
ALERTS = [alert for alert in alerts(EVERYTHING) if alert.runbook is None]
"""All but those of teams' own, whose pages are the teams' own."""
QUERY = re.compile(
    r"\*\*(page|ticket|info)\*\*, (at once|after (\w+)):\n\n```promql\n(.*?)```", re.DOTALL | re.IGNORECASE
)
STEP = re.compile(r"^(\d)\. \S.*\n\n   ```sh\n   \S", re.MULTILINE)
SECTIONS = ["Query", "First three steps", "Causes", "Whom to ask"]


def alike(expression: str) -> str:
    return promql_parser.parse(expression).prettify()


def held(alert: Alert) -> str:
    return duration_text(alert.hold) if alert.hold else ""


def faults(text: str, named: Sequence[Alert]) -> list[str]:
    """Return what a page lacks."""
    found = []
    if not text.startswith(f"# {named[0].name}\n\n"):
        found.append("does not begin with the alert's name")
    if re.findall(r"^## (.*)$", text, re.MULTILINE) != SECTIONS:
        found.append(f"has other sections than {SECTIONS}")
    told = sorted((word.lower(), hold, alike(query)) for word, _, hold, query in QUERY.findall(text))
    if told != sorted((alert.severity.value, held(alert), alike(alert.expression)) for alert in named):
        found.append("names other queries, severities or times than the rules")
    if STEP.findall(text) != ["1", "2", "3"]:
        found.append("has not three steps, each with a command")
    return found


@pytest.mark.parametrize("name", sorted({alert.name for alert in ALERTS}))
def test_every_alert_has_a_page_with_its_query_and_the_first_three_steps(name: str) -> None:
    page = FOLDER / f"{name}.md"
    assert page.is_file(), f"whoever is woken by {name} finds nothing at its runbook's address"
    assert faults(page.read_text(), [alert for alert in ALERTS if alert.name == name]) == []


def test_no_page_is_about_an_alert_that_does_not_exist() -> None:
    pages = {page.stem for page in FOLDER.iterdir()} - {"README"}
    assert pages == {alert.name for alert in ALERTS}


def test_a_page_that_is_out_of_date_is_noticed() -> None:
    named = [alert for alert in ALERTS if alert.name == "ErrorSurge"]
    text = (FOLDER / "ErrorSurge.md").read_text()
    assert not faults(text, named)
    for planted in (
        text.replace("0.05", "0.06"),
        text.replace("after 2m", "after 3m"),
        text.replace("**page**", "**ticket**"),
        text.replace("\n2. ", "\n- "),
        text.replace("## Causes", "## Cause"),
        text.replace("# ErrorSurge", "# Errors"),
    ):
        assert faults(planted, named)


def test_pages_link_only_to_pages_that_exist() -> None:
    for page in FOLDER.glob("*.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
