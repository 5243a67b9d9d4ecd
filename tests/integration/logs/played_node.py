"""A node's log files, written as containerd writes them and rotated as the kubelet rotates them.

https://github.com/containerd/containerd/blob/v2.1.4/internal/cri/io/logger.go,
https://github.com/kubernetes/kubernetes/blob/v1.34.1/pkg/kubelet/logs/container_log_manager.go
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

Stream = Literal["stdout", "stderr"]

PIECE: Final = 16 * 1024
"""Bytes of a line after which containerd cuts it."""
_NANOSECONDS: Final = 1_000_000_000


@dataclass(kw_only=True)
class Container:
    """A container's folder, and the file that is being written."""

    pods: Path
    """What stands for /var/log/pods."""
    namespace: str = "shop"
    pod: str
    name: str
    uid: str = field(default_factory=lambda: str(uuid4()))
    restarts: int = 0
    _rotations: int = 0

    @property
    def folder(self) -> Path:
        return self.pods / f"{self.namespace}_{self.pod}_{self.uid}" / self.name

    @property
    def file(self) -> Path:
        return self.folder / f"{self.restarts}.log"

    def write(self, text: str, *, stream: Stream = "stdout") -> None:
        """Write what the program has printed to one of its streams, line by line."""
        self.append(line for one in text.splitlines() for line in cut(one, stream))

    def append(self, lines: Iterable[str]) -> None:
        """Write lines that are in the format already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8", newline="") as file:
            for line in lines:
                file.write(line)

    def rotate(self) -> Path:
        """Give the file its other name; the next line goes into a new one."""
        # The kubelet's names have seconds, and tests rotate sooner.
        at = datetime.now(UTC) + timedelta(seconds=self._rotations)
        self._rotations += 1
        return self.file.rename(self.file.with_name(f"{self.file.name}.{at:%Y%m%d-%H%M%S}"))


def cut(line: str, stream: Stream) -> list[str]:
    """Return a line as one or several of the file: pieces are marked with P, the last one with F."""
    pieces = [line[start : start + PIECE] for start in range(0, len(line), PIECE)] or [""]
    return [f"{now()} {stream} {'F' if one is pieces[-1] else 'P'} {one}\n" for one in pieces]


def now() -> str:
    """The time as containerd writes it."""
    seconds, nanoseconds = divmod(time.time_ns(), _NANOSECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"


def pack(rotated: Path) -> Path:
    """Pack a file as the kubelet does with all rotated ones but the last: under another name first."""
    temporary, packed = rotated.with_name(f"{rotated.name}.tmp"), rotated.with_name(f"{rotated.name}.gz")
    temporary.write_bytes(gzip.compress(rotated.read_bytes()))
    temporary.rename(packed)
    rotated.unlink()
    return packed
