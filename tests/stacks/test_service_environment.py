"""What every service is told of itself: its name in telemetry, and how long it may drain."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.specs.variables import FieldReference
from components.specs.workload import WorkloadSpec
from components.workloads.arguments import NamedWorkload, WorkloadArgs
from components.workloads.pods import pod_template
from stacks.loader import validate
from stacks.schema.service_environment import CLOSING, drain_timeout
from tests.stacks.random_catalogues import platform

SERVICE: dict[str, Any] = {"image": "example.com/x:1", "exceptions": {"probes": "probes are another test's"}}


def told(**settings: Any) -> dict[str, Any]:
    return dict(platform({"users": SERVICE | settings}).workloads["users"].environment)


def test_a_service_drains_for_as_long_as_the_grace_period_leaves() -> None:
    """30 s from the start of the pause to SIGKILL, 5 s of pause, 5 s to close what is open."""
    assert told()["DRAIN_TIMEOUT"] == "20s"


@pytest.mark.parametrize(
    ("drain", "grace", "expected"),
    [
        ("5s", "60s", "50s"),
        ("0s", "30s", "25s"),
        ("25s", "30s", "2500ms"),
        ("1s", "2s", "500ms"),
        ("10s", "2m", "105s"),
    ],
)
def test_the_drain_follows_the_two_times_of_the_catalogue(drain: str, grace: str, expected: str) -> None:
    assert told(drain=drain, **{"termination-grace": grace})["DRAIN_TIMEOUT"] == expected


times = st.integers(0, 600_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))


@given(times, times.filter(bool))
def test_a_drain_is_never_empty_and_ends_before_the_kill(pause: timedelta, rest: timedelta) -> None:
    found = drain_timeout(WorkloadSpec(image="example.com/x:1", drain=pause, termination_grace=pause + rest))
    assert timedelta(0) < found < rest, "services refuse a drain of no time, and SIGKILL would cut off a longer one"
    assert rest - found == min(CLOSING, rest / 2), "the last spans and acknowledgements need time too"


@pytest.mark.parametrize(("kind", "job"), [("job", {}), ("cronjob", {"schedule": "0 3 * * *"})])
def test_what_runs_to_completion_has_nothing_to_drain(kind: str, job: dict[str, str]) -> None:
    found = told(kind=kind, job=job)
    assert "DRAIN_TIMEOUT" not in found and found["OTEL_SERVICE_NAME"] == "users"


@pytest.mark.parametrize(("stack", "tier"), [("local", "development"), ("prod", "production")])
def test_telemetry_says_which_service_of_which_environment_it_is(stack: str, tier: str) -> None:
    for name in ("gateway", "users", "orders", "recommendations", "fulfilment"):
        found = validate(stack).workloads[name].environment
        assert found["OTEL_SERVICE_NAME"] == name
        assert found["OTEL_RESOURCE_ATTRIBUTES"] == (
            f"service.namespace=shop,service.version=$(SERVICE_VERSION),deployment.environment.name={tier},"
            "k8s.namespace.name=shop,k8s.pod.name=$(K8S_POD_NAME),team=shop"
        )
        assert found["K8S_POD_NAME"] == FieldReference(field="metadata.name")


def test_the_pods_name_stands_above_the_attributes_that_refer_to_it() -> None:
    """Kubernetes expands ``$(NAME)`` only below NAME."""
    resolved = validate("local").workloads["users"]
    args = WorkloadArgs(spec=resolved.spec, namespace="shop", part_of="shop", environment=resolved.environment)
    template = pod_template(NamedWorkload("users", args))
    assert template.spec is not None
    names = [variable.name for variable in template.spec.containers[0].env or ()]
    assert names.index("K8S_POD_NAME") < names.index("OTEL_RESOURCE_ATTRIBUTES")


def test_stores_and_the_broker_are_told_nothing_of_the_kind() -> None:
    for name in ("users-db", "cache", "nats"):
        assert not validate("local").workloads[name].environment


def test_a_service_may_say_otherwise() -> None:
    spec = platform({"users": SERVICE | {"env": {"DRAIN_TIMEOUT": "1s"}}}).workloads["users"]
    args = WorkloadArgs(spec=spec.spec, namespace="shop", part_of="shop", environment=spec.environment)
    template = pod_template(NamedWorkload("users", args))
    assert template.spec is not None
    found = [variable.value for variable in template.spec.containers[0].env or () if variable.name == "DRAIN_TIMEOUT"]
    assert found == ["1s"], "once, and the service's own"


def test_the_drain_is_written_as_every_language_reads_it() -> None:
    """The services' tests agree on durations (services/testdata/settings.json): numbers with a unit, nothing else."""
    for milliseconds in (1, 500, 2500, 20_000, 60_000, 3_600_000):
        text = told(drain="0s", **{"termination-grace": f"{2 * milliseconds}ms"})["DRAIN_TIMEOUT"]
        assert re.fullmatch(r"[0-9]+(ms|s|m|h)", text)
