"""The series that alerts are tested with: an example service's, and those of the platform's own parts. Pure."""

from collections.abc import Mapping
from typing import Final

SERVICE: Final = {"service": "example", "team": "examples"}
POD: Final = {**SERVICE, "pod": "example-1"}


def written(labels: Mapping[str, str]) -> str:
    """Return labels as they stand between a series' braces."""
    return ",".join(f'{name}="{value}"' for name, value in labels.items())


def part_labels(name: str, **more: str) -> dict[str, str]:
    """Return the labels of the first Pod of one of the platform's own parts."""
    return {"service": name, "team": "examples", "pod": f"{name}-0", **more}


def part_series(metric: str, name: str, **more: str) -> str:
    """Return that Pod's series of a metric."""
    return f"{metric}{{{written(part_labels(name, **more))}}}"
