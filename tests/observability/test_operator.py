"""Metrics by the cluster's Prometheus Operator: the same targets, labels, rules and dashboards as by the platform's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from components.manifests import Manifest
from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.dashboards.index import entries
from components.observability.operator.monitoring import OperatorMonitoring
from components.observability.prometheus.scrape_jobs import pods_job
from components.observability.rules.groups import rule_files
from components.specs.observability.settings import Observability
from tests.object_schema import object_problems
from tests.observability.rules import promtool
from tests.observability.scaled_shop import service
from tests.observability.scraped import EDGE

SELECTED: Final = {"release": "kube-prometheus-stack"}
METRICS: Final = {"run-by": "operator", "operator-namespace": "monitoring", "operator-labels": SELECTED}


def operated(mesh: MeshReporter | None = None, **metrics: Any) -> ObservabilityArgs:
    settings = {"metrics": {**METRICS, **metrics}, "runbooks": "https://runbooks.example.com"}
    return ObservabilityArgs(
        settings=Observability.model_validate(settings),
        namespace="shop",
        edge_namespace=EDGE,
        part_of="shop",
        workloads={"users": service("users")},
        mesh=mesh,
    )


def objects(args: ObservabilityArgs) -> list[Manifest]:
    found = OperatorMonitoring.manifests("operator", args)
    keys = {(one["kind"], one["metadata"]["name"]) for one in found}
    assert len(keys) == len(found), "the engine tells the objects of a component apart by kind and name"
    return found


def of_kind(args: ObservabilityArgs, kind: str) -> list[Manifest]:
    return [one for one in objects(args) if one["kind"] == kind]


def relabelings(args: ObservabilityArgs) -> list[dict[str, Any]]:
    """The monitor's steps, as Prometheus spells them."""
    (monitor,) = of_kind(args, "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    return [
        {re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", key): value for key, value in step.items()}
        for step in endpoint["relabelings"]
    ]


@pytest.mark.parametrize("mesh", [None, *MeshReporter])
def test_every_object_is_one_that_the_operator_takes(mesh: MeshReporter | None) -> None:
    for body in objects(operated(mesh)):
        assert object_problems(body) == [], f"{body['kind']} {body['metadata']['name']}"


def test_a_field_that_the_operator_does_not_know_would_be_seen() -> None:
    (monitor,) = of_kind(operated(), "PodMonitor")
    monitor["spec"]["podMetricsEndpoints"][0]["source_labels"] = []
    assert object_problems(monitor), "it would be dropped without a word"


@pytest.mark.parametrize("mesh", [None, *MeshReporter])
def test_targets_get_the_labels_that_the_platforms_own_prometheus_gives_them(mesh: MeshReporter | None) -> None:
    args = operated(mesh)
    steps = relabelings(args)
    assert steps[:-2] == pods_job(args)["relabel_configs"], "rules and dashboards are the same in both"
    assert steps[-1] == {"target_label": "job", "replacement": "pods"}, "alerts on targets name the job"
    assert steps[-2]["action"] == "labeldrop", "each port of a Pod would be another target by these labels"


def test_prometheus_takes_what_becomes_of_the_monitor(tmp_path: Path) -> None:
    job = {"job_name": "shop", "kubernetes_sd_configs": [{"role": "pod"}], "relabel_configs": relabelings(operated())}
    files = promtool.write(tmp_path, {"prometheus.yml": json.dumps({"scrape_configs": [job]})})
    done = promtool.run(tmp_path, "check", "config", *files)
    assert done.returncode == 0, done.stdout


def test_the_operator_finds_what_it_selects_by_label() -> None:
    for kind in ("PodMonitor", "PrometheusRule"):
        for body in of_kind(operated(), kind):
            assert SELECTED.items() <= body["metadata"]["labels"].items(), f"{kind} {body['metadata']['name']}"


def test_every_rule_file_becomes_an_object_as_it_is() -> None:
    args = operated()
    files = rule_files(args)
    found = {one["metadata"]["name"]: one["spec"] for one in of_kind(args, "PrometheusRule")}
    assert found == {f"shop-{file.removesuffix('.yaml')}": json.loads(text) for file, text in files.items()}
    assert found, "there are rules"


def test_the_operators_prometheus_may_list_pods_where_it_scrapes_and_nothing_else() -> None:
    for mesh, namespaces in ((None, ["shop"]), (MeshReporter.SIDECAR, ["shop", EDGE])):
        args = operated(mesh, **{"operator-service-account": "prometheus-stack"})
        (monitor,) = of_kind(args, "PodMonitor")
        assert monitor["spec"]["namespaceSelector"] == {"matchNames": namespaces}
        roles = of_kind(args, "Role")
        assert [one["metadata"]["namespace"] for one in roles] == namespaces
        assert all(
            one["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}] for one in roles
        )
        for binding in of_kind(args, "RoleBinding"):
            assert binding["subjects"] == [
                {"kind": "ServiceAccount", "name": "prometheus-stack", "namespace": "monitoring"}
            ]


def test_an_edge_in_the_platforms_own_namespace_is_scraped_once() -> None:
    args = replace(operated(MeshReporter.WAYPOINT), edge_namespace="shop")
    assert [one["metadata"]["namespace"] for one in of_kind(args, "Role")] == ["shop"]


def test_dashboards_are_config_maps_that_grafana_looks_for() -> None:
    args = operated()
    found = {one["metadata"]["name"]: one for one in of_kind(args, "ConfigMap")}
    assert found.keys() == {f"grafana-dashboard-{entry.uid}" for entry in entries(args)}
    for entry in entries(args):
        body = found[f"grafana-dashboard-{entry.uid}"]
        assert body["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert body["metadata"]["annotations"]["grafana_folder"] == entry.folder.value
        (text,) = body["data"].values()
        assert json.loads(text)["uid"] == entry.uid
