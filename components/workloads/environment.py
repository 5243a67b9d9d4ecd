"""The variables of a container: derived ones, the runtime's budget, and its own, in that order."""

from collections.abc import Mapping
from typing import Final, assert_never

from lightkube.models import core_v1

from components.quantities import byte_count, millicores
from components.specs.container import Container, Language
from components.specs.resources import Resources
from components.specs.variables import (
    JAVA_OPTIONS,
    OWN_JAVA_OPTIONS,
    ConfigReference,
    EnvironmentValue,
    FieldReference,
    ResourceReference,
    SecretReference,
    SecretSource,
)

GO_HEAP_SHARE: Final = 0.9
"""Share of the memory limit that Go's collector aims to stay under; the rest is for stacks and memory outside the heap
(https://go.dev/doc/gc-guide#Memory_limit recommends 5 to 10 % of headroom)."""
JVM_HEAP_SHARE: Final = 75.0
"""Percentage of the memory limit for the Java heap; metaspace, threads and direct buffers live in the rest."""


def whole_cores(cpu: str) -> int:
    """Return how many processors a runtime should count on: the CPU limit rounded up, at least one."""
    return max(1, -(-millicores(cpu) // 1000))


def runtime_budget(language: Language, resources: Resources, *, cpu_limited: bool = True) -> dict[str, str]:
    """Return the variables that tell a runtime what its container may use.

    Go knows memory by GOMEMLIMIT and processors by GOMAXPROCS; the JVM by its own flags; Python (3.13 and later) by
    PYTHON_CPU_COUNT, its numeric libraries by OMP_NUM_THREADS. Without a CPU limit nothing is said of processors.
    """
    cores = whole_cores(resources.cpu_limit)
    match language:
        case Language.GO:
            # In MiB where that is exact enough, as people read it.
            heap = int(byte_count(resources.memory_limit) * GO_HEAP_SHARE) // 1024
            budget = {"GOMEMLIMIT": f"{heap // 1024}MiB" if heap >= 16 * 1024 else f"{heap}KiB"}
            return budget | ({"GOMAXPROCS": str(cores)} if cpu_limited else {})
        case Language.JAVA:
            flags = [f"-XX:MaxRAMPercentage={JVM_HEAP_SHARE}", "-XX:+ExitOnOutOfMemoryError"]
            return {JAVA_OPTIONS: " ".join(flags + ([f"-XX:ActiveProcessorCount={cores}"] if cpu_limited else []))}
        case Language.PYTHON:
            budget = {"MALLOC_ARENA_MAX": "2"}
            return budget | ({"PYTHON_CPU_COUNT": str(cores), "OMP_NUM_THREADS": str(cores)} if cpu_limited else {})
        case Language.OTHER:
            return {}
        case _:
            assert_never(language)


def variables(
    container: Container, derived: Mapping[str, EnvironmentValue], *, cpu_limited: bool = True
) -> dict[str, EnvironmentValue]:
    """Return a container's variables in the order in which Kubernetes expands ``$(NAME)``.

    What the service sets itself wins over what is derived, except that JVM options are merged: a service adds to its
    budget and does not lose it.
    """
    budget = runtime_budget(container.language, container.resources, cpu_limited=cpu_limited)
    own: dict[str, EnvironmentValue] = {}
    for name, value in container.env.items():
        if name != JAVA_OPTIONS or name not in budget:
            own[name] = value
        elif isinstance(value, str):
            own[name] = f"{budget[name]} {value}"
        else:
            own |= {OWN_JAVA_OPTIONS: value, name: f"{budget[name]} $({OWN_JAVA_OPTIONS})"}
    ahead = {name: value for name, value in {**derived, **budget}.items() if name not in own}
    return ahead | own


def environment_variable(name: str, value: EnvironmentValue) -> core_v1.EnvVar:
    """Build one variable."""
    match value:
        case str():
            return core_v1.EnvVar(name=name, value=value)
        case FieldReference():
            source = core_v1.EnvVarSource(fieldRef=core_v1.ObjectFieldSelector(fieldPath=value.field))
        case ResourceReference():
            source = core_v1.EnvVarSource(
                resourceFieldRef=core_v1.ResourceFieldSelector(resource=value.resource, divisor=value.divisor)
            )
        case ConfigReference():
            source = core_v1.EnvVarSource(
                configMapKeyRef=core_v1.ConfigMapKeySelector(
                    name=value.config, key=value.key, optional=value.optional or None
                )
            )
        case SecretReference():
            source = core_v1.EnvVarSource(
                secretKeyRef=core_v1.SecretKeySelector(
                    name=value.secret, key=value.key, optional=value.optional or None
                )
            )
        case _:
            assert_never(value)
    return core_v1.EnvVar(name=name, valueFrom=source)


def environment_sources(container: Container) -> list[core_v1.EnvFromSource]:
    """Build the ConfigMaps and Secrets that are read whole, in the order given."""
    return [
        core_v1.EnvFromSource(
            prefix=source.prefix or None,
            secretRef=core_v1.SecretEnvSource(name=source.secret, optional=source.optional or None),
        )
        if isinstance(source, SecretSource)
        else core_v1.EnvFromSource(
            prefix=source.prefix or None,
            configMapRef=core_v1.ConfigMapEnvSource(name=source.config, optional=source.optional or None),
        )
        for source in container.env_from
    ]
