"""Loki: what stands in its configuration, and how it runs. The real one is asked in layer 5."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.hardening import HardenedDefault
from components.observability.arguments import ObservabilityArgs
from components.observability.loki.server import (
    DATA_FOLDER,
    FILE,
    loki_config,
    loki_config_maps,
    loki_workload,
)
from components.quantities import byte_count
from tests.components.workload import main, pod, template, the
from tests.observability.parts import part_objects
from tests.observability.tracing.stored import SEARCH, logged, watched

ELSEWHERE = watched(logs={"namespace": "logs", "storage": {"elasticsearch": SEARCH}})


def config(args: ObservabilityArgs) -> dict[str, Any]:
    return json.loads(loki_config(args)[FILE])


def test_it_is_there_where_logs_go_to_it() -> None:
    assert set(loki_config_maps(logged())) == {"loki"}
    assert loki_workload(logged())
    for args in (ELSEWHERE, watched()):
        assert not loki_config_maps(args)
        for build in (loki_config, loki_workload):
            with pytest.raises(ValueError, match="Loki is asked for"):
                build(args)


def test_lines_are_kept_for_as_long_as_was_said() -> None:
    found = config(logged(retention="30d"))
    assert found["limits_config"]["retention_period"] == "720h"
    assert found["compactor"]["retention_enabled"] is True, "else the period means nothing"
    assert found["compactor"]["delete_request_store"] == "filesystem", "or it does not start"


@pytest.mark.parametrize(("retention", "late"), [("36h", "36h"), ("14d", "168h")])
def test_what_is_older_than_it_is_kept_is_refused(retention: str, late: str) -> None:
    assert config(logged(retention=retention))["limits_config"]["reject_old_samples_max_age"] == late


def test_few_attributes_become_labels_and_none_by_default() -> None:
    otlp = config(logged())["limits_config"]["otlp_config"]
    assert otlp["resource_attributes"]["ignore_defaults"] is True, "its defaults have the Pod's name among them"
    (labels,) = otlp["resource_attributes"]["attributes_config"]
    assert labels == {"action": "index_label", "attributes": ["service.name", "k8s.namespace.name"]}


def test_its_caches_and_its_log_fit_into_its_memory() -> None:
    for memory in ("256Mi", "512Mi", "4Gi"):
        found = config(logged(resources={"cpu": "200m", "memory": memory}))
        caches = [found["chunk_store_config"]["chunk_cache_config"], found["query_range"]["results_cache"]["cache"]]
        cached = sum(one["embedded_cache"]["max_size_mb"] * 2**20 for one in caches)
        replayed = int(found["ingester"]["wal"]["replay_memory_ceiling"].removesuffix("KB")) * 1000
        assert cached + replayed < 0.65 * byte_count(memory), "its own defaults, 100 MB each and 4 GB, are for others"


def test_all_that_it_writes_is_on_its_volume() -> None:
    def paths(value: Any) -> list[str]:
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        own = [value] if isinstance(value, str) and value.startswith("/") else []
        return own + [path for one in below for path in paths(one)]

    found = paths(config(logged()))
    assert len(found) >= 5
    assert all(path == DATA_FOLDER or path.startswith(f"{DATA_FOLDER}/") for path in found)
    bodies = part_objects("loki", loki_workload(logged(**{"storage-class": "fast"})))
    (claim,) = the(bodies, "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"] == {"storage": "50Gi"}
    assert claim["spec"]["storageClassName"] == "fast"
    mounted = {one["name"]: one["mountPath"] for one in main(bodies)["volumeMounts"]}
    assert mounted[claim["metadata"]["name"]] == DATA_FOLDER


def test_it_tells_nobody_outside_and_has_no_rules() -> None:
    found = config(logged())
    assert found["analytics"] == {"reporting_enabled": False}
    assert found["ruler"] == {"enable_api": False}
    assert found["server"]["grpc_listen_address"] == "127.0.0.1", "its parts talk within the Pod"


def test_its_one_port_is_scraped_too() -> None:
    bodies = part_objects("loki", loki_workload(logged()))
    (service,) = (one for one in bodies if one["kind"] == "Service" and one["metadata"]["name"] == "loki")
    (port,) = service["spec"]["ports"]
    assert (port["name"], port["port"], port["appProtocol"]) == ("metrics", 3100, "http")
    assert template(bodies)["metadata"]["annotations"]["prometheus.io/port"] == "3100"


def test_it_has_time_to_read_its_log_and_to_write_what_it_has() -> None:
    bodies = part_objects("loki", loki_workload(logged()))
    probes = main(bodies)
    assert probes["startupProbe"]["periodSeconds"] * probes["startupProbe"]["failureThreshold"] >= 600
    assert probes["livenessProbe"]["httpGet"]["path"] != probes["readinessProbe"]["httpGet"]["path"]
    assert pod(bodies)["terminationGracePeriodSeconds"] >= 120


def test_one_alone_says_why() -> None:
    assert "one volume" in loki_workload(logged()).exceptions[HardenedDefault.SINGLE_REPLICA]
