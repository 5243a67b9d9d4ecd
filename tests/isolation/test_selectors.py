"""Label selectors, against a model of what the documentation says of each operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.isolation.objects import Objects
from components.isolation.selectors import is_empty, match_labels, selects
from tests.isolation.sample import a_pod, an_object

KEYS = st.sampled_from(["app", "tier", "zone"])
VALUES = st.sampled_from(["a", "b", ""])
LABELS = st.dictionaries(KEYS, VALUES)
REQUIREMENTS = st.one_of(
    st.fixed_dictionaries(
        {"key": KEYS, "operator": st.sampled_from(["In", "NotIn"]), "values": st.lists(VALUES, min_size=1)}
    ),
    st.fixed_dictionaries({"key": KEYS, "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
)
SELECTORS = st.fixed_dictionaries({}, optional={"matchLabels": LABELS, "matchExpressions": st.lists(REQUIREMENTS)})
OPPOSITE = {"In": "NotIn", "NotIn": "In", "Exists": "DoesNotExist", "DoesNotExist": "Exists"}


@given(LABELS)
def test_an_empty_selector_matches_everything_and_none_nothing(labels: Mapping[str, str]) -> None:
    assert selects({}, labels)
    assert not selects(None, labels)


@given(SELECTORS, SELECTORS, LABELS)
def test_requirements_are_all_to_be_met(one: dict[str, Any], other: dict[str, Any], labels: Mapping[str, str]) -> None:
    expressions = [*one.get("matchExpressions", ()), *other.get("matchExpressions", ())]
    both = {"matchLabels": one.get("matchLabels", {}), "matchExpressions": expressions}
    alone = {"matchExpressions": other.get("matchExpressions", [])}
    assert selects(both, labels) == (selects(one, labels) and selects(alone, labels))


@given(REQUIREMENTS, LABELS)
def test_opposite_operators_divide_all_objects(requirement: dict[str, Any], labels: Mapping[str, str]) -> None:
    opposite = {**requirement, "operator": OPPOSITE[requirement["operator"]]}
    assert selects({"matchExpressions": [requirement]}, labels) != selects({"matchExpressions": [opposite]}, labels)


@given(LABELS, LABELS)
def test_match_labels_says_the_same_as_in_with_one_value(wanted: Mapping[str, str], labels: Mapping[str, str]) -> None:
    expressions = [{"key": key, "operator": "In", "values": [value]} for key, value in wanted.items()]
    assert selects({"matchLabels": wanted}, labels) == selects({"matchExpressions": expressions}, labels)
    assert match_labels(wanted, labels) == (wanted.items() <= labels.items())


@given(SELECTORS, st.lists(LABELS, max_size=6))
def test_the_index_finds_what_trying_each_pod_finds(selector: dict[str, Any], pods: list[dict[str, str]]) -> None:
    """The index by label exists for speed alone."""
    manifests = [an_object("Deployment", f"d{number}", spec={"template": a_pod("x")}) for number in range(len(pods))]
    for manifest, labels in zip(manifests, pods, strict=True):
        manifest["spec"]["template"]["metadata"]["labels"] = labels
    objects = Objects(tuple(manifests))
    expected = [body for body, labels in zip(manifests, pods, strict=True) if selects(selector, labels)]
    assert [workload.manifest for workload in objects.selected_by("shop", selector)] == expected
    assert objects.selected_by("elsewhere", selector) == ()


@given(SELECTORS)
def test_only_a_selector_without_requirements_is_empty(selector: dict[str, Any]) -> None:
    assert is_empty(selector) == (not any(selector.values()))
    assert not is_empty(None)


def test_an_unknown_operator_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'Equals'"):
        selects({"matchExpressions": [{"key": "app", "operator": "Equals", "values": ["a"]}]}, {})
