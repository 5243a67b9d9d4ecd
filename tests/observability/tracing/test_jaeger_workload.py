"""How Jaeger runs: what outlives its Pods, who may be one, and what it is given of its Secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.hardening import HardenedDefault
from components.manifests import Manifest
from components.observability.arguments import ObservabilityArgs
from components.observability.jaeger.config import FILE, jaeger_config_maps
from components.observability.jaeger.index_cleaner import PASSWORD, index_cleaner_workload
from components.observability.jaeger.storage import CASSANDRA_PASSWORD, SECRETS, VOLUME
from components.observability.jaeger.workload import jaeger_collector_workload, jaeger_workload
from components.quantities import byte_count
from tests.components.workload import environment, main, pod, template, the
from tests.observability.parts import part_objects
from tests.observability.tracing.stored import AT_VENDOR, INSIDE, LOGIN, OUTSIDE, VARIANTS, jaeger_workloads, traced


def every(args: ObservabilityArgs) -> dict[str, list[Manifest]]:
    return {name: part_objects(name, spec) for name, spec in jaeger_workloads(args).items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_their_objects_are_kubernetes_own(variant: str) -> None:
    for name, bodies in every(VARIANTS[variant]).items():
        kinds = {body["kind"] for body in bodies}
        assert kinds >= ({"CronJob"} if name == "jaeger-index-cleaner" else {"Service", "NetworkPolicy"})


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_has_the_configuration_of_its_name(variant: str) -> None:
    configs = jaeger_config_maps(VARIANTS[variant])
    for name, bodies in every(VARIANTS[variant]).items():
        if name == "jaeger-index-cleaner":
            continue
        (volume,) = (one for one in pod(bodies)["volumes"] if "configMap" in one)
        assert volume["configMap"]["name"] == name and FILE in configs[name]
        (mount,) = (one for one in main(bodies)["volumeMounts"] if one["name"] == volume["name"])
        assert main(bodies)["args"] == [f"--config={mount['mountPath']}/{FILE}"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_port_is_one_on_which_it_listens(variant: str) -> None:
    for name, files in jaeger_config_maps(VARIANTS[variant]).items():
        container = main(every(VARIANTS[variant])[name])
        listening = json.dumps(json.loads(files[FILE]))
        for port in container["ports"]:
            number = port["containerPort"]
            assert f'"0.0.0.0:{number}"' in listening or f'"port": {number}' in listening, f"{name}: {port}"


def test_what_stores_takes_spans_and_what_finds_answers() -> None:
    def ports(variant: str, name: str) -> dict[str, int]:
        bodies = every(VARIANTS[variant])[name]
        (service,) = (one for one in bodies if one["kind"] == "Service" and one["metadata"]["name"] == name)
        return {one["name"]: one["port"] for one in service["spec"]["ports"]}

    assert ports("elasticsearch", "jaeger") == {"search": 16686, "metrics": 8888}
    assert ports("elasticsearch", "jaeger-collector") == {"otlp": 4317, "metrics": 8888}
    assert ports("badger", "jaeger") == {"otlp": 4317, "search": 16686, "metrics": 8888}


@pytest.mark.parametrize("variant", VARIANTS)
def test_they_are_scraped_as_any_service_is(variant: str) -> None:
    for name, bodies in every(VARIANTS[variant]).items():
        annotations = template(bodies)["metadata"].get("annotations", {})
        assert annotations.get("prometheus.io/port") == (None if name == "jaeger-index-cleaner" else "8888")


def test_traces_on_a_volume_outlive_the_pod() -> None:
    bodies = every(INSIDE["badger"])["jaeger"]
    (claim,) = the(bodies, "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"] == {"storage": "10Gi"}
    assert claim["spec"]["storageClassName"] == "fast"
    mounted = {one["name"]: one["mountPath"] for one in main(bodies)["volumeMounts"]}
    assert mounted[claim["metadata"]["name"]] == VOLUME


@pytest.mark.parametrize("variant", ["memory", *OUTSIDE])
def test_what_keeps_nothing_has_no_claim(variant: str) -> None:
    for name, bodies in every(VARIANTS[variant]).items():
        assert "StatefulSet" not in {body["kind"] for body in bodies}, name


def test_one_alone_says_why() -> None:
    reasons = {
        variant: jaeger_workload(args).exceptions.get(HardenedDefault.SINGLE_REPLICA, "")
        for variant, args in VARIANTS.items()
    }
    assert "memory" in reasons["memory"] and "Badger" in reasons["badger"]
    assert not reasons["elasticsearch"] and not reasons["opensearch"] and reasons["open-cassandra"]


def test_both_parts_have_as_many_replicas_as_were_asked_for() -> None:
    for build in (jaeger_workload, jaeger_collector_workload):
        assert build(OUTSIDE["opensearch"]).replicas == 3


def test_of_its_secret_it_gets_one_key() -> None:
    volumes = {one["name"]: one for one in pod(every(OUTSIDE["elasticsearch"])["jaeger"])["volumes"]}
    key = LOGIN["password"]
    assert volumes["secrets"]["secret"] == {
        "secretName": "jaeger",
        "items": [{"key": key, "path": key}],
        "defaultMode": 0o440,
    }
    assert Path(SECRETS) in {Path(one) for one in jaeger_workload(OUTSIDE["elasticsearch"]).mounts}


def test_cassandras_password_comes_by_a_variable_from_the_secret() -> None:
    variables = environment(main(every(OUTSIDE["cassandra"])["jaeger-collector"]))
    assert variables[CASSANDRA_PASSWORD] == {"secretKeyRef": {"name": "jaeger", "key": LOGIN["password"]}}
    assert CASSANDRA_PASSWORD not in environment(main(every(OUTSIDE["open-cassandra"])["jaeger-collector"]))


@pytest.mark.parametrize("variant", ["memory", "open-elasticsearch", "open-cassandra"])
def test_without_a_login_no_secret_is_asked_for(variant: str) -> None:
    for name, bodies in every(VARIANTS[variant]).items():
        assert "secret" not in json.dumps(pod(bodies)["volumes"]).lower().replace("secrets/", ""), name


def test_the_runtime_collects_garbage_before_the_limiter_refuses() -> None:
    args = traced({"badger": "10Gi"}, resources={"cpu": "200m", "memory": "512Mi"})
    goal = environment(main(every(args)["jaeger"]))["GOMEMLIMIT"]
    limiter = json.loads(jaeger_config_maps(args)["jaeger"][FILE])["processors"]["memory_limiter"]
    refuses = limiter["limit_mib"] - limiter["spike_limit_mib"]
    assert byte_count(goal.removesuffix("B")) <= refuses * 2**20 < limiter["limit_mib"] * 2**20 < byte_count("512Mi")


def test_old_indices_go_each_day() -> None:
    job = the(every(OUTSIDE["elasticsearch"])["jaeger-index-cleaner"], "CronJob")["spec"]
    assert (job["schedule"], job["timeZone"]) == ("30 0 * * *", "Etc/UTC")
    assert job["concurrencyPolicy"] == "Forbid"
    container = main(every(OUTSIDE["elasticsearch"])["jaeger-index-cleaner"])
    assert container["args"] == [
        "8",
        "https://es.example.com:9200",
        "--index-prefix=shop",
        "--es.username=jaeger",
        "--es.tls.enabled=true",
    ]
    assert environment(container)[PASSWORD] == {"secretKeyRef": {"name": "jaeger", "key": LOGIN["password"]}}


def test_an_open_server_is_cleaned_without_login_and_tls() -> None:
    container = main(every(OUTSIDE["open-elasticsearch"])["jaeger-index-cleaner"])
    assert container["args"] == ["2", "http://es.example.com:9200"]
    assert PASSWORD not in environment(container)


def test_only_indices_are_cleaned() -> None:
    for args in (INSIDE["badger"], OUTSIDE["cassandra"], AT_VENDOR):
        assert "jaeger-index-cleaner" not in jaeger_workloads(args)
        with pytest.raises(ValueError, match="have indices"):
            index_cleaner_workload(args)
