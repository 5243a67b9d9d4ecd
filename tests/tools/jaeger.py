"""Jaeger, built from its Go module."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from launcher.gobuild import GoTool, pinned_version

MODULE: Final = Path(__file__).parent / "jaeger"
_PATH: Final = "github.com/jaegertracing/jaeger"
_BEFORE_V2: Final = 63


def release_of(module_version: str) -> str:
    """Return the release for a version of the module, such as `2.13.0` for `1.76.0`.

    Both were released together, 1.63 with 2.0, until the last of version 1:
    https://github.com/jaegertracing/jaeger/blob/v1.76.0/CHANGELOG.md.
    """
    _, number, patch = module_version.split(".")
    return f"2.{int(number) - _BEFORE_V2}.{patch}"


VERSION: Final = release_of(pinned_version(MODULE, _PATH))
"""The newest that Go takes for a version of the module: later ones are tagged v2, and its path doesn't end in it."""

JAEGER: Final = GoTool(
    name="jaeger",
    module=MODULE,
    package=f"{_PATH}/cmd/jaeger",
    ldflags=("-s", "-w", f"-X {_PATH}/internal/version.latestVersion=v{VERSION}"),
    takes="about 4 minutes",
)
"""Without its web page, which the module lacks: the API is whole."""

INDEX_CLEANER: Final = GoTool(
    name="jaeger-es-index-cleaner",
    module=MODULE,
    package=f"{_PATH}/cmd/es-index-cleaner",
    ldflags=("-s", "-w"),
    takes="about 4 minutes, or a few seconds after Jaeger",
)
"""What drops old indices of Elasticsearch and OpenSearch."""
