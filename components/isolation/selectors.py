"""Label selectors as the API server evaluates them.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Labels = Mapping[str, str]


def selects(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Whether a LabelSelector matches: null matches nothing, an empty one everything, and all requirements must hold.

    Raises ValueError for an operator that Kubernetes does not have.
    """
    if selector is None:
        return False
    return match_labels(selector.get("matchLabels") or {}, labels) and all(
        _meets(requirement, labels) for requirement in selector.get("matchExpressions") or []
    )


def match_labels(wanted: Labels, labels: Labels) -> bool:
    """Whether `labels` has every pair of `wanted`."""
    return all(labels.get(key) == value for key, value in wanted.items())


def is_empty(selector: Mapping[str, Any] | None) -> bool:
    """Whether a LabelSelector matches every object."""
    return selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions")


def _meets(requirement: Mapping[str, Any], labels: Labels) -> bool:
    key, values = requirement["key"], requirement.get("values") or []
    match requirement["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case operator:
            raise ValueError(
                f"label selector on {key!r} has the operator {operator!r}, so it selects nothing: "
                "use In, NotIn, Exists or DoesNotExist"
            )
