from pathlib import Path

import pytest
import yaml

from launcher import workspace


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    settings = {
        "name": "polyglot",
        "runtime": {"name": "python", "options": {"virtualenv": ".venv"}},
        "stackConfigDir": "stacks",
        "config": {"pulumi:disable-default-providers": ["*"]},
    }
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("# by hand\nconfig:\n  polyglot:environment: {tier: sample}\n")
    return tmp_path


def read(path: Path) -> dict[str, object]:
    return yaml.safe_load(path.read_text())


def add(path: Path, **entries: str) -> None:
    path.write_text(yaml.safe_dump({**read(path), **entries}))


def test_the_copy_has_the_projects_settings_and_knows_where_the_program_is(project: Path) -> None:
    work = workspace.prepared(project, "dev", project / ".state" / "work")

    settings = read(work / "Pulumi.yaml")
    assert settings["main"] == str(project)
    assert settings["config"] == {"pulumi:disable-default-providers": ["*"]}, "implicit providers must stay refused"
    assert read(work / "Pulumi.dev.yaml") == {"config": {"polyglot:environment": {"tier": "sample"}}}


def test_the_salt_that_the_engine_adds_stays_in_the_copy_over_changes(project: Path) -> None:
    source = project / "stacks" / "Pulumi.dev.yaml"
    before = source.read_bytes()
    work = workspace.prepared(project, "dev", project / ".state" / "work")
    add(work / "Pulumi.dev.yaml", encryptionsalt="v1:of-the-engine")
    assert source.read_bytes() == before, "a run must leave committed files alone"

    source.write_text("config:\n  polyglot:environment: {tier: development}\n")
    workspace.prepared(project, "dev", project / ".state" / "work")

    assert read(work / "Pulumi.dev.yaml") == {
        "config": {"polyglot:environment": {"tier": "development"}},
        "encryptionsalt": "v1:of-the-engine",
    }


def test_a_salt_in_the_committed_file_goes_first(project: Path) -> None:
    """`pulumi config set --secret` writes it: the secrets in that file can be read with no other."""
    work = workspace.prepared(project, "dev", project / ".state" / "work")
    add(work / "Pulumi.dev.yaml", encryptionsalt="v1:of-the-engine")
    add(project / "stacks" / "Pulumi.dev.yaml", encryptionsalt="v1:of-the-user")

    workspace.prepared(project, "dev", project / ".state" / "work")

    assert read(work / "Pulumi.dev.yaml")["encryptionsalt"] == "v1:of-the-user"


def test_stacks_are_known_by_their_files(project: Path) -> None:
    (project / "stacks" / "Pulumi.a.yaml").write_text("")
    (project / "stacks" / "catalogue.yaml").write_text("")
    assert workspace.known_stacks(project) == ("a", "dev")
