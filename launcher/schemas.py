"""The JSON Schemas of the two configuration documents, made from their models: editors complete and check with them."""

import json
from pathlib import Path
from typing import Any, Final

from stacks.schema.catalogue import Catalogue
from stacks.schema.environment import Environment

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FOLDER: Final = Path("stacks") / "schema"
"""Where the schemas lie in the project; the first line of each document names its own."""


def schemas() -> dict[str, str]:
    """Return the schema files: their names, and their text."""
    return {"catalogue.schema.json": _text(_catalogue()), "stack.schema.json": _text(_stack())}


def outdated(project: Path) -> tuple[Path, ...]:
    """Return the committed schema files that differ from what the models say now, or are missing."""
    files = {project / FOLDER / name: text for name, text in schemas().items()}
    return tuple(path for path, text in files.items() if not path.exists() or path.read_text() != text)


def write(project: Path) -> tuple[Path, ...]:
    """Write the schema files that are not current, and return them."""
    changed = outdated(project)
    texts = schemas()
    for path in changed:
        path.write_text(texts[path.name])
    return changed


def _catalogue() -> dict[str, Any]:
    return {"$schema": _DIALECT, **Catalogue.model_json_schema(by_alias=True)}


def _stack() -> dict[str, Any]:
    """Return the schema of a stack's settings file: Pulumi's own entries, and ours within them."""
    environment = Environment.model_json_schema(by_alias=True)
    definitions = environment.pop("$defs", {})
    text = {"type": "string"}
    return {
        "$schema": _DIALECT,
        "title": "The settings of a stack",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {
                    "polyglot:environment": environment,
                    "polyglot:secrets": {
                        "description": "Secret, key, value; written by 'pulumi config set --secret --path'.",
                        "type": "object",
                    },
                },
                "required": ["polyglot:environment"],
            },
            "secretsprovider": text,
            "encryptedkey": text,
            "encryptionsalt": text,
            "environment": {"description": "Pulumi ESC environments to import."},
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
