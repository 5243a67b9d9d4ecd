"""How the Collectors run that services send their spans to. Pure.

https://opentelemetry.io/docs/collector/
"""

from datetime import timedelta
from typing import Final

from components import versions
from components.hardening import HardenedDefault
from components.observability.arguments import ObservabilityArgs
from components.observability.collector.config import INSTANCE, SIDECAR_MEMORY, SIDECAR_QUEUE, tracing_of
from components.observability.collector.destinations import QUEUE_FOLDER, is_balanced, secret_variables
from components.observability.collector.parts.document import CONFIG_FILE
from components.observability.collector.parts.processors import collection_goal
from components.observability.names import (
    HEALTH_PATH,
    HEALTH_PORT,
    OTEL_COLLECTOR,
    OTEL_SAMPLER,
    OTEL_SIDECAR,
    OTLP_HTTP_PORT,
    OTLP_PORT,
    OWN_METRICS_PORT,
)
from components.specs.container import Language, Mount, Sidecar
from components.specs.observability.tracing import Tracing
from components.specs.pod import ApiAccess, ClaimedVolume, ConfigVolume, EmptyDirectory, ServiceSettings, Volume
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.resources import Limits, Resources
from components.specs.variables import EnvironmentValue, FieldReference, SecretReference
from components.specs.workload import WorkloadKind, WorkloadSpec

CONFIG_FOLDER: Final = "/etc/otelcol"
HEALTH: Final = "health"
OTLP_PORTS: Final = {
    "otlp": Port(number=OTLP_PORT, app_protocol="grpc"),
    "otlp-http": Port(number=OTLP_HTTP_PORT, app_protocol="http"),
}
SEND_LAST: Final = timedelta(seconds=60)
"""From the drain to SIGKILL: time to decide about what waits, and to send it, or to write it into the queue."""
API_ACCESS: Final = (ApiAccess(resources=("pods",), verbs=("get", "list", "watch")),)
TOKEN_REASON: Final = "it asks the Kubernetes API which Pod, node and team a span comes from"  # noqa: S105 - a sentence
ONE_REPLICA: Final = "this environment has one Collector; tracing.collector.replicas: 2 has two"


def collector_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the workload of the Collectors that services send to.

    A StatefulSet, each of whose Pods has a queue on its own volume; with tail sampling a Deployment, which only gives
    on to the samplers. Raises ValueError where there is no tracing.
    """
    tracing = tracing_of(args)
    balanced = is_balanced(tracing)
    return _workload(
        tracing,
        config=OTEL_COLLECTOR,
        ports=OTLP_PORTS,
        queues=not balanced,
        env={"OTEL_RESOURCE_ATTRIBUTES": f"service.namespace={args.part_of}"},
        api_access=API_ACCESS,
        exceptions={HardenedDefault.SERVICE_ACCOUNT_TOKEN: TOKEN_REASON},
    )


def sampler_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the StatefulSet of the Collectors that see whole traces; its headless Service names each of them.

    Raises ValueError where there is no tracing.
    """
    spec = _workload(tracing_of(args), config=OTEL_SAMPLER, ports={"otlp": OTLP_PORTS["otlp"]}, queues=True, env={})
    return spec.model_copy(update={"service": ServiceSettings(headless=True)})


def sidecar_container() -> Sidecar:
    """Return the Collector in a service's own Pod, a native sidecar: it begins before the service and ends after it.

    Its volumes are ``sidecar_volumes``.
    """
    return Sidecar(
        language=Language.GO,
        image=versions.COLLECTOR_IMAGE,
        args=_arguments(),
        # Its other ports take from this Pod alone.
        ports={OTEL_SIDECAR: Port(number=HEALTH_PORT, exposed=False)},
        env={"GOMEMLIMIT": collection_goal(SIDECAR_MEMORY)},
        mounts={
            CONFIG_FOLDER: Mount(volume=OTEL_SIDECAR, read_only=True),
            QUEUE_FOLDER: Mount(volume=f"{OTEL_SIDECAR}-queue"),
        },
        # No readiness: a service without traces still answers.
        probes=Probes(liveness=Probe(http=HEALTH_PATH, port=OTEL_SIDECAR, failures=6)),
        resources=Resources(cpu="25m", memory=SIDECAR_MEMORY, limits=Limits(cpu="250m")),
    )


def sidecar_volumes() -> dict[str, Volume]:
    """Return the volumes that ``sidecar_container`` mounts."""
    return {
        OTEL_SIDECAR: ConfigVolume(config=OTEL_SIDECAR),
        f"{OTEL_SIDECAR}-queue": EmptyDirectory(empty=SIDECAR_QUEUE),
    }


def _arguments() -> tuple[str, ...]:
    return (f"--config={CONFIG_FOLDER}/{CONFIG_FILE}",)


def _workload(
    tracing: Tracing,
    *,
    config: str,
    ports: dict[str, Port],
    queues: bool,
    env: dict[str, EnvironmentValue],
    api_access: tuple[ApiAccess, ...] = (),
    exceptions: dict[HardenedDefault, str] | None = None,
) -> WorkloadSpec:
    """Return a tier: one that queues keeps its queue on a volume, and sends out, for which it may need a secret."""
    settings = tracing.collector
    secret = {
        variable: SecretReference(secret=OTEL_COLLECTOR, key=key) for variable, key in secret_variables(tracing).items()
    }
    queue = {"queue": ClaimedVolume(claim=settings.queue, storage_class=settings.storage_class)}
    alone = {HardenedDefault.SINGLE_REPLICA: ONE_REPLICA} if settings.replicas == 1 else {}
    return WorkloadSpec(
        kind=WorkloadKind.STATEFUL_SET if queues else WorkloadKind.DEPLOYMENT,
        language=Language.GO,
        image=versions.COLLECTOR_IMAGE,
        args=_arguments(),
        ports={
            **ports,
            METRICS: Port(number=OWN_METRICS_PORT, app_protocol="http"),
            HEALTH: Port(number=HEALTH_PORT, exposed=False),
        },
        env={
            INSTANCE: FieldReference(field="metadata.name"),
            "GOMEMLIMIT": collection_goal(settings.resources.memory_limit),
            **env,
            **(secret if queues else {}),
        },
        volumes={"config": ConfigVolume(config=config), **(queue if queues else {})},
        mounts={
            CONFIG_FOLDER: Mount(volume="config", read_only=True),
            **({QUEUE_FOLDER: Mount(volume="queue")} if queues else {}),
        },
        probes=Probes(
            readiness=Probe(http=HEALTH_PATH, port=HEALTH),
            liveness=Probe(http=HEALTH_PATH, port=HEALTH, timeout=timedelta(seconds=3), failures=6),
        ),
        replicas=settings.replicas,
        resources=settings.resources,
        termination_grace=SEND_LAST,
        api_access=api_access,
        exceptions={**(exceptions or {}), **alone},
    )
