"""OpenTelemetry's Java agent, as the platform adds it: a program that knows nothing of traces has them.

Its container is not run here, but the program is, with the container's own variables and the agent's jar.
"""

from __future__ import annotations

import copy
import secrets
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from components.observability.collector.instrumentation import AGENT_FILE, AGENT_FOLDER, JAVA_AGENT
from components.specs.variables import JAVA_OPTIONS
from stacks.assembly import render
from stacks.document import Document, read
from stacks.loader import CATALOGUE, PROJECT, environment_file, resolve_documents
from tests.integration.contracts.builds import run
from tests.integration.contracts.test_traces import SPAN, b3_multi, b3_single, w3c, w3c_and_b3
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.processes import LOOPBACK, Process, free_port, is_ok
from tests.integration.tracing import tiers
from tests.integration.tracing.shop.traced_shop import ENDPOINT
from tests.integration.tracing.tiers import NOBODY, Tiers
from tests.observability.tracing.traced import traced
from tests.tools.java_agent import java_agent

PROGRAM: Final = Path(__file__).parent / "untraced" / "Untraced.java"
SERVICE: Final = "users"
OWN_OPTION: Final = "-Downer=the-service"
"""What the service's own JVM options say."""


@pytest.fixture(scope="module")
def pod() -> Mapping[str, Any]:
    """The Pod that the stack `dev` runs of a Java service which asks for the agent, and has JVM options of its own."""
    catalogue, environment = read(PROJECT / CATALOGUE, CATALOGUE), environment_file("dev")
    words = copy.deepcopy(catalogue.data)
    service = words["services"][SERVICE]
    service["instrumentation"] = {"java-agent": True}
    service["env"] = {**service.get("env", {}), JAVA_OPTIONS: OWN_OPTION}
    found = resolve_documents(
        Document(path=catalogue.path, name=catalogue.name, data=words), read(PROJECT / environment, environment)
    )
    (deployment,) = (one for one in render(found) if (one["kind"], one["metadata"]["name"]) == ("Deployment", SERVICE))
    return deployment["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def collectors(tmp_path_factory: pytest.TempPathFactory, minimal_jaeger: Jaeger) -> Generator[Tiers]:
    """A Collector of the platform's before Jaeger."""
    with tiers.running(tmp_path_factory.mktemp("tiers"), traced(replicas=1), minimal_jaeger.otlp, NOBODY) as found:
        yield found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled program."""
    folder = tmp_path_factory.mktemp("untraced")
    run(["javac", "-d", folder, PROGRAM], folder)
    return folder


def variables(pod: Mapping[str, Any], collectors: Tiers) -> dict[str, str]:
    """What the container's variables hold that the agent and the JVM read, with this machine's addresses and files."""
    (own,) = (one for one in pod["containers"] if one["name"] == SERVICE)
    words = {one["name"]: one["value"] for one in own["env"] if "value" in one}
    assert words["OTEL_EXPORTER_OTLP_ENDPOINT"] == ENDPOINT
    words["OTEL_EXPORTER_OTLP_ENDPOINT"] = collectors.first[0].otlp_http
    there = f"{AGENT_FOLDER}/{AGENT_FILE}"
    assert there in words[JAVA_OPTIONS]
    words[JAVA_OPTIONS] = words[JAVA_OPTIONS].replace(there, str(java_agent()))
    return {name: text for name, text in words.items() if name.startswith("OTEL_") or name == JAVA_OPTIONS}


@contextmanager
def running(program: Path, environment: Mapping[str, str]) -> Generator[httpx2.Client]:
    """Run the program; give a client of it."""
    port = free_port()
    java = shutil.which("java")
    assert java is not None, "the services' builds need it, too"
    process = Process(
        "untraced", [java, "-cp", program, "Untraced"], folder=program, environment={**environment, "PORT": str(port)}
    )
    try:
        process.until(lambda: is_ok(f"http://{LOOPBACK}:{port}/owner"), "the program answers")
        with httpx2.Client(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as client:
            yield client
    finally:
        process.stop()


@pytest.fixture(scope="module")
def agent(pod: Mapping[str, Any], collectors: Tiers, program: Path) -> Generator[httpx2.Client]:
    """A client of the program with the agent in it."""
    with running(program, variables(pod, collectors)) as client:
        yield client


@pytest.mark.parametrize("headers", [w3c, b3_single, b3_multi, w3c_and_b3])
def test_its_spans_arrive_below_the_caller_s(
    agent: httpx2.Client, minimal_jaeger: Jaeger, headers: Callable[[str], dict[str, str]]
) -> None:
    identifier = secrets.token_hex(16)
    passed_on = agent.get("/asked", headers=headers(identifier)).raise_for_status().text
    trace = minimal_jaeger.until(
        lambda: (found := minimal_jaeger.trace(identifier)) and len(found.spans) == 3 and found,
        f"trace {identifier} has all its spans",
    )
    assert trace
    (root,) = trace.roots
    assert (root.parent, root.tags["span.kind"]) == (SPAN, "server"), trace.drawn()
    asked = next(span for span in trace.spans if len(trace.lineage(span)) == 3)
    assert [one.tags["span.kind"] for one in trace.lineage(asked)] == ["server", "client", "server"], trace.drawn()
    assert f"traceparent: 00-{identifier}-" in passed_on, "services with an SDK of their own take W3C"
    assert {span.service for span in trace.spans} == {SERVICE}
    expected = {"deployment.environment.name", "service.namespace", "service.version", "team", "telemetry.distro.name"}
    assert expected <= root.resource.keys()


def test_its_options_are_added_to_the_service_s_own(agent: httpx2.Client) -> None:
    assert agent.get("/owner").text == OWN_OPTION.partition("=")[2]


def test_it_is_in_no_other_container_of_the_pod(pod: Mapping[str, Any]) -> None:
    everything = [*pod["containers"], *pod["initContainers"]]
    (brought,) = (one for one in pod["initContainers"] if one["name"] == JAVA_AGENT)
    assert {"name": JAVA_AGENT, "mountPath": AGENT_FOLDER} in brought["volumeMounts"]
    told = [one["name"] for one in everything if any(two["name"] == JAVA_OPTIONS for two in one.get("env", ()))]
    assert told == [SERVICE], "a proxy is no JVM, and other JVMs have not been asked"


def test_without_it_the_program_has_no_spans(program: Path, agent: httpx2.Client, minimal_jaeger: Jaeger) -> None:
    """The tests above can fail."""
    without, with_it = secrets.token_hex(16), secrets.token_hex(16)
    with running(program, {}) as client:
        assert "traceparent" in client.get("/headers", headers=w3c(without)).text
    agent.get("/headers", headers=w3c(with_it))
    minimal_jaeger.until_found(with_it)
    assert minimal_jaeger.trace(without) is None
