"""Kafka, from Maven's central repository: a broker needs no more than its jars and a JVM."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.tools import maven

_PROJECT: Final = Path(__file__).parent / "kafka"
VERSION: Final = maven.pinned_version(_PROJECT, "kafka_2.13")
"""The newest of which all jars could be had when it was pinned; it runs on Java 17."""


def class_path() -> str:
    """Return the JVM's class path; raises ToolUnavailable when the jars can't be had."""
    return f"{maven.jars(_PROJECT, 'kafka')}/*"
