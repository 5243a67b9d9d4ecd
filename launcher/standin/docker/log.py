"""What buildx prints with `--progress=rawjson`, line by line, as people read it (pure).

A line holds parts of BuildKit's `SolveStatus`: https://github.com/moby/buildkit/blob/master/client/graph.go
"""

import base64
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LINES_OF_FAILURE = 25
"""How many of the log's last lines a failure keeps."""

LINES_OF_ERROR = 3
"""How many lines of buildx's own error are told: what is the matter, and what it advises."""
_WRAPPING = re.compile(
    r"^ERROR: |failed to (?:build|solve|create LLB definition): |rpc error: code = \w+ desc = "
    r"|failed to solve with frontend dockerfile\.v0: "
)
"""What each layer puts before the cause."""


@dataclass(frozen=True)
class Step:
    """A step of a build that failed."""

    name: str
    """Such as `[build 3/5] RUN go build ./...`."""
    error: str
    """BuildKit's own words."""


@dataclass
class BuildLog:
    """All that matters of a build's output so far."""

    last: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_OF_FAILURE))
    """The last lines that the build's own programs printed."""
    failed: Step | None = None
    errors: list[str] = field(default_factory=list)
    """What buildx said beside the steps; on failure the last of it says why."""
    _shown: set[str] = field(default_factory=set)

    def read(self, line: str) -> Iterator[str]:
        """Takes one line of output, and gives the lines that are worth showing."""
        report = _report(line)
        if report is None:
            if line.strip():
                self.errors.append(line.rstrip())
            return
        for vertex in report.get("vertexes") or ():
            yield from self._vertex(vertex)
        for entry in report.get("logs") or ():
            for text in _decoded(entry.get("data")).splitlines():
                if text.strip():
                    self.last.append(text.rstrip())
                    yield text.rstrip()

    def _vertex(self, vertex: Mapping[str, Any]) -> Iterator[str]:
        digest, name = vertex["digest"], vertex.get("name", "")
        # Steps that a failure elsewhere has cancelled report an error too.
        if (error := vertex.get("error")) and self.failed is None and "context canceled" not in error:
            self.failed = Step(name, error)
        # Loading the Dockerfile and the like is of interest only when it fails.
        if vertex.get("started") and digest not in self._shown and not name.startswith("[internal]"):
            self._shown.add(digest)
            yield f"{name} (cached)" if vertex.get("cached") else name

    @property
    def error(self) -> str:
        """Why the build failed, in the words of BuildKit or of buildx; empty if neither said so."""
        if self.failed:
            return self.failed.error
        first = next((index for index, line in enumerate(self.errors) if line.startswith("ERROR: ")), 0)
        return _WRAPPING.sub("", " ".join(self.errors[first : first + LINES_OF_ERROR]))


def _report(line: str) -> Mapping[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def _decoded(data: str | None) -> str:
    return base64.b64decode(data or "").decode(errors="replace")
