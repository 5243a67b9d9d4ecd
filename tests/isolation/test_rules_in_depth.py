"""What single rules must not demand, what they must see through, and how findings are accepted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from components.hardening import HardenedDefault
from components.identity import exception_annotation
from components.isolation import Accepted, Violation, check, unused
from components.isolation.pods import ContainerRole, Workload
from components.isolation.quantities import amount, scaled
from components.isolation.secret_text import is_secret_literal, reveals_a_secret
from tests.isolation.changes import container, deployment, drop, env, metadata, pod, put, spec
from tests.isolation.sample import SECRET_FROM_CLUSTER, Body, an_object, find, sample


def violations(manifests: list[Body], **options: Any) -> list[Violation]:
    defaults: dict[str, Any] = {"production": True, "secrets_from_cluster": frozenset({SECRET_FROM_CLUSTER})}
    return check(manifests, **(defaults | options))


def rules(manifests: list[Body], **options: Any) -> set[int]:
    return {violation.rule for violation in violations(manifests, **options)}


def test_a_finding_is_accepted_by_rule_and_object() -> None:
    manifests = sample()
    drop(container, "lifecycle")(manifests)
    entry = Accepted(29, "Deployment/shop/*", "the image has its own drain", date(2026, 11, 1))
    other = Accepted(29, "StatefulSet/*", "another object", date(2026, 11, 1))
    assert violations(manifests, accepted=[entry]) == []
    assert rules(manifests, accepted=[other]) == {29}
    assert unused([entry, other], violations(manifests)) == [other], "an entry that covers nothing is to be deleted"


def test_a_worker_without_ports_needs_no_probes() -> None:
    """There is nothing that a probe could ask, and no traffic to keep away from it."""
    manifests = sample()
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        drop(container, probe)(manifests)
    assert 26 in rules(manifests), "with a port, the missing probes must be found"
    drop(container, "ports")(manifests)
    assert 26 not in rules(manifests), "without a port, nobody could use them"


def test_nothing_is_accepted_without_a_reason() -> None:
    with pytest.raises(ValueError, match="without a reason"):
        Accepted(29, "*", " ", date(2026, 11, 1))


def test_a_violation_names_object_place_consequence_and_fix() -> None:
    manifests = sample()
    drop(container, "lifecycle")(manifests)
    (violation,) = violations(manifests)
    assert str(violation) == (
        "rule 29: Deployment shop/users: spec.template.spec.containers[0].lifecycle.preStop: "
        "container users stops while clients still send to it: Services forget Pods late. "
        "Fix: add lifecycle.preStop.sleep.seconds: 5"
    )


def test_a_secret_that_neither_the_render_nor_the_cluster_has_is_missed() -> None:
    (violation,) = violations(sample(), secrets_from_cluster=frozenset())
    assert (violation.rule, violation.path) == (30, "spec.template.spec.imagePullSecrets[0]")


def test_a_secret_that_cert_manager_is_asked_for_is_no_missing_one() -> None:
    manifests = sample()
    mounted = {"name": "tls", "secret": {"secretName": "users-tls"}}
    pod(manifests)["volumes"].append(mounted)
    assert rules(manifests) == {30}
    manifests.append(an_object("Certificate", "users", "cert-manager.io/v1", spec={"secretName": "users-tls"}))
    assert rules(manifests) == set()


def test_a_role_that_every_cluster_has_is_no_missing_one() -> None:
    manifests = sample()
    binding = find(manifests, "RoleBinding", "report")
    binding["roleRef"]["name"] = "extension-apiserver-authentication-reader"
    assert rules(manifests) == {30}, "it is a Role of another namespace"
    binding["metadata"]["namespace"] = "kube-system"
    assert rules(manifests) == set()


def test_a_message_about_a_secret_never_quotes_it() -> None:
    manifests = sample()
    env("PGPASSWORD", value="hunter2")(manifests)
    assert "hunter2" not in str(violations(manifests))


def test_a_reason_is_no_secret_whatever_it_is_a_reason_for() -> None:
    manifests = sample()
    key = exception_annotation(HardenedDefault.SERVICE_ACCOUNT_TOKEN)
    put(metadata("Service", "users"), annotations={key: "it finds Pods"})(manifests)
    assert 10 not in rules(manifests)
    put(metadata("Service", "users"), annotations={key: "https://me:hunter2@example.com"})(manifests)
    assert 10 in rules(manifests), "a reason may still hold one"


def test_containers_are_told_apart_by_what_they_are() -> None:
    containers = Workload(deployment(sample())).containers
    assert [(container.name, container.role) for container in containers] == [
        ("migrate", ContainerRole.INIT),
        ("proxy", ContainerRole.SIDECAR),
        ("users", ContainerRole.MAIN),
    ]


@pytest.mark.parametrize("field", ["initContainers", "containers"])
def test_each_container_of_a_pod_is_hardened(field: str) -> None:
    manifests = sample()
    pod(manifests)[field][0]["securityContext"] = {}
    assert rules(manifests) == {4, 5, 6}


def test_a_service_may_send_to_a_native_sidecar() -> None:
    manifests = sample()
    spec("Service", "users")(manifests)["ports"] = [{"port": 80, "targetPort": "http-proxy"}]
    assert violations(manifests) == []


def test_liveness_may_ask_the_same_as_readiness_if_it_is_more_patient() -> None:
    manifests = sample()
    probe = {"grpc": {"port": 50051}}
    put(container, readinessProbe=probe, livenessProbe={**probe, "failureThreshold": 6})(manifests)
    assert violations(manifests) == []


def test_the_language_of_a_pod_says_that_its_first_container_is_a_jvm() -> None:
    manifests = sample()
    container(manifests)["env"] = []
    drop(container, "startupProbe")(manifests)
    assert violations(manifests) == []
    deployment(manifests)["spec"]["template"]["metadata"]["labels"]["polyglot.dev/language"] = "java"
    assert rules(manifests) == {26}


def test_jobs_need_no_probes_replicas_budget_or_spread() -> None:
    manifests = sample()
    job = find(manifests, "CronJob", "report")
    job.update(kind="Job", spec=job["spec"]["jobTemplate"]["spec"])
    assert violations(manifests) == []


def test_a_single_replica_needs_no_budget_and_no_spread() -> None:
    manifests = sample()
    manifests.remove(find(manifests, "PodDisruptionBudget", "users-db"))
    database = spec("StatefulSet", "users-db")(manifests)
    database["replicas"] = 1
    del database["template"]["spec"]["topologySpreadConstraints"]
    assert violations(manifests, production=False) == []


def test_a_pod_that_no_service_selects_needs_no_drain() -> None:
    manifests = sample()
    manifests.remove(find(manifests, "Service", "users"))
    drop(container, "lifecycle")(manifests)
    assert violations(manifests) == []


def test_memory_in_other_units_is_the_same_memory() -> None:
    manifests = sample()
    container(manifests)["resources"]["requests"]["memory"] = "131072Ki"
    assert violations(manifests) == []


def test_dns_opened_by_each_workload_itself_is_open() -> None:
    manifests = sample()
    dns = spec("NetworkPolicy", "default-deny")(manifests).pop("egress")
    for name in ("users", "users-db", "report"):
        policy = find(sample(), "NetworkPolicy", "users")
        policy["metadata"]["name"] = f"{name}-dns"
        policy["spec"] = {"podSelector": {"matchLabels": {"app": name}}, "policyTypes": ["Egress"], "egress": dns}
        manifests.append(policy)
    assert violations(manifests) == []


def test_a_policy_without_a_pod_selector_selects_every_pod() -> None:
    manifests = sample()
    del spec("NetworkPolicy", "default-deny")(manifests)["podSelector"]
    assert violations(manifests) == []


def test_egress_to_one_store_does_not_open_dns() -> None:
    manifests = sample()
    spec("NetworkPolicy", "default-deny")(manifests)["egress"] = []
    spec("NetworkPolicy", "users")(manifests)["egress"] = [{"to": [{"podSelector": {}}]}]
    assert rules(manifests) == {15}


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("DB_PASSWORD", "hunter2", True),
        ("PGPASSWORD", "hunter2", True),
        ("API_KEY_2", "k", True),
        ("clientSecret", "s", True),
        ("ACCESS_TOKEN", "$(TOKEN)x", True),
        ("DB_PASSWORD", "$(PG_PASSWORD)", False),
        ("DB_PASSWORD", "", False),
        ("DB_PASSWORD_FILE", "/run/secrets/db", False),
        ("TOKEN_TTL", "5m", False),
        ("SECRET_NAME", "users-db", False),
        ("ALLOW_EMPTY_PASSWORD", "yes", False),
        ("PWD", "/app", False),
        ("PARTITION_KEY", "order-id", False),
        ("DB_PASSWORD", object(), False),
    ],
)
def test_a_name_and_a_value_tell_a_secret(name: str, value: object, is_secret: bool) -> None:
    assert is_secret_literal(name, value) is is_secret


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ("postgres://users:hunter2@db/users", True),
        ("-----BEGIN RSA PRIVATE KEY-----", True),
        ("AKIA" + "A" * 16, True),
        ("postgres://users:$(DB_PASSWORD)@db/users", False),
        ("nats://nats:4222", False),
        ("http://users:8080/@me", False),
        (7, False),
    ],
)
def test_a_text_tells_a_secret_by_its_shape(text: object, is_secret: bool) -> None:
    assert reveals_a_secret(text) is is_secret


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ("db:\n  password: hunter2\n", True),
        ('{\n  "api-key": "k"\n}', True),
        ("db.password=${DB_PASSWORD}", False),
        ("password: {{ .Password }}", False),
        ('{"secret": {"name": "a"}, "token": ["b"]}', False),
        ("password_file: /run/secrets/db", False),
    ],
)
def test_a_configuration_file_tells_a_secret_by_its_assignments(text: str, is_secret: bool) -> None:
    assert reveals_a_secret(text, assignments=True) is is_secret


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("1Gi", 2**30), ("1.5k", 1500), ("100m", Decimal("0.1")), ("1e3", 1000), (2, 2), ("512MB", None), ("", None)],
)
def test_a_quantity_is_a_number(quantity: object, number: int | Decimal | None) -> None:
    assert amount(quantity) == number


def test_a_share_of_pods_is_rounded_up() -> None:
    assert [scaled("50%", 3), scaled("1%", 3), scaled("0%", 3), scaled(2, 3)] == [2, 1, 0, 2]
    with pytest.raises(ValueError, match="neither a number nor a percentage"):
        scaled("half", 3)
