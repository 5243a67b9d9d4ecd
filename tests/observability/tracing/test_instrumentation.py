"""What a service gets so that it is traced: what it has of its own stays, and proxies get nothing."""

from __future__ import annotations

import pytest

from components.manifests import Manifest
from components.observability.collector.instrumentation import AGENT_FOLDER, JAVA_AGENT, instrumented, tracing_variables
from components.observability.names import OTEL_SIDECAR
from components.specs.observability.instrumentation import Instrumentation, SpanTarget
from components.specs.observability.tracing import Tracing
from components.specs.workload import WorkloadSpec
from components.workloads.arguments import WorkloadArgs
from components.workloads.objects import workload_objects
from tests.components.workload import environment, main, pod, spec, valid
from tests.observability.parts import part_objects, violations

AGENT = Instrumentation(java_agent=True)
SIDECAR = Instrumentation(collector=SpanTarget.SIDECAR)
TRACED = Tracing.model_validate({"storage": {"memory": 1000}, "sampling": {"head": "12.5%"}})
FLAG = "-javaagent:/otel-java-agent/javaagent.jar"
BUDGET = "-XX:MaxRAMPercentage=75.0 -XX:+ExitOnOutOfMemoryError -XX:ActiveProcessorCount=1"


def built(workload: WorkloadSpec) -> list[Manifest]:
    return valid(workload_objects("users", WorkloadArgs(spec=workload, namespace="shop", part_of="shop")))


def test_every_service_is_told_where_spans_go_and_which_share_is_recorded() -> None:
    assert tracing_variables(TRACED, Instrumentation()) == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel-collector:4318",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.125",
    }


@pytest.mark.parametrize(("head", "told"), [("100%", "1"), ("0%", "0"), ("0.01%", "0.0001"), ("33.3%", "0.333")])
def test_a_share_is_told_as_a_plain_number(head: str, told: str) -> None:
    tracing = Tracing.model_validate({"storage": {"memory": 1}, "sampling": {"head": head}})
    assert tracing_variables(tracing, Instrumentation())["OTEL_TRACES_SAMPLER_ARG"] == told


def test_a_service_with_a_collector_beside_it_sends_there() -> None:
    found = tracing_variables(TRACED, SIDECAR)
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"


def test_an_agent_takes_b3_and_w3c_and_sends_spans_alone() -> None:
    """Prometheus scrapes metrics and logs are read on the nodes, so either would go to somebody who takes none."""
    found = tracing_variables(TRACED, AGENT)
    assert found["OTEL_PROPAGATORS"] == "b3,tracecontext,baggage", "the last that finds a context wins: W3C"
    assert (found["OTEL_METRICS_EXPORTER"], found["OTEL_LOGS_EXPORTER"]) == ("none", "none")


def test_services_with_an_sdk_keep_their_own_propagators() -> None:
    assert "OTEL_PROPAGATORS" not in tracing_variables(TRACED, Instrumentation())


def test_the_agent_is_copied_before_the_service_starts_and_added_to_its_budget() -> None:
    bodies = built(instrumented(spec("language: java"), AGENT))
    (init,) = pod(bodies)["initContainers"]
    assert init["command"] == ["cp", "/javaagent.jar", f"{AGENT_FOLDER}/javaagent.jar"]
    assert environment(main(bodies))["JAVA_TOOL_OPTIONS"] == f"{BUDGET} {FLAG}"
    volume = {one["name"]: one for one in pod(bodies)["volumes"]}[JAVA_AGENT]
    assert volume["emptyDir"] == {"sizeLimit": "64Mi"}
    (mount,) = (one for one in main(bodies)["volumeMounts"] if one["name"] == JAVA_AGENT)
    assert mount["readOnly"] is True, "the service can't change the agent"


def test_a_services_own_java_options_stay() -> None:
    found = environment(main(built(instrumented(spec("{language: java, env: {JAVA_TOOL_OPTIONS: -Xss512k}}"), AGENT))))
    assert found["JAVA_TOOL_OPTIONS"] == f"{BUDGET} {FLAG} -Xss512k"


def test_a_services_own_java_options_stay_where_they_come_from_a_config_map() -> None:
    text = "{language: java, env: {A: b, JAVA_TOOL_OPTIONS: {config: users, key: options}, C: $(A)}}"
    found = environment(main(built(instrumented(spec(text), AGENT))))
    assert found["OWN_JAVA_TOOL_OPTIONS"] == {"configMapKeyRef": {"name": "users", "key": "options"}}
    assert found["JAVA_TOOL_OPTIONS"] == f"{BUDGET} {FLAG} $(OWN_JAVA_TOOL_OPTIONS)"
    names = list(found)
    assert names.index("OWN_JAVA_TOOL_OPTIONS") < names.index("JAVA_TOOL_OPTIONS"), "Kubernetes expands in order"


def test_the_agent_goes_into_the_main_container_and_no_other() -> None:
    text = """
      language: java
      sidecars: {proxy: {image: envoy:1, language: java}}
      containers: {helper: {image: helper:1, language: java}}
    """
    bodies = built(instrumented(spec(text), AGENT))
    containers = {one["name"]: one for one in (*pod(bodies)["containers"], *pod(bodies)["initContainers"])}
    told = {name for name, one in containers.items() if FLAG in str(one.get("env", ""))}
    assert told == {"users"}
    mounting = {name for name, one in containers.items() if JAVA_AGENT in str(one.get("volumeMounts", ""))}
    assert mounting == {"users", JAVA_AGENT}


def test_the_agent_goes_into_nothing_but_a_jvm() -> None:
    with pytest.raises(ValueError, match="language go"):
        instrumented(spec("language: go"), AGENT)


def test_a_service_that_asks_for_nothing_stays_as_it_is() -> None:
    own = spec("{language: java, env: {JAVA_TOOL_OPTIONS: -Xss512k}}")
    assert instrumented(own, Instrumentation()) == own


def test_the_collector_beside_a_service_starts_before_all_other_sidecars() -> None:
    both = Instrumentation(java_agent=True, collector=SpanTarget.SIDECAR)
    found = instrumented(spec("{language: java, sidecars: {proxy: {image: envoy:1}}}"), both)
    assert list(found.sidecars) == [OTEL_SIDECAR, "proxy"]
    names = [one["name"] for one in pod(built(found))["initContainers"]]
    assert names == [JAVA_AGENT, OTEL_SIDECAR, "proxy"]


def test_an_instrumented_service_keeps_productions_checklist() -> None:
    own = spec("{language: java, ports: {grpc: 50051}, replicas: 2}", image="registry.example.com/a@sha256:" + 64 * "a")
    bodies = part_objects("users", instrumented(own, AGENT))
    assert not violations(bodies)
