"""YAML as text: decoding, composing into nodes, the scalars of YAML 1.2's core schema, and errors in plain words."""

import re
from collections.abc import Callable
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.nodes import Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

try:
    from yaml.cyaml import CParser
except ImportError:  # PyYAML without libyaml: the same nodes, about three times slower
    CParser = None

_PREFIX: Final = "tag:yaml.org,2002:"
TEXT: Final = _PREFIX + "str"
MAPPING: Final = _PREFIX + "map"
LIST: Final = _PREFIX + "seq"
MERGE: Final = _PREFIX + "merge"

DEEPEST: Final = 64
"""Levels of nesting; Kubernetes needs about 15. At 100,000 levels libyaml's composer crashes the process."""

_PATTERNS: Final = (
    ("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    ("int", r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)", list("-+0123456789")),
    (
        "float",
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
)
_MATCHERS: Final = {_PREFIX + name: re.compile(pattern) for name, pattern, _ in _PATTERNS}
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+")
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SourceError(Exception):
    """The text is no YAML. Line and column count from 1."""

    def __init__(self, message: str, fix: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message, self.fix, self.line, self.column = message, fix, line, column


class ScalarError(Exception):
    """A value that two readers of YAML could understand differently, or that no reader understands."""

    def __init__(self, message: str, consequence: str, fix: str) -> None:
        super().__init__(message)
        self.message, self.consequence, self.fix = message, consequence, fix


class _CoreResolver(BaseResolver):
    """Gives plain scalars the types of the core schema, and stops at the deepest level that is allowed."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:  # noqa: ARG002 - the composer's call
        self._depth += 1
        if self._depth > DEEPEST + 1:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=current_node.start_mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1


for _name, _, _first in _PATTERNS:
    _whole = re.compile(_MATCHERS[_PREFIX + _name].pattern + r"\Z")
    _CoreResolver.add_implicit_resolver(_PREFIX + _name, _whole, _first)


class _PureLoader(Reader, Scanner, Parser, Composer, _CoreResolver):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _CoreResolver.__init__(self)


if CParser is None:
    _Loader = _PureLoader
else:

    class _Loader(CParser, _CoreResolver):
        def __init__(self, text: str) -> None:
            super().__init__(text)
            _CoreResolver.__init__(self)


def decode(content: bytes) -> str:
    """Return UTF-8 bytes as text, without a byte order mark."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        raise SourceError(
            f"is not UTF-8: the byte 0x{content[error.start]:02x} belongs to no character",
            "save it as UTF-8",
            *_place(before, len(before)),
        ) from error
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        raise SourceError(
            f"contains the control character U+{ord(unprintable[0]):04X}",
            'remove it, or write it in double quotes as an escape such as "\\x00"',
            *_place(text, unprintable.start()),
        )
    return text


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def compose(text: str) -> Node | None:
    """Return the root of the only YAML document in a text, or None where the text is empty."""
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _in_plain_words(error, text) from error
    finally:
        loader.dispose()


def scalar(node: ScalarNode) -> str | int | float | bool | None:
    """Return the value of a scalar. Raises ScalarError for what is ambiguous, or not what its tag says."""
    if node.tag in (TEXT, MERGE):  # '<<' merges only as a key
        return node.value
    matcher = _MATCHERS.get(node.tag)
    if matcher is None:
        raise unknown_tag(node)
    kind = node.tag.removeprefix(_PREFIX)
    if not matcher.fullmatch(node.value):
        raise ScalarError(f"is tagged !!{kind} but is none", "no reader would know its value", "remove the tag")
    return _VALUE_OF[kind](node.value)


def _whole_number(text: str) -> int:
    if _LEADING_ZERO.fullmatch(text):
        raise ScalarError(
            "is a number that starts with a zero",
            "one reader of YAML takes it for octal, another for decimal",
            "write an octal number as 0o…, a decimal one without the zero, and text in quotes",
        )
    try:
        return int(text, 0)
    except ValueError as error:
        raise ScalarError(
            "is too large a number", "no setting can hold it", "put it in quotes if it is text"
        ) from error


_VALUE_OF: Final[dict[str, Callable[[str], int | float | bool | None]]] = {
    "null": lambda _: None,
    "bool": lambda text: text[0] in "tT",
    "int": _whole_number,
    "float": lambda text: float(re.sub(r"(?i)\.(inf|nan)\Z", r"\1", text)),
}


def unknown_tag(node: Node) -> ScalarError:
    """Return the error for a tag that configuration has no use for."""
    tag = str(node.tag)
    tag = tag.replace(_PREFIX, "!!", 1) if tag.startswith(_PREFIX) else tag
    return ScalarError(
        f"has the tag {tag}",
        "plain data has no such type",
        "remove the tag, and put text in quotes where it needs them",
    )


_INDENTATION: Final = "check this line's indentation: the entries of one mapping or list start in the same column"
_QUOTES: Final = "put the text in quotes"

_PLAIN_WORDS: Final[tuple[tuple[str, str, str, bool], ...]] = (
    # what libyaml's or PyYAML's words contain, message, fix, whether the trouble begins at the context's mark
    ("nested too deeply", f"is nested more than {DEEPEST} levels deep here", "flatten it", False),
    (
        "mapping values are not allowed",
        "has a ':' here, where no key can stand",
        f"{_QUOTES}, or {_INDENTATION}",
        False,
    ),
    ("entries are not allowed", "has a list item here, where none can stand", "begin the list on a new line", False),
    ("quoted scalar found unexpected end", "has a quoted text here that never ends", "close the quotes", True),
    ("flow sequence", "has a list here whose ']' or ',' is missing", "close the list, or add the comma", True),
    ("flow mapping", "has a mapping here whose '}' or ',' is missing", "close the mapping, or add the comma", True),
    (
        "unknown escape",
        "has an unknown escape in double quotes",
        "use single quotes, or write \\\\ for a backslash",
        False,
    ),
    ("undefined alias", "uses an alias here without an anchor before it", f"{_QUOTES} if it is no alias", False),
    ("duplicate anchor", "defines an anchor here for the second time", "give the anchors different names", False),
    ("another document", "has a second document here ('---')", "keep one document in a file", False),
    (
        "undefined tag handle",
        "has a tag here that nothing defines",
        f"remove the tag; {_QUOTES} if it is no tag",
        False,
    ),
    ("could not find expected ':'", "has a line here that is no 'key: value'", "add the ':' and a space", True),
    ("did not find expected", "does not go on here as the lines above it began", _INDENTATION, False),
    ("expected <block end>", "does not go on here as the lines above it began", _INDENTATION, False),
    ("", "is not well-formed YAML here", "correct this line, or the one above it", False),
)


def _in_plain_words(error: yaml.MarkedYAMLError, text: str) -> SourceError:
    words = f"{error.context or ''} {error.problem or ''}".strip()
    mark = error.problem_mark or error.context_mark
    if "cannot start any token" in words and mark is not None:
        message, fix = _reserved(_character(text, mark.line, mark.column))
    else:
        _, message, fix, at_context = next(row for row in _PLAIN_WORDS if row[0] in words)
        mark = (error.context_mark or mark) if at_context else mark
    return SourceError(message, fix, mark.line + 1 if mark else None, mark.column + 1 if mark else None)


def _character(text: str, line: int, column: int) -> str:
    lines = text.splitlines()
    return lines[line][column : column + 1] if line < len(lines) else ""


def _reserved(character: str) -> tuple[str, str]:
    if character == "\t":
        return "is indented with a tab here", "indent with spaces"
    return f"has a value here that starts with {character!r}, which YAML reserves", _QUOTES
