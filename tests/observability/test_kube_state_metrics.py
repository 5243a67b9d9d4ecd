"""kube-state-metrics: what it tells of the platform's objects, and with which rights."""

from __future__ import annotations

import json

from components.manifests import Manifest
from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.exporters.certificate_metrics import EXPIRATION
from components.observability.exporters.kube_state_metrics import KINDS, kube_state_metrics_workload, state_ports
from components.observability.names import KUBE_STATE_METRICS
from tests.components.workload import pod, template, the
from tests.observability.parts import part_objects
from tests.observability.scraped import EDGE, scraped


def built(args: ObservabilityArgs) -> list[Manifest]:
    return part_objects(KUBE_STATE_METRICS, kube_state_metrics_workload(args))


def flags(arguments: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (argument.partition("=") for argument in arguments)}


def allowed(args: ObservabilityArgs) -> set[str]:
    rules = the(built(args), "Role")["rules"]
    assert all(rule["verbs"] == ["list", "watch"] for rule in rules), "it changes nothing"
    return {resource for rule in rules for resource in rule["resources"]}


def test_it_may_read_exactly_what_it_tells_of() -> None:
    (container,) = pod(built(scraped()))["containers"]
    asked = flags(container["args"])
    assert allowed(scraped()) == set(asked["--resources"].split(",")) == set(KINDS)
    assert asked["--namespaces"] == "shop", "it would ask for the whole cluster, and be refused"


def test_a_metric_belongs_to_one_kind_of_object() -> None:
    names = [name for kind in KINDS.values() for name in kind.metrics]
    assert sorted(names) == sorted(set(names))
    foreign = [
        name
        for resource, kind in KINDS.items()
        for name in kind.metrics
        if not name.startswith(f"kube_{resource.removesuffix('s')}_")
    ]
    assert not foreign, "it would have no right to the objects behind them"


def test_of_every_kind_it_tells_the_labels_by_which_series_find_their_service() -> None:
    asked = flags(pod(built(scraped()))["containers"][0]["args"])["--metric-labels-allowlist"]
    for resource, kind in KINDS.items():
        assert f"kube_{resource.removesuffix('s')}_labels" in kind.metrics
        assert f"{resource}=[app.kubernetes.io/name,polyglot.dev/team,polyglot.dev/track]" in asked


def test_it_is_scraped_twice_for_objects_and_for_itself() -> None:
    ports = {one["name"]: one["port"] for one in the(built(scraped()), "Service")["spec"]["ports"]}
    assert ports == {"state": 8080, "metrics": 8081}
    assert template(built(scraped()))["metadata"]["annotations"]["prometheus.io/port"] == "8081", (
        "its series about other objects must not be labelled as those about itself"
    )


def test_certificates_are_watched_where_there_are_some() -> None:
    with_some = scraped(mesh=MeshReporter.SIDECAR, certificates=True)
    assert allowed(with_some) - allowed(scraped()) == {"certificates"}
    assert state_ports(with_some).keys() - state_ports(scraped()).keys() == {"certificates"}
    _, container = pod(built(with_some))["containers"]
    asked = flags(container["args"])
    assert asked["--namespaces"] == f"shop,{EDGE}", "the edge's certificate is the one that users see"
    assert asked["--custom-resource-state-only"] == "true", "it may not read anything else at the edge"
    (told,) = json.loads(asked["--custom-resource-state-config"])["spec"]["resources"]
    assert [f"{told['metricNamePrefix']}_{metric['name']}" for metric in told["metrics"]] == [EXPIRATION]
