"""Every rule of the checklist: met by the sample, broken by a planted violation, excused only by a reason."""

from __future__ import annotations

from typing import Any

import pytest

from components.hardening import HardenedDefault, MeshDefault, NamespaceDefault
from components.isolation import RULES, Objects, Relaxation, Rule, Violation, check
from components.isolation.pods import pod_template_of
from tests.isolation.changes import Planted
from tests.isolation.mesh_sample import a_meshed_sample, an_ambient_sample
from tests.isolation.observed_sample import an_observed_sample, an_operated_sample
from tests.isolation.planted_in_mesh import MESH
from tests.isolation.planted_in_observability import OBSERVABILITY
from tests.isolation.planted_in_pods import CREDENTIALS, NAMESPACE, POD
from tests.isolation.planted_in_references import REFERENCES
from tests.isolation.planted_in_services import LIFECYCLE, NETWORK, RELIABILITY
from tests.isolation.sample import SECRET_FROM_CLUSTER, Body, sample
from tests.object_schema import object_problems

PLANTED = (*NAMESPACE, *POD, *CREDENTIALS, *NETWORK, *MESH, *RELIABILITY, *LIFECYCLE, *REFERENCES, *OBSERVABILITY)
IMPLEMENTED = {*range(1, 31), *range(32, 36)}
FROM_CLUSTER = frozenset({SECRET_FROM_CLUSTER})

each_planted = pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.rule}: {planted.what}")
each_excusable = pytest.mark.parametrize(
    "planted",
    [planted for planted in PLANTED if planted.relaxation],
    ids=lambda planted: f"{planted.rule}: {planted.what}",
)


def violations(manifests: list[Body], **options: Any) -> list[Violation]:
    defaults: dict[str, Any] = {"production": True, "secrets_from_cluster": FROM_CLUSTER}
    return check(manifests, **(defaults | options))


def changed(planted: Planted) -> list[Body]:
    manifests = sample()
    planted.change(manifests)
    return manifests


def excuse(
    manifests: list[Body], violation: Violation, relaxation: Relaxation, reason: str, *, template: bool = True
) -> None:
    """Let the object of a violation, and its Pod template, carry the exception."""
    identity = (violation.kind, violation.namespace, violation.name)
    for body in manifests:
        if (body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]) == identity:
            pod_template = pod_template_of(body)
            for bearer in [body, *([pod_template] if pod_template is not None and template else [])]:
                bearer["metadata"].setdefault("annotations", {})[relaxation.annotation] = reason


def excuse_all(manifests: list[Body], planted: Planted, reason: str, *, template: bool = True) -> list[Violation]:
    """What is left of a planted violation after every object that shows it gives the reason."""
    assert planted.relaxation is not None
    for violation in violations(manifests):
        excuse(manifests, violation, planted.relaxation, reason, template=template)
    return [violation for violation in violations(manifests) if violation.rule == planted.rule]


def test_a_well_formed_render_violates_nothing() -> None:
    assert list(map(str, violations(sample()))) == []


@pytest.mark.parametrize("manifests", [a_meshed_sample(), an_ambient_sample()], ids=["sidecars", "ambient"])
def test_a_well_formed_mesh_violates_nothing(manifests: list[Body]) -> None:
    assert list(map(str, violations(manifests))) == []


@pytest.mark.parametrize("manifests", [an_observed_sample(), an_operated_sample()], ids=["platform", "operator"])
def test_a_well_formed_render_that_is_watched_violates_nothing(manifests: list[Body]) -> None:
    assert list(map(str, violations(manifests))) == []


def test_the_sample_is_one_that_kubernetes_takes() -> None:
    """A rule that only an impossible manifest meets would be worth nothing."""
    for manifest in [*a_meshed_sample(), *an_ambient_sample(), *an_observed_sample(), *an_operated_sample()]:
        assert object_problems(manifest) == [], f"{manifest['kind']} {manifest['metadata']['name']}"


def test_rules_of_the_mesh_ask_nothing_where_there_is_none() -> None:
    """Without an object of Istio's and without its labels, the sample is a platform that never heard of a mesh."""
    objects = Objects(tuple(sample()), FROM_CLUSTER)
    assert not [finding for rule in RULES if 16 <= rule.number <= 23 for finding in rule.find(objects)]


@each_planted
def test_a_planted_violation_is_found_where_it_is_and_nowhere_else(planted: Planted) -> None:
    found = violations(changed(planted))
    shown = "\n".join(map(str, found))
    assert (planted.rule, planted.path) in {(violation.rule, violation.path) for violation in found}, shown
    assert {violation.rule for violation in found} == {planted.rule, *planted.also}, shown


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.number}: {rule.title}")
def test_each_rule_has_a_planted_violation(rule: Rule) -> None:
    """A rule that nobody has seen fail may never fail: plant one for each new rule."""
    planted = [one for one in PLANTED if one.rule == rule.number]
    assert any(list(rule.find(Objects(tuple(changed(one)), FROM_CLUSTER))) for one in planted), (
        f"no planted violation breaks rule {rule.number}, {rule.title}"
    )


def test_every_number_of_the_implemented_chapters_has_a_rule() -> None:
    assert {rule.number for rule in RULES} == IMPLEMENTED


@each_excusable
def test_an_exception_with_a_reason_is_accepted(planted: Planted) -> None:
    assert list(map(str, excuse_all(changed(planted), planted, "the vendor's image needs it"))) == []


@each_excusable
def test_an_exception_without_a_reason_is_not(planted: Planted) -> None:
    assert excuse_all(changed(planted), planted, " "), "an empty reason excused the violation"


@pytest.mark.parametrize(
    "planted",
    [
        planted
        for planted in (*POD, *RELIABILITY, *LIFECYCLE)
        if planted.relaxation and planted.path.startswith("spec.template")
    ],
    ids=lambda planted: f"{planted.rule}: {planted.what}",
)
def test_an_exception_on_the_workload_alone_is_not_accepted(planted: Planted) -> None:
    """Admission control sees Pods, people see workloads: both must be told."""
    assert excuse_all(changed(planted), planted, "the vendor's image needs it", template=False)


@pytest.mark.parametrize("relaxation", [*HardenedDefault, *NamespaceDefault, *MeshDefault])
def test_each_exception_excuses_some_rule(relaxation: Relaxation) -> None:
    """An exception that no rule knows would be written down, and excuse nothing."""
    assert relaxation in {rule.relaxation for rule in RULES}
    assert relaxation in {planted.relaxation for planted in PLANTED}, "nobody has seen it work"


def test_an_exception_for_one_rule_does_not_excuse_another() -> None:
    planted = next(planted for planted in POD if planted.relaxation is HardenedDefault.CAPABILITIES)
    manifests = changed(planted)
    for violation in violations(manifests):
        excuse(manifests, violation, HardenedDefault.RUN_AS_ROOT, "the vendor's image needs it")
    assert {violation.rule for violation in violations(manifests)} == {planted.rule}


def test_rules_of_the_production_tier_ask_nothing_of_others() -> None:
    for planted in PLANTED:
        relaxed = planted.relaxation in (HardenedDefault.SINGLE_REPLICA, HardenedDefault.FAULT_INJECTION)
        if planted.rule == 11 or relaxed or planted.path.endswith(".route"):
            assert violations(changed(planted), production=False) == [], planted.what
