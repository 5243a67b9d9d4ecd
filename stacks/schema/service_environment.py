"""What a service is told of itself, whatever its language: its name in telemetry, and how long its drain may take."""

from datetime import timedelta
from typing import Final

from components import identity
from components.observability.collector.instrumentation import tracing_variables
from components.quantities import duration_text
from components.specs.variables import EnvironmentValue, FieldReference
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Service
from stacks.schema.environment import Environment

CLOSING: Final = timedelta(seconds=5)
"""What a service has left, of the time before SIGKILL, to close its connections after the drain: to send the last spans
and acknowledgements."""
POD_NAME: Final = "K8S_POD_NAME"
VERSION: Final = "SERVICE_VERSION"


def drain_timeout(spec: WorkloadSpec) -> timedelta:
    """Return how long requests in flight may take after SIGTERM, so that the process ends before it is killed.

    The kubelet counts the grace from the beginning of the pause before SIGTERM. A very short rest is halved.
    """
    rest = spec.termination_grace - spec.drain
    return rest - min(CLOSING, rest / 2)


def telemetry_environment(name: str, platform: str, team: str, environment: Environment) -> dict[str, EnvironmentValue]:
    """Return OpenTelemetry's standard variables, with the attributes of its semantic conventions.

    The version is read from the Pod: of those that run side by side each has its own.

    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    https://opentelemetry.io/docs/specs/semconv/resource/
    """
    attributes = {
        "service.namespace": platform,
        "service.version": f"$({VERSION})",
        "deployment.environment.name": environment.tier.value,
        "k8s.namespace.name": environment.namespace,
        "k8s.pod.name": f"$({POD_NAME})",
        "team": team,
    }
    return {
        POD_NAME: FieldReference(field="metadata.name"),
        VERSION: FieldReference(field=identity.VERSION_FIELD),
        "OTEL_SERVICE_NAME": name,
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{key}={value}" for key, value in attributes.items()),
    }


def service_environment(
    name: str, platform: str, team: str, service: Service, environment: Environment
) -> dict[str, EnvironmentValue]:
    """Return the variables that every service gets; one that runs to completion has nothing to drain."""
    found = telemetry_environment(name, platform, team, environment)
    if environment.observability and environment.observability.tracing:
        found |= tracing_variables(environment.observability.tracing, service.instrumentation)
    if not service.kind.runs_to_completion:
        found["DRAIN_TIMEOUT"] = duration_text(drain_timeout(service))
    return found
