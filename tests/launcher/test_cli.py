"""How the launcher's commands end; nothing here needs an engine."""

import time
from pathlib import Path

import pytest

from tests.launcher.small_project import configure, launch, make


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path / "project", parts=["a"])


def test_help_lists_the_commands_and_the_exit_codes(project: Path) -> None:
    shown = launch(project, "--help")
    assert shown.returncode == 0
    for word in (
        "up",
        "preview",
        "refresh",
        "destroy",
        "images",
        "validate",
        "render",
        "graph",
        "schema",
        "exit codes:",
        "130",
    ):
        assert word in shown.stdout


def test_the_version_names_engine_sdk_and_provider(project: Path) -> None:
    shown = launch(project, "--version").stdout
    assert "pulumi CLI 3." in shown
    assert "Kubernetes provider 4." in shown


@pytest.mark.parametrize("arguments", [(), ("lift",), ("up", "local", "more"), ("up", "--no-such-option")])
def test_wrong_usage_ends_with_2(project: Path, arguments: tuple[str, ...]) -> None:
    assert launch(project, *arguments).returncode == 2


def test_an_unknown_stack_is_wrong_usage_and_the_known_ones_are_named(project: Path) -> None:
    ended = launch(project, "up", "productoin")
    assert ended.returncode == 2
    assert "no file stacks/Pulumi.productoin.yaml. Known stacks: local" in ended.stderr


def test_a_stack_name_is_no_path(project: Path) -> None:
    (project / "Pulumi.evil.yaml").write_text("")
    assert launch(project, "validate", "../Pulumi.evil").returncode == 2


def test_a_valid_configuration_ends_with_0_and_quickly(project: Path) -> None:
    started = time.monotonic()
    ended = launch(project, "validate")
    assert (ended.returncode, ended.stdout) == (0, "The configuration of stack 'local' is valid.\n")
    assert time.monotonic() - started < 5, "something heavy is imported (usually it takes a tenth of a second)"


def test_validating_does_not_import_pulumi(project: Path) -> None:
    (project / "pulumi.py").write_text("raise AssertionError('validate imported pulumi')\n")
    assert launch(project, "validate").returncode == 0


@pytest.mark.parametrize("command", ["validate", "render", "up", "preview"])
def test_an_invalid_configuration_ends_with_3_before_anything_is_made(project: Path, command: str) -> None:
    configure(project)
    ended = launch(project, command)
    assert ended.returncode == 3
    assert "polyglot:environment.parts is missing" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (project / ".state").exists(), "the engine was started for a configuration that can't work"


def test_a_render_folder_that_cannot_be_made_ends_with_1_and_names_it(project: Path) -> None:
    (project / "stacks" / "assembly.py").write_text(
        "def render(platform):\n    return [{'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': 'shop'}}]\n"
    )
    (project / "taken").write_text("a file")
    ended = launch(project, "render", "--out", "taken")
    assert ended.returncode == 1
    assert "can't be written to taken" in ended.stderr
    assert "Traceback" not in ended.stderr
