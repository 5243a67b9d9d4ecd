"""The Collector as agent of a node: what it reads, in what order it works, how it runs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.hardening import HardenedDefault
from components.isolation import check
from components.manifests import Manifest
from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.collector.parts.document import CONFIG_FILE
from components.observability.log_agents.access import NodeAgentAccess
from components.observability.log_agents.config import (
    FINGERPRINT,
    PASSWORD,
    PODS_FOLDER,
    QUEUE_SHARE,
    STATE_FOLDER,
    log_agent_config,
)
from components.observability.log_agents.parsing import CONTINUATION, operators
from components.observability.log_agents.workload import log_agent_workload, log_secret_keys
from components.observability.names import OTEL_AGENT
from components.quantities import byte_count
from components.specs.namespace import NamespaceSpec, PodSecurityLevel, Quota
from components.workloads.arguments import ConfigurationArgs, NamespaceArgs
from components.workloads.objects import configuration_objects, namespace_objects
from tests.components.workload import environment, every, main, pod, the, valid
from tests.observability.logs.logged import AGENTS, EDGE, VARIANTS, logged
from tests.observability.parts import part_objects


def document(args: ObservabilityArgs) -> dict[str, Any]:
    return json.loads(log_agent_config(args)[CONFIG_FILE])


def agent(args: ObservabilityArgs) -> list[Manifest]:
    return part_objects(OTEL_AGENT, log_agent_workload(args), namespace=AGENTS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_pipelines_name_exists_and_all_that_exists_is_used(variant: str) -> None:
    found = document(VARIANTS[variant])
    pipelines = found["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert {name for one in pipelines for name in one[kind]} == set(found[kind])
    assert set(found["service"]["extensions"]) == set(found["extensions"])


def test_memory_is_limited_first_and_secrets_are_gone_last() -> None:
    for args in VARIANTS.values():
        first, *_, last = document(args)["service"]["pipelines"]["logs"]["processors"]
        assert first == "memory_limiter"
        assert last == "redaction", "what comes after it could bring something in; the queue is the exporter's"


def test_only_the_platform_s_namespaces_are_read() -> None:
    def folders(args: ObservabilityArgs) -> set[str]:
        receiver = document(args)["receivers"]["file_log"]
        return {pattern.removeprefix(f"{PODS_FOLDER}/").partition("/")[0] for pattern in receiver["include"]}

    assert folders(logged()) == {"shop_*"}
    assert folders(logged(mesh=MeshReporter.SIDECAR)) == {"shop_*", f"{EDGE}_*"}


def test_labels_are_asked_for_by_namespace_and_node() -> None:
    processors = document(logged(mesh=MeshReporter.SIDECAR))["processors"]
    for namespace in ("shop", EDGE):
        found = processors[f"k8s_attributes/{namespace}"]
        assert found["filter"] == {"namespace": namespace, "node_from_env_var": "NODE_NAME"}


def test_its_rights_are_at_those_namespaces_alone() -> None:
    bodies = valid(NodeAgentAccess.manifests("shop", logged(mesh=MeshReporter.SIDECAR)))
    assert {body["kind"] for body in bodies} == {"Role", "RoleBinding"}, "nothing is granted for the whole cluster"
    assert {body["metadata"]["namespace"] for body in bodies} == {"shop", EDGE}
    for role in every(bodies, "Role"):
        assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    for binding in every(bodies, "RoleBinding"):
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": OTEL_AGENT, "namespace": AGENTS}]
    assert len({(body["kind"], body["metadata"]["name"]) for body in bodies}) == len(bodies)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_waits_is_on_disk_and_nothing_is_given_up(variant: str) -> None:
    args = VARIANTS[variant]
    found, logs = document(args), args.settings.logs
    assert logs is not None
    (exporter,) = found["service"]["pipelines"]["logs"]["exporters"]
    queue = found["exporters"][exporter]["sending_queue"]
    assert queue["storage"] == "file_storage" and queue["block_on_overflow"]
    assert queue["sizer"] == "bytes" and queue["queue_size"] == byte_count(logs.buffer) * QUEUE_SHARE
    assert found["extensions"]["file_storage"]["directory"] == STATE_FOLDER
    assert found["extensions"]["file_storage"]["max_size"] == 0, "at a limit nothing could be deleted, nor sent"
    assert found["receivers"]["file_log"]["retry_on_failure"]["max_elapsed_time"] == "0s"
    assert found["receivers"]["file_log"]["storage"] == "file_storage"


def test_what_it_knows_files_by_has_no_text_of_theirs() -> None:
    assert len("2026-01-02T03:04:05.123456789Z stdout F ") == FINGERPRINT


def test_no_password_is_in_the_configuration() -> None:
    for variant in ("kafka", "elasticsearch"):
        text, logs = log_agent_config(VARIANTS[variant])[CONFIG_FILE], VARIANTS[variant].settings.logs
        assert logs is not None
        assert f"${{env:{PASSWORD}}}" in text
        (key,) = log_secret_keys(logs)
        (variable,) = [one for one in main(agent(VARIANTS[variant]))["env"] if one["name"] == PASSWORD]
        assert variable["valueFrom"]["secretKeyRef"] == {"name": "logs", "key": key}
    loki = logged().settings.logs
    assert loki is not None and log_secret_keys(loki) == ()


def test_nodes_are_measured_where_somebody_takes_it() -> None:
    assert "metrics" in document(logged())["service"]["pipelines"]
    for variant in ("no node metrics", "under an operator"):
        assert "metrics" not in document(VARIANTS[variant])["service"]["pipelines"]
        assert "network" not in log_agent_workload(VARIANTS[variant]).volumes
    exporters = document(VARIANTS["two Prometheus"])["exporters"]
    assert {exporters[f"otlp_http/metrics-{index}"]["endpoint"] for index in range(2)} == {
        f"http://prometheus-{index}.prometheus-pods.shop:9090/api/v1/otlp" for index in range(2)
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_runs_on_each_node_with_as_little_of_it_as_will_do(variant: str) -> None:
    bodies = agent(VARIANTS[variant])
    assert the(bodies, "DaemonSet")
    volumes = {one["name"]: one["hostPath"] for one in pod(bodies)["volumes"] if "hostPath" in one}
    assert volumes.pop("pods") == {"path": PODS_FOLDER}
    assert volumes.pop("state") == {"path": STATE_FOLDER, "type": "DirectoryOrCreate"}
    assert volumes in ({}, {"network": {"path": "/proc/1/net"}})
    written = {one["name"] for one in main(bodies)["volumeMounts"] if not one.get("readOnly")}
    assert written == {"state", f"tmp-{OTEL_AGENT}"}
    context = main(bodies)["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"]} and context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
    assert pod(bodies)["priorityClassName"] == "system-node-critical"


def test_it_gives_a_reason_for_each_default_that_it_switches_off() -> None:
    assert set(log_agent_workload(logged()).exceptions) == {
        HardenedDefault.HOST_PATH,
        HardenedDefault.WRITABLE_HOST_PATH,
        HardenedDefault.RUN_AS_ROOT,
        HardenedDefault.SERVICE_ACCOUNT_TOKEN,
    }


def test_it_meets_production_s_checklist_in_a_namespace_of_its_own() -> None:
    args = VARIANTS["mesh"]
    quota = Quota(cpu="8", memory="16Gi", pods=50)
    level, reasons = PodSecurityLevel.PRIVILEGED, ("agents read files of their nodes",)
    spec = NamespaceSpec(name=AGENTS, quota=quota, pod_security=level, relaxed_for=reasons)
    own = NamespaceArgs(spec=spec, part_of="shop")
    configuration = ConfigurationArgs(
        namespace=AGENTS, part_of="shop", config_maps={OTEL_AGENT: log_agent_config(args)}
    )
    built = [*namespace_objects(own), *configuration_objects(configuration), *agent(args)]
    # The environment names images with their digests: rule 11.
    assert [one for one in check(built, production=True) if one.rule != 11] == []


def test_records_do_not_wait_in_memory() -> None:
    assert "--feature-gates=stanza.synchronousLogEmitter" in log_agent_workload(logged()).args
    assert "GOMEMLIMIT" in environment(main(agent(logged())))


def test_every_operator_has_a_name_and_lets_pass_what_it_can_not_read() -> None:
    found = operators()
    assert len({one["id"] for one in found}) == len(found)
    assert {one["on_error"] for one in found} == {"send_quiet"}, "nothing is dropped, and no text gets into its own log"


@pytest.mark.parametrize(
    "text",
    [
        "\tat shop.users.Main.main(Main.java:1)",
        "Caused by: java.io.IOException: closed",
        "java.lang.IllegalStateException: no database",
        "Traceback (most recent call last):",
        '  File "x.py", line 1, in <module>',
        "shop.errors.CatalogueError: empty",
        "KeyError",
        "goroutine 18 [select, 2 minutes]:",
        "main.(*server).handle(0x0, {0x4c1f28, 0xc000012345})",
        "created by main.main in goroutine 1",
        "rip    0x47b2c1",
        "",
    ],
)
def test_a_stack_trace_goes_on(text: str) -> None:
    assert re.search(CONTINUATION, text)


@pytest.mark.parametrize(
    "text",
    [
        "panic: boom",
        "fatal error: all goroutines are asleep - deadlock!",
        'Exception in thread "main" java.lang.IllegalStateException: no database',
        "[1] 2026/01/02 03:04:05.000000 [INF] Server is ready",
        "2026-01-02 03:04:05.000 UTC [1] LOG:  database system is ready (for connections)",
        "listening on :8080",
        '{"msg": "(x)"}',
    ],
)
def test_an_event_begins(text: str) -> None:
    assert not re.search(CONTINUATION, text)


def test_an_environment_without_logs_has_no_agent() -> None:
    settings = logged().settings.model_copy(update={"logs": None})
    without = ObservabilityArgs(settings=settings, namespace="shop", edge_namespace=EDGE, part_of="shop", workloads={})
    for build in (log_agent_config, log_agent_workload):
        with pytest.raises(ValueError, match="without logs"):
            build(without)
