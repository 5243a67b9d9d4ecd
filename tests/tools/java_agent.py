"""The OpenTelemetry Java agent, from Maven's central repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.tools import maven

_PROJECT: Final = Path(__file__).parent / "java_agent"
_ARTIFACT: Final = "opentelemetry-javaagent"
VERSION: Final = maven.pinned_version(_PROJECT, _ARTIFACT)


def java_agent() -> Path:
    """Return the agent's jar; raises ToolUnavailable when it can't be had."""
    return maven.jars(_PROJECT, "java-agent") / f"{_ARTIFACT}-{VERSION}.jar"
