"""What every object has."""

from typing import NotRequired, TypedDict


class Metadata(TypedDict):
    """An object's name, place, labels and annotations."""

    name: str
    namespace: str
    labels: dict[str, str]
    annotations: NotRequired[dict[str, str]]


class WorkloadSelector(TypedDict):
    """Pods by their labels, in the object's namespace."""

    matchLabels: dict[str, str]
