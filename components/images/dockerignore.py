"""Which files of a build context BuildKit leaves out: the rules of ``.dockerignore``, as its client applies them.

https://docs.docker.com/build/concepts/context/#dockerignore-files says what a pattern means. Where it is silent, this
follows the two libraries that decide it: github.com/moby/patternmatcher and github.com/tonistiigi/fsutil.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_WILDCARDS: Final = frozenset("*?[]\\")
_EXCEPTIONS_NEED_A_WALK: Final = frozenset("*?[]^\\")
"""What an exception may not hold if a folder that is left out is to be passed over unseen."""
_IN_A_SET: Final = r"(?:\\.|[^\\\]-])"
_WELL_FORMED: Final = re.compile(rf"(?:\\.|[^\\\[]|\[\^?(?:{_IN_A_SET}(?:-{_IN_A_SET})?)+\])*")
"""What https://pkg.go.dev/path/filepath#Match accepts: sets are closed and not empty, and no backslash stands last."""


class BadPattern(ValueError):
    """A line that BuildKit refuses, and with it the build."""


@dataclass(frozen=True)
class _Pattern:
    text: str
    is_exception: bool
    """Whether it begins with ``!``: what it matches is seen after all."""
    matches: Callable[[str], bool]

    @classmethod
    def of(cls, line: str) -> Self:
        is_exception = line.startswith("!")
        text = line[1:].strip() if is_exception else line
        text = _clean(text) if text else ""
        if (is_exception and text in {"", "/"}) or not _WELL_FORMED.fullmatch(text):
            raise BadPattern(line)
        return cls(text, is_exception, _matcher(text))

    @property
    def prefix(self) -> str:
        """The pattern without a wildcard for everything at its end."""
        return self.text.removesuffix("/**").removesuffix("/*")


class IgnoreRules:
    """The patterns of one file, in their order: the last one that matches a path, or a folder above it, decides.

    Raises BadPattern.
    """

    def __init__(self, text: str) -> None:
        lines = (line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n"))
        stripped = (line.strip() for line in lines if not line.startswith("#"))
        self._patterns: Final = tuple(_Pattern.of(line) for line in stripped if line)
        self._exceptions: Final = tuple(pattern.prefix for pattern in self._patterns if pattern.is_exception)
        self._may_pass_over: Final = _EXCEPTIONS_NEED_A_WALK.isdisjoint("".join(self._exceptions))

    def seen(self, context: Path) -> Iterator[str]:
        """Yield the path of each file and symbolic link that the build sees, from the context, folder by folder.

        Raises OSError where a folder can't be listed.
        """
        yield from self._below(context, "", (False,) * len(self._patterns))

    def _below(self, folder: Path, path: str, matched: Sequence[bool]) -> Iterator[str]:
        for entry in sorted(folder.iterdir()):
            name = f"{path}/{entry.name}" if path else entry.name
            left_out, here = self._decide(name, matched)
            if not entry.is_dir() or entry.is_symlink():
                if not left_out:
                    yield name
            elif not left_out or self._may_hold_an_exception(name):
                yield from self._below(entry, name, here)

    def _decide(self, path: str, matched: Sequence[bool]) -> tuple[bool, Sequence[bool]]:
        """Tell whether a path is left out, and which patterns match it; ``matched`` are those that match its folder.

        A pattern that could change nothing is not tried, and then counts as one that does not match, also for what lies
        below. So does BuildKit: an exception for a folder does not bring back what an earlier line names inside it.
        """
        left_out = False
        here = []
        for pattern, above in zip(self._patterns, matched, strict=True):
            match = above or (pattern.is_exception == left_out and pattern.matches(path))
            here.append(match)
            if match:
                left_out = not pattern.is_exception
        return left_out, here

    def _may_hold_an_exception(self, folder: str) -> bool:
        return not self._may_pass_over or any(f"{prefix}/".startswith(f"{folder}/") for prefix in self._exceptions)


def _clean(pattern: str) -> str:
    """Return the shortest form of a pattern, seen from the context: ``/a/./b/`` is ``a/b``."""
    cleaned = re.sub("^/+", "/", posixpath.normpath(pattern))
    return cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned


def _matcher(pattern: str) -> Callable[[str], bool]:
    head, tail = pattern[:-2], pattern[2:]
    if _WILDCARDS.isdisjoint(pattern):
        return lambda path: path == pattern
    if pattern.startswith("**") and _WILDCARDS.isdisjoint(tail):
        return lambda path: path.endswith(tail) or (tail.startswith("/") and path == tail[1:])
    if pattern.endswith("**") and _WILDCARDS.isdisjoint(head):
        return lambda path: path.startswith(head)
    try:
        expression = re.compile(_expression(pattern))
    except re.error as error:  # a range that runs backwards: [z-a]
        raise BadPattern(pattern) from error
    return lambda path: expression.fullmatch(path) is not None


def _expression(pattern: str) -> str:
    """Translate a pattern with wildcards; a set, ``[a-z]`` or ``[^a-z]``, is spelt alike in both."""
    found, rest = "", pattern
    while rest:
        character, rest = rest[0], rest[1:]
        if character == "*" and rest.startswith("*"):
            rest = rest[1:].removeprefix("/")
            found += "(.*/)?" if rest else ".*"
        elif character == "*":
            found += "[^/]*"
        elif character == "?":
            found += "[^/]"
        elif character == "\\":
            found, rest = found + re.escape(rest[0]), rest[1:]
        elif character in ".+()|{}$":
            found += re.escape(character)
        else:
            found += character
    return found
