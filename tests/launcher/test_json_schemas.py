"""The JSON Schemas that editors read."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from launcher.schemas import outdated, schemas
from stacks.document import read

PROJECT = Path(__file__).resolve().parents[2]
CATALOGUE, STACK = "catalogue.schema.json", "stack.schema.json"
SCHEMAS = {name: json.loads(text) for name, text in schemas().items()}


def test_the_committed_schemas_are_current() -> None:
    assert not outdated(PROJECT), "a schema does not say what the models say: run make schema"


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("path", sorted((PROJECT / "stacks").glob("*.yaml")), ids=lambda path: path.name)
def test_an_editor_finds_nothing_wrong_with_the_committed_files(path: Path) -> None:
    """An editor that underlines correct lines, shorthands among them, is soon switched off."""
    schema = SCHEMAS[CATALOGUE if path.name == "catalogue.yaml" else STACK]
    errors = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(read(path).data)
    ]
    assert not errors, "\n".join(errors)


@pytest.mark.parametrize("path", sorted((PROJECT / "stacks").glob("*.yaml")), ids=lambda path: path.name)
def test_each_file_names_its_schema_in_its_first_line(path: Path) -> None:
    schema = CATALOGUE if path.name == "catalogue.yaml" else STACK
    expected = f"# yaml-language-server: $schema=schema/{schema}"
    assert path.read_text().splitlines()[0] == expected, "the editor's language server reads the first line"


def test_an_editor_sees_an_unknown_key_and_a_wrong_unit() -> None:
    """The planted violation: a schema that accepts everything would pass all tests above."""
    data = read(PROJECT / "stacks/catalogue.yaml").data
    data["services"]["users"] |= {"colour": "blue", "resources": {"memory": "512MB"}}
    found = " ".join(error.message for error in Draft202012Validator(SCHEMAS[CATALOGUE]).iter_errors(data))
    assert "colour" in found, "unknown keys must be seen"
    assert "512MB" in found, "wrong units must be seen"
