"""What the README and the other pages say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from launcher.cli import main
from launcher.graph import svg
from stacks.document import InvalidConfiguration
from stacks.loader import CATALOGUE, PROJECT, environment_file, validate

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
README = PAGES[0].read_text()
MISTAKES = {
    CATALOGUE: {"memory: 512Mi": "memory: 512MB", "calls: {users: [GetUser]}": "calls: {user: [GetUser]}"},
    environment_file("local"): {"    replicas: 1": "    replica: 1"},
}
"""The mistakes whose report the README shows."""


def consoles() -> list[str]:
    return re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)


def test_the_picture_is_the_shop_of_the_catalogue() -> None:
    drawn = svg(validate("local").graph, "shop: local")
    assert (PROJECT / "docs/shop.svg").read_text() == drawn, "redraw it: make graph SVG=docs/shop.svg"


def test_the_report_of_mistakes_is_what_validate_prints(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "services").symlink_to(PROJECT / "services")
    for name, changes in MISTAKES.items():
        text = (PROJECT / name).read_text()
        for right, wrong in changes.items():
            assert right in text, f"the README's example changes {right!r}, which {name} no longer says"
            text = text.replace(right, wrong, 1)
        (tmp_path / name).write_text(text)
    with pytest.raises(InvalidConfiguration) as caught:
        validate("local", tmp_path)
    assert f"$ make validate\n{caught.value}\n" in consoles()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text())) | set(
        re.findall(r"^(?:\$ )?make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)
    )
    assert named <= targets, f"{page.name} names targets that the Makefile lacks"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_launcher_command_exists(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    known = capsys.readouterr().out
    for command in re.findall(r"python -m launcher ([a-z]+)", page.read_text()):
        assert re.search(rf"^\s+{command}\b", known, flags=re.MULTILINE), f"{page.name} names the command {command}"
