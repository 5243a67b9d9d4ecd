"""What a service gets so that it is traced: the SDK's variables, a JVM's agent, a Collector of its own. Pure.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
https://opentelemetry.io/docs/zero-code/java/agent/
"""

from collections.abc import Mapping
from typing import Any, Final

from components import versions
from components.observability.collector.parts.document import LOOPBACK
from components.observability.collector.workload import sidecar_container, sidecar_volumes
from components.observability.names import OTEL_COLLECTOR, OTEL_SIDECAR, OTLP_HTTP_PORT
from components.specs.container import Language, Mount, Sidecar
from components.specs.observability.instrumentation import Instrumentation, SpanTarget
from components.specs.observability.tracing import Tracing
from components.specs.pod import EmptyDirectory
from components.specs.resources import Resources
from components.specs.variables import JAVA_OPTIONS, OWN_JAVA_OPTIONS, EnvironmentValue
from components.specs.workload import WorkloadSpec

JAVA_AGENT: Final = "java-agent"
"""The container that brings the agent, and the volume that it is brought in."""
AGENT_FOLDER: Final = "/otel-java-agent"
AGENT_FILE: Final = "javaagent.jar"
AGENT_SIZE: Final = "64Mi"
"""Of the volume: the agent has about 25 MB."""
PROPAGATORS: Final = "b3,tracecontext,baggage"
"""Of the agent: it takes B3, in one header or several, and W3C, which counts where a caller sends both, and sends both.
Services with an SDK of their own take both without being told, and send W3C alone (docs/services.md)."""


def tracing_variables(tracing: Tracing, instrumentation: Instrumentation) -> dict[str, EnvironmentValue]:
    """Return what tells a service's SDK or agent where its spans go, and what share of new traces is recorded.

    A trace that a caller has begun is recorded as the caller says.
    """
    sidecar = instrumentation.collector is SpanTarget.SIDECAR
    host = LOOPBACK if sidecar else OTEL_COLLECTOR
    found: dict[str, EnvironmentValue] = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:{OTLP_HTTP_PORT}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": f"{tracing.sampling.head / 100:.10g}",
    }
    if instrumentation.java_agent:
        found |= {
            "OTEL_PROPAGATORS": PROPAGATORS,
            # Prometheus scrapes metrics, and agents on the nodes read logs: nobody takes either of them here.
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
        }
    return found


def instrumented(spec: WorkloadSpec, instrumentation: Instrumentation) -> WorkloadSpec:
    """Return the workload with what it asks for: the agent in its main container alone, a Collector beside it.

    Raises ValueError where an agent for a JVM is to go into something else.
    """
    changes: dict[str, Any] = {}
    if instrumentation.java_agent:
        if spec.language is not Language.JAVA:
            raise ValueError(f"the Java agent does not go into a container of language {spec.language.value}")
        changes |= {
            "init": {**spec.init, JAVA_AGENT: agent_container()},
            "mounts": {**spec.mounts, AGENT_FOLDER: Mount(volume=JAVA_AGENT, read_only=True)},
            "env": with_java_options(spec.env, f"-javaagent:{AGENT_FOLDER}/{AGENT_FILE}"),
            "volumes": {**spec.volumes, JAVA_AGENT: EmptyDirectory(empty=AGENT_SIZE)},
        }
    if instrumentation.collector is SpanTarget.SIDECAR:
        changes |= {
            # Before all others: those may have spans to send, too.
            "sidecars": {OTEL_SIDECAR: sidecar_container(), **spec.sidecars},
            "volumes": {**changes.get("volumes", spec.volumes), **sidecar_volumes()},
        }
    return spec.model_copy(update=changes)


def agent_container() -> Sidecar:
    """Return the container that copies the agent into its volume, and ends."""
    return Sidecar(
        image=versions.JAVA_AGENT_IMAGE,
        command=("cp", f"/{AGENT_FILE}", f"{AGENT_FOLDER}/{AGENT_FILE}"),
        mounts={AGENT_FOLDER: Mount(volume=JAVA_AGENT)},
        resources=Resources(cpu="50m", memory="64Mi"),
    )


def with_java_options(env: Mapping[str, EnvironmentValue], options: str) -> dict[str, EnvironmentValue]:
    """Return variables whose JVM options begin with these, before those that a service has of its own."""
    own = env.get(JAVA_OPTIONS)
    if own is None:
        return {**env, JAVA_OPTIONS: options}
    merged: dict[str, EnvironmentValue] = {}
    for name, value in env.items():
        if name != JAVA_OPTIONS:
            merged[name] = value
        elif isinstance(own, str):
            merged[name] = f"{options} {own}"
        else:
            merged |= {OWN_JAVA_OPTIONS: own, name: f"{options} $({OWN_JAVA_OPTIONS})"}
    return merged
