"""What a build sees, and the tag that follows from it: nothing changed, same tag; one byte changed, another tag.

This reads files, so a component never calls it: the loader does, and hands the tag on.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from components.images.dockerignore import IgnoreRules

TAG_LENGTH: Final = 20
"""Hexadecimal digits of a tag: 80 bits, so that two contents meet in one tag by no accident."""


@dataclass(frozen=True)
class SeenFile:
    """One file or symbolic link as the build sees it. Dates and owners are none of its business."""

    path: str
    """Seen from the context, with slashes."""
    kind: str
    """``file``, ``executable`` or ``link``."""
    digest: str
    """SHA-256 of the bytes, or of a link's target."""


def ignore_file(context: Path, dockerfile: Path) -> Path | None:
    """Return the file that says what the build leaves out; the one beside the Dockerfile wins over the context's.

    https://docs.docker.com/build/concepts/context/#filename-and-location
    """
    places = (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore")
    return next((path for path in places if path.is_file()), None)


def seen_files(context: Path, dockerfile: Path) -> Iterator[SeenFile]:
    """Yield what the build can copy from its context.

    Raises OSError where something can't be read, and BadPattern. Folders are no content of their own: git keeps no
    empty ones, so they would set a fresh checkout apart from an old one. Sockets and pipes are not sent to a build.
    """
    ignoring = ignore_file(context, dockerfile)
    text = ignoring.read_text(encoding="utf-8", errors="surrogateescape") if ignoring else ""
    for path in IgnoreRules(text).seen(context):
        file = context / path
        if file.is_symlink():
            yield SeenFile(path, "link", _digest(os.fsencode(file.readlink())))
        elif file.is_file():
            executable = file.stat().st_mode & 0o100
            yield SeenFile(path, "executable" if executable else "file", _digest(file.read_bytes()))


def content_tag(context: Path, dockerfile: Path, *, arguments: Mapping[str, str], platforms: Sequence[str]) -> str:
    """Return the tag of an image: a digest over all that goes into it.

    ``arguments`` name base images as docker.io does, whatever mirror they are pulled from, so that every environment
    finds the image that CI has pushed. Raises what `seen_files` raises.
    """
    seen = sorted((file.path, file.kind, file.digest) for file in seen_files(context, dockerfile))
    parts = [seen, _digest(dockerfile.read_bytes()), sorted(arguments.items()), sorted(set(platforms))]
    return _digest(json.dumps(parts).encode())[:TAG_LENGTH]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
