"""What an environment runs for its traces and logs, beside its nodes' agents: Collectors, Jaeger, Loki."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from components import versions
from components.observability.arguments import ObservabilityArgs
from components.observability.collector.config import collector_config, sampler_config, sidecar_config
from components.observability.collector.destinations import secret_variables
from components.observability.collector.instrumentation import JAVA_AGENT, instrumented
from components.observability.collector.workload import collector_workload, sampler_workload
from components.observability.jaeger.config import jaeger_config_maps
from components.observability.jaeger.storage import jaeger_secret_keys
from components.observability.jaeger.workload import jaeger_builders
from components.observability.loki.server import loki_config_maps, loki_workload
from components.observability.names import (
    JAEGER,
    JAEGER_COLLECTOR,
    JAEGER_INDEX_CLEANER,
    LOKI,
    OTEL_COLLECTOR,
    OTEL_SAMPLER,
    OTEL_SIDECAR,
)
from components.specs.container import Sidecar
from components.specs.observability.logs import InLoki
from components.specs.observability.settings import Observability, Program
from components.specs.observability.tracing import Tracing
from components.specs.workload import WorkloadSpec
from stacks.schema.catalogue import Service
from stacks.schema.environment import Environment

PROGRAMS: Final = {
    OTEL_COLLECTOR: Program.COLLECTOR,
    OTEL_SAMPLER: Program.COLLECTOR,
    JAEGER: Program.JAEGER,
    JAEGER_COLLECTOR: Program.JAEGER,
    JAEGER_INDEX_CLEANER: Program.JAEGER_INDEX_CLEANER,
    LOKI: Program.LOKI,
}
"""Workload → what the settings call its program."""
ADDED: Final = {JAVA_AGENT: Program.JAVA_AGENT, OTEL_SIDECAR: Program.COLLECTOR}
"""A container that instrumentation puts into a service's Pod → its program."""


def tracing_builders(settings: Observability) -> Iterator[tuple[str, Callable[[ObservabilityArgs], WorkloadSpec]]]:
    """Yield each workload's name, and what builds its spec."""
    if settings.tracing:
        yield OTEL_COLLECTOR, collector_workload
        if settings.tracing.sampling.tail:
            yield OTEL_SAMPLER, sampler_workload
        yield from jaeger_builders(settings.tracing)
    if settings.logs and isinstance(settings.logs.storage, InLoki):
        yield LOKI, loki_workload


def tracing_config(args: ObservabilityArgs, specs: Iterable[WorkloadSpec]) -> dict[str, Mapping[str, str]]:
    """Return the ConfigMaps of these workloads, and of the Collectors beside services."""
    found: dict[str, Mapping[str, str]] = {**jaeger_config_maps(args), **loki_config_maps(args)}
    tracing = args.settings.tracing
    if tracing is None:
        return found
    found[OTEL_COLLECTOR] = collector_config(args)
    if tracing.sampling.tail:
        found[OTEL_SAMPLER] = sampler_config(args)
    if any(OTEL_SIDECAR in spec.sidecars for spec in specs):
        found[OTEL_SIDECAR] = sidecar_config()
    return found


def tracing_secret_keys(tracing: Tracing) -> dict[str, tuple[str, ...]]:
    """Return the keys of each Secret that somebody must supply; none of one that nothing reads."""
    return {JAEGER: jaeger_secret_keys(tracing), OTEL_COLLECTOR: tuple(secret_variables(tracing).values())}


def instrumented_service(service: Service, spec: WorkloadSpec, environment: Environment) -> WorkloadSpec:
    """Return a service's workload with what its tracing adds to it; unchanged where nothing is traced."""
    settings = environment.observability
    if settings is None or settings.tracing is None:
        return spec
    found = instrumented(spec, service.instrumentation)
    return found.model_copy(
        update={field: _with_images(getattr(found, field), settings) for field in ("init", "sidecars")}
    )


def _with_images(containers: Mapping[str, Sidecar], settings: Observability) -> dict[str, Sidecar]:
    """Let what is added run the environment's own images."""
    pinned = {JAVA_AGENT: versions.JAVA_AGENT_IMAGE, OTEL_SIDECAR: versions.COLLECTOR_IMAGE}
    named = {name: settings.images.get(program) for name, program in ADDED.items()}
    return {
        name: part.model_copy(update={"image": named[name]}) if named.get(name) and part.image == pinned[name] else part
        for name, part in containers.items()
    }
