"""Read a YAML file into plain data that remembers where each value stands.

Scalars are those of YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema): ``no``, ``on``, ``1:30`` and
``2026-01-01`` are text. Anchors and aliases work within bounds; merge keys (``<<``) are no part of YAML 1.2 and are
refused, as is whatever two readers could understand differently.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from stacks import yaml_source
from stacks.problems import ABSENT, InvalidConfiguration, Location, Problem

__all__ = ["Document", "InvalidConfiguration", "Location", "Position", "Problem", "read"]

_MOST_VALUES: Final = 500_000
"""More values than this are the work of aliases that repeat aliases: a catalogue of 500 services has about 30,000."""

_UNREADABLE: Final = "nothing can be read from this file"


@dataclass(frozen=True)
class Position:
    """A place in a file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """The content of a YAML file. ``name`` is what problems call it; a document without ``root`` knows no positions."""

    path: Path
    name: str
    data: dict[str, Any]
    root: Node | None = field(default=None, repr=False, compare=False)

    def value(self, location: Location) -> Any:
        """Return the value at a location, or ``ABSENT``."""
        value: Any = self.data
        for segment in location:
            try:
                value = value[segment]
            except (KeyError, IndexError, TypeError):
                return ABSENT
        return value

    def position(self, location: Location) -> Position | None:
        """Return where the entry or item at a location starts, or the nearest of its ancestors that is there.

        An entry of a mapping starts with its key; a value that an alias repeats is where its anchor is.
        """
        if self.root is None:
            return None
        node, place = self.root, self.root
        for segment in location:
            entry = _entry(node, segment)
            if entry is None:
                break
            place, node = entry
        return _position(place)

    def problem(self, location: Location, message: str, *, consequence: str, fix: str) -> Problem:
        """Return a problem with what stands at a location, filling in file, value and position."""
        place = self.position(location)
        return Problem(
            file=self.name,
            location=location,
            message=message,
            consequence=consequence,
            fix=fix,
            value=self.value(location),
            line=place.line if place else None,
            column=place.column if place else None,
        )


def read(path: Path, name: str | None = None) -> Document:
    """Read a YAML file whose root is a mapping with text keys.

    ``name`` is what problems call the file, by default its path. Raises InvalidConfiguration with every problem of the
    file, or with the first one where the file is no YAML at all.
    """
    name = name or str(path)
    try:
        text = yaml_source.decode(path.read_bytes())
        root = yaml_source.compose(text)
    except OSError as error:
        raise InvalidConfiguration([_unreadable(name, path, error)]) from error
    except yaml_source.SourceError as error:
        problem = Problem(name, (), error.message, _UNREADABLE, error.fix, line=error.line, column=error.column)
        raise InvalidConfiguration([problem]) from error
    if not isinstance(root, MappingNode):
        found = "is empty" if root is None else f"is {_kind(root)} at its root"
        problem = Problem(name, (), f"{found}, not a mapping", _UNREADABLE, "begin the file with 'key: value' lines")
        raise InvalidConfiguration([problem])
    construction = _Construction(name)
    data = construction.mapping(root, ())
    if construction.problems:
        raise InvalidConfiguration(construction.problems)
    return Document(path=path, name=name, data=data, root=root)


def _unreadable(name: str, path: Path, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem(name, (), "does not exist", _UNREADABLE, "create it, or correct the name or the folder")
    if isinstance(error, IsADirectoryError):
        return Problem(name, (), "is a folder, not a file", _UNREADABLE, "name a YAML file in it, or remove the folder")
    if isinstance(error, PermissionError):
        return Problem(name, (), "may not be read by this user", _UNREADABLE, f"allow it, e.g. chmod u+r {path}")
    return Problem(name, (), f"can't be read: {error.strerror}", _UNREADABLE, "see to the file or its disk")


def _position(node: Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def _entry(node: Node, segment: str | int) -> tuple[Node, Node] | None:
    """Return the node at which an entry starts, and the node of its value."""
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in node.value if key.value == segment), None)
    if isinstance(node, SequenceNode) and isinstance(segment, int) and 0 <= segment < len(node.value):
        return node.value[segment], node.value[segment]
    return None


def _kind(node: Node) -> str:
    return {MappingNode: "a mapping", SequenceNode: "a list"}.get(type(node), "a single value")


class _Construction:
    """Turns nodes into plain data, and notes every problem on the way."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._values = 0
        self.problems: list[Problem] = []

    def mapping(self, node: MappingNode, location: Location) -> dict[str, Any]:
        data: dict[str, Any] = {}
        starts: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, location)
            if key is None:
                continue
            here = (*location, key)
            if key in starts:
                self._note(
                    key_node,
                    here,
                    f"is written twice, first on line {_position(starts[key]).line}",
                    "one of the two values would be lost without a word",
                    "keep one of the two",
                )
                continue
            starts[key] = key_node
            data[key] = self._value(value_node, here)
        return data

    def _key(self, node: Node, location: Location) -> str | None:
        if not isinstance(node, ScalarNode):
            self._note(
                node,
                location,
                f"has {_kind(node)} as a key",
                "no setting has such a name",
                "put a text that begins with '{' or '[' in quotes",
            )
        elif node.tag == yaml_source.MERGE:
            self._note(
                node,
                location,
                "has a merge key '<<'",
                "YAML 1.2 has none: some readers would take it for a setting of that name",
                "write the entries where they belong",
            )
        elif node.tag != yaml_source.TEXT:
            self._note(
                node,
                location,
                f"has the key {node.value or 'null'}, which is not text",
                "one reader would call it by a text, another by a number, a truth value or nothing",
                f'put it in quotes: "{node.value}"',
            )
        else:
            return node.value
        return None

    def _value(self, node: Node, location: Location) -> Any:
        self._values += 1
        if self._values > _MOST_VALUES:
            self._refuse_aliases(
                node, location, f"holds more than {_MOST_VALUES:,} values once its aliases are resolved"
            )
        if len(location) > yaml_source.DEEPEST:
            self._refuse_aliases(node, location, "contains itself, through an alias")
        if isinstance(node, ScalarNode):
            try:
                return yaml_source.scalar(node)
            except yaml_source.ScalarError as error:
                self._note(node, location, error.message, error.consequence, error.fix, node.value)
                return None
        if isinstance(node, MappingNode) and node.tag == yaml_source.MAPPING:
            return self.mapping(node, location)
        if isinstance(node, SequenceNode) and node.tag == yaml_source.LIST:
            return [self._value(item, (*location, index)) for index, item in enumerate(node.value)]
        error = yaml_source.unknown_tag(node)
        self._note(node, location, error.message, error.consequence, error.fix)
        return None

    def _refuse_aliases(self, node: Node, location: Location, message: str) -> NoReturn:
        consequence = "reading it would take all memory"
        self._note(node, location[:2], message, consequence, "write values out instead of repeating anchors in anchors")
        raise InvalidConfiguration(self.problems)

    def _note(
        self, node: Node, location: Location, message: str, consequence: str, fix: str, value: object = ABSENT
    ) -> None:
        place = _position(node)
        self.problems.append(
            Problem(self._name, location, message, consequence, fix, value, line=place.line, column=place.column)
        )
