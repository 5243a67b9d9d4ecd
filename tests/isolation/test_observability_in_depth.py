"""What rules 32 to 35 must not demand, and what they must see through."""

from __future__ import annotations

from typing import Any

import pytest

from components.isolation import check
from components.isolation.observability_objects import conjunction, receiver_of
from tests.isolation.changes import container, deployment
from tests.isolation.observed_sample import an_observed_sample, an_operated_sample
from tests.isolation.sample import SECRET_FROM_CLUSTER, Body, find


def rules(manifests: list[Body]) -> set[int]:
    found = check(manifests, production=True, secrets_from_cluster=frozenset({SECRET_FROM_CLUSTER}))
    return {violation.rule for violation in found}


def test_an_operators_installation_has_a_watchdog_of_its_own() -> None:
    manifests = an_operated_sample()
    alerts = find(manifests, "PrometheusRule", "shop")["spec"]["groups"][0]["rules"]
    alerts[:] = [rule for rule in alerts if rule.get("alert") != "Watchdog"]
    assert rules(manifests) == set(), "two of one name would be one to whoever waits for it"


def test_a_pod_without_metrics_needs_no_scrape() -> None:
    manifests = an_observed_sample()
    ports = container(manifests)["ports"]
    ports[:] = [port for port in ports if port["name"] != "metrics"]
    deployment(manifests)["spec"]["template"]["metadata"].pop("annotations")
    assert rules(manifests) == set()


def test_metrics_are_opened_by_number_by_name_or_by_range() -> None:
    for opened in ({"port": "metrics"}, {"port": 8000, "endPort": 9000}, {}):
        manifests = an_observed_sample()
        find(manifests, "NetworkPolicy", "users")["spec"]["ingress"][-1]["ports"] = [opened]
        assert rules(manifests) == set(), opened
    for closed in ({"port": "grpc"}, {"port": 8000, "endPort": 8080}, {"port": 8081, "protocol": "UDP"}):
        manifests = an_observed_sample()
        find(manifests, "NetworkPolicy", "users")["spec"]["ingress"][-1]["ports"] = [closed]
        assert rules(manifests) == {35}, closed


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        ("a > 1 and on (service, slo) b > 2", [("a", 1), ("b", 2)]),
        ("(a > 1) and (b > 2)", [("a", 1), ("b", 2)]),
        ("a > 1 or b > 2", []),
        ("a > 1 unless b > 2", []),
        ("a < 1 and b > 2", [("b", 2)]),
        ("sum(a) > 1", []),
        ("a > 1 and", []),
    ],
)
def test_only_what_must_all_hold_is_a_conjunction(expression: str, numbers: list[tuple[str, float]]) -> None:
    assert [(one.series, one.above) for one in conjunction(expression)] == numbers


@pytest.mark.parametrize(
    ("matcher", "receiver"),
    [
        ('alertname="Watchdog"', "switch"),
        ("alertname=Watchdog", "switch"),
        ('alertname=~"Watch.*|Dead.*"', "switch"),
        ('severity!="page"', "switch"),
        ('severity!~"page|ticket"', "switch"),
        ('alertname="watchdog"', "people"),
        ('alertname=~"Watch"', "people"),
        ('team!=""', "people"),
        ("not a matcher", "people"),
    ],
)
def test_an_alert_takes_the_route_whose_matchers_all_hold(matcher: str, receiver: str) -> None:
    route: dict[str, Any] = {"receiver": "people", "routes": [{"receiver": "switch", "matchers": [matcher]}]}
    assert receiver_of(route, {"alertname": "Watchdog", "severity": "info"}) == receiver


def test_a_route_without_a_receiver_has_that_of_the_route_around_it() -> None:
    inner = {"matchers": ['severity="info"'], "routes": [{"matchers": ['alertname="Watchdog"']}]}
    route = {"receiver": "people", "routes": [{"receiver": "switch", "matchers": ['team=""'], "routes": [inner]}]}
    assert receiver_of(route, {"alertname": "Watchdog", "severity": "info"}) == "switch"
