"""Every committed stack meets the checklist: all rules, over everything that it renders."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from components.isolation import ACCEPTED, Manifest, Violation, check, unused
from stacks.assembly import render
from stacks.document import read
from stacks.loader import PROJECT, environment_file, validate
from stacks.schema.environment import SecretsFrom
from stacks.schema.environment_checks import ROOT
from tests.object_schema import object_problems
from tests.program.recorder import STACKS

every_stack = pytest.mark.parametrize("stack", STACKS)


def is_production(stack: str) -> bool:
    """Whether the stack says so; a resolved platform no longer knows of tiers."""
    return read(PROJECT / environment_file(stack)).value((*ROOT, "tier")) == "production"


def violations(stack: str, manifests: Sequence[Manifest], *, accept: bool = True) -> list[Violation]:
    platform = validate(stack)
    from_cluster = platform.every_secret if platform.secrets_from is SecretsFrom.CLUSTER else ()
    return check(
        manifests,
        production=is_production(stack),
        accepted=ACCEPTED if accept else (),
        secrets_from_cluster=frozenset(from_cluster),
    )


@every_stack
def test_every_stack_meets_the_checklist(stack: str) -> None:
    found = violations(stack, render(validate(stack)))
    assert not found, "\n".join([f"{stack} violates the checklist:", *map(str, found)])


@every_stack
def test_every_object_that_a_stack_renders_is_one_that_kubernetes_takes(stack: str) -> None:
    assert [problem for manifest in render(validate(stack)) for problem in object_problems(manifest)] == []


@every_stack
def test_a_violation_planted_in_a_stack_is_found(stack: str) -> None:
    """Else the test above might look at something that is no manifest, and find nothing wrong with it."""
    manifests = [body for body in render(validate(stack)) if body["kind"] != "NetworkPolicy"]
    assert {14, 15} <= {violation.rule for violation in violations(stack, manifests)}


def test_production_is_held_to_the_whole_checklist() -> None:
    assert [stack for stack in STACKS if is_production(stack)] == ["prod"]
    manifests = render(validate("prod"))
    for body in manifests:
        if body["kind"] == "Deployment" and body["metadata"]["name"] == "orders":
            body["spec"]["replicas"] = 1
    assert 24 in {violation.rule for violation in violations("prod", manifests)}


def test_no_acceptance_outlives_its_finding() -> None:
    found = [violation for stack in STACKS for violation in violations(stack, render(validate(stack)), accept=False)]
    assert unused(ACCEPTED, found) == [], "these entries of components/isolation/accepted.py cover nothing: delete them"


def of(manifests: list[Manifest], kind: str, name: str) -> dict[str, Any]:
    """A rendered object, to be spoilt."""
    return next(dict(body) for body in manifests if (body["kind"], body["metadata"]["name"]) == (kind, name))


def spoilt(kind: str, name: str, data: dict[str, str | None]) -> list[Manifest]:
    """What the stack dev renders, with some texts of a ConfigMap replaced, or dropped."""
    manifests: list[Manifest] = [*render(validate("dev"))]
    body = of(manifests, kind, name)
    kept = {key: text for key, text in (body["data"] | data).items() if text is not None}
    return [one for one in manifests if one["metadata"]["name"] != name or one["kind"] != kind] + [
        {**body, "data": kept}
    ]


@pytest.mark.parametrize(
    ("rule", "manifests"),
    [
        (32, lambda: spoilt("ConfigMap", "prometheus-rules", {"burn-rates.yaml": None})),
        (33, lambda: spoilt("ConfigMap", "prometheus-rules", {"own.yaml": json.dumps(UNFINISHED)})),
        (34, lambda: spoilt("ConfigMap", "prometheus-rules", {"monitoring.yaml": None, "notifications.yaml": None})),
        (35, lambda: spoilt("ConfigMap", "prometheus", {"prometheus.yml": '{"scrape_configs": []}'})),
    ],
)
def test_rules_of_monitoring_see_what_a_stack_renders(rule: int, manifests: Callable[[], list[Manifest]]) -> None:
    """They read texts inside of ConfigMaps: were these to change their form, the rules would have nothing to say."""
    assert {violation.rule for violation in violations("dev", manifests())} == {rule}


UNFINISHED = {"groups": [{"name": "own", "rules": [{"alert": "Broken", "expr": "up == 0"}]}]}
