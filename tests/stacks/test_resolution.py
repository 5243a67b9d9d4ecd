"""From two documents to one platform: what an environment adds, replaces, and leaves as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.hardening import HardenedDefault
from components.specs.namespace import PodSecurityLevel
from components.specs.workload import WorkloadKind
from stacks.assembly import render
from stacks.loader import validate
from stacks.schema.environment import SecretsFrom
from stacks.schema.platform import Platform
from stacks.schema.quota import most_pods
from tests.stacks.project import STACKS, Project
from tests.stacks.random_catalogues import platform

REASON = "a reviewer has weighed it"


def resolved(tmp_path: Path, catalogue: dict[str, Any], environment: dict[str, Any], stack: str = "dev") -> Platform:
    return Project(tmp_path, stack).change(catalogue, environment).validate()


def test_an_override_replaces_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    before = validate("dev").workloads["orders"].spec
    override = {"image": "example.com/orders:2", "replicas": 4, "resources": {"cpu": "1", "memory": "1Gi"}}
    after = resolved(tmp_path, {}, {"services orders": override, "quota cpu": 12}).workloads["orders"].spec
    assert (after.image, after.replicas, after.resources.memory) == ("example.com/orders:2", 4, "1Gi")
    changed = {field for field in type(before).model_fields if getattr(before, field) != getattr(after, field)}
    assert changed == {"image", "replicas", "resources"}


def test_variables_are_added_the_nearer_ones_win(tmp_path: Path) -> None:
    found = resolved(
        tmp_path,
        {"services orders env": {"A": "catalogue", "B": "catalogue", "C": "catalogue"}},
        {
            "env": {"B": "environment", "C": "environment", "D": "environment"},
            "services orders": {"env": {"C": "here"}},
        },
    )
    assert found.workloads["orders"].spec.env == {"A": "catalogue", "B": "environment", "C": "here", "D": "environment"}
    assert found.workloads["users"].spec.env == {"B": "environment", "C": "environment", "D": "environment"}


def test_variables_of_the_environment_are_not_for_stores() -> None:
    assert "LOG_LEVEL" not in validate("local").workloads["users-db"].spec.env


def test_exceptions_are_added(tmp_path: Path) -> None:
    found = resolved(
        tmp_path,
        {"services orders exceptions": {"spread": REASON}},
        {"services orders": {"exceptions": {"cpu-limit": REASON}}},
    )
    assert set(found.workloads["orders"].spec.exceptions) == {HardenedDefault.SPREAD, HardenedDefault.CPU_LIMIT}


def test_replicas_are_the_environments_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    environment = {"replicas": 2, "services users replicas": 5, "quota": {"cpu": 20, "memory": "40Gi", "pods": 80}}
    found = resolved(tmp_path, {"services orders replicas": 3}, environment)
    assert found.workloads["orders"].spec.replicas == 3
    assert found.workloads["gateway"].spec.replicas == 2
    assert found.workloads["users"].spec.replicas == 5


def test_an_autoscaled_service_gets_no_number_of_replicas() -> None:
    assert validate("prod").workloads["gateway"].spec.replicas is None


def test_an_override_may_take_the_autoscaler_away(tmp_path: Path) -> None:
    catalogue = {"services orders autoscaling": {"min": 1, "max": 3, "cpu": "70%"}}
    found = resolved(tmp_path, catalogue, {"services orders": {"autoscaling": None}})
    spec = found.workloads["orders"].spec
    assert (spec.autoscaling, spec.replicas) == (None, 1)


@pytest.mark.parametrize("kind", ["job", "cronjob", "daemonset"])
def test_what_is_counted_otherwise_gets_no_replicas(tmp_path: Path, kind: str) -> None:
    job = {"services fulfilment job": {"schedule": "0 3 * * *"}} if kind == "cronjob" else {}
    found = resolved(tmp_path, {"services fulfilment kind": kind, **job}, {})
    assert found.workloads["fulfilment"].spec.replicas is None


def test_stores_run_beside_the_services_or_not_at_all() -> None:
    assert {"users-db", "orders-db", "cache", "nats"} <= set(validate("local").workloads)
    assert not {"users-db", "orders-db", "cache", "nats"} & set(validate("prod").workloads)
    stores = [validate("local").workloads[name].spec for name in ("users-db", "cache", "nats")]
    assert {spec.kind for spec in stores} == {WorkloadKind.STATEFUL_SET}
    assert all(HardenedDefault.SINGLE_REPLICA in spec.exceptions for spec in stores), "and it says so"


def test_three_servers_of_the_broker_form_a_cluster() -> None:
    broker = platform({"users": {"image": "example.com/x:1"}}, broker={"storage": "1Gi", "replicas": 3})
    spec = broker.workloads["nats"].spec
    routes = spec.args[spec.args.index("--routes") + 1]
    assert routes == "nats://nats-0.nats:6222,nats://nats-1.nats:6222,nats://nats-2.nats:6222"
    assert spec.exceptions == {}


def test_every_secret_that_somebody_must_supply_is_known() -> None:
    stores = {
        "users-db": ("username", "password"),
        "orders-db": ("username", "password"),
        "cache": ("password",),
        "nats": ("username", "password"),
    }
    found = {stack: {name: one.keys for name, one in validate(stack).every_secret.items()} for stack in STACKS}
    assert found == {
        "ci": stores,
        "local": stores | {"grafana": ("admin-password",)},
        "dev": stores | {"grafana": ("admin-password",), "alertmanager": ("pager-url", "slack-url")},
        "prod": stores
        | {
            "grafana": ("admin-password", "oidc-client-secret"),
            "alertmanager": ("mail-password", "pagerduty-key", "watchdog-url", "wecom-secret"),
            "jaeger": ("elasticsearch-password",),
        },
    }


@pytest.mark.parametrize("stack", STACKS)
def test_secrets_are_made_only_where_the_stack_supplies_them_and_never_shown(stack: str) -> None:
    found = validate(stack)
    made = [body for body in render(found) if body["kind"] == "Secret"]
    assert bool(made) is (found.secrets_from is SecretsFrom.STACK)
    assert {value for body in made for value in body["stringData"].values()} <= {"hidden: render writes no secrets"}


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, PodSecurityLevel.RESTRICTED),
        ({"exceptions": {"writable-root-filesystem": REASON, "probes": REASON}}, PodSecurityLevel.RESTRICTED),
        ({"capabilities": ["NET_BIND_SERVICE"], "exceptions": {"capabilities": REASON}}, PodSecurityLevel.RESTRICTED),
        ({"pod-user": 0, "exceptions": {"run-as-root": REASON}}, PodSecurityLevel.BASELINE),
        ({"exceptions": {"privilege-escalation": REASON}}, PodSecurityLevel.BASELINE),
        ({"capabilities": ["CHOWN"], "exceptions": {"capabilities": REASON}}, PodSecurityLevel.BASELINE),
        ({"capabilities": ["NET_ADMIN"], "exceptions": {"capabilities": REASON}}, PodSecurityLevel.PRIVILEGED),
        (
            {"volumes": {"log": {"host-path": "/var/log"}}, "exceptions": {"host-path": REASON}},
            PodSecurityLevel.PRIVILEGED,
        ),
    ],
)
def test_a_namespace_is_as_strict_as_its_least_strict_workload(change: dict[str, Any], level: PodSecurityLevel) -> None:
    """The Pod Security Standards say at which level each relaxation is admitted."""
    namespace = platform({"users": {"image": "example.com/x:1", **change}}).namespace
    assert namespace.pod_security is level
    reasons = () if level is PodSecurityLevel.RESTRICTED else (f"users: {REASON}",)
    assert namespace.relaxed_for == reasons


def test_config_maps_hold_text_and_files_and_leave_out_what_others_make(tmp_path: Path) -> None:
    project = Project(tmp_path).change(
        {
            "config-maps": {
                "settings": {"data": {"mode": "fast", "app.yaml": {"file": "config/app.yaml"}}},
                "elsewhere": {"existing": True},
            },
            "services orders env-from": [{"config": "settings"}, {"config": "elsewhere"}],
        }
    )
    (tmp_path / "stacks" / "config").mkdir()
    project.write("stacks/config/app.yaml", "a: 1\n")
    found = project.validate().config_maps
    assert found["settings"] == {"mode": "fast", "app.yaml": "a: 1\n"}
    assert "elsewhere" not in found


def test_a_changed_file_rolls_the_pods_that_read_it(tmp_path: Path) -> None:
    checksums = set()
    for content in ("a: 1\n", "a: 2\n", "a: 1\n"):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        project = Project(folder).change(
            {
                "config-maps": {"settings": {"data": {"app.yaml": {"file": "app.yaml"}}}},
                "services orders volumes": {"settings": {"config": "settings"}},
            }
        )
        bodies = render(project.write("stacks/app.yaml", content).validate())
        (orders,) = [body for body in bodies if (body["kind"], body["metadata"]["name"]) == ("Deployment", "orders")]
        checksums.add(orders["spec"]["template"]["metadata"]["annotations"]["polyglot.dev/configmap-settings"])
    assert len(checksums) == 2, "equal content, equal template; other content, another"


def test_a_team_is_the_services_own_or_the_platforms(tmp_path: Path) -> None:
    found = resolved(tmp_path, {"services orders team": "sales"}, {})
    assert (found.workloads["orders"].team, found.workloads["users"].team) == ("sales", "shop")


def test_the_quota_counts_the_most_pods_of_each_workload() -> None:
    prod = validate("prod").workloads
    assert most_pods(prod["gateway"].spec) == 15
    assert most_pods(prod["users"].spec) == 3


@pytest.mark.parametrize("stack", STACKS)
def test_resolving_twice_gives_the_same_platform(stack: str) -> None:
    assert render(validate(stack)) == render(validate(stack))


def test_names_of_objects_are_never_given_twice() -> None:
    for stack in STACKS:
        names = [
            (body["kind"], body["metadata"].get("namespace"), body["metadata"]["name"])
            for body in render(validate(stack))
        ]
        assert len(names) == len(set(names))
