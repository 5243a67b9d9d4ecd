"""Which workloads run in an environment, and each as it runs there."""

from collections.abc import Mapping
from typing import Any, Final

from components.mesh.rate_limit_service import SERVICE as RATE_LIMITS
from components.mesh.rate_limit_service import rate_limit_workload
from components.specs.workload import WorkloadSpec
from stacks.schema.builds import image_builds
from stacks.schema.catalogue import Catalogue, StoreEngine
from stacks.schema.environment import BrokerInCluster, Environment, ServiceOverride, StoreInCluster
from stacks.schema.mesh import has_global_limits
from stacks.schema.observability_workloads import observability_workloads
from stacks.schema.stores import BROKER, broker_workload, store_host, store_port, store_workload
from stacks.schema.tracing_workloads import instrumented_service

_REPLACED: Final = ("replicas", "autoscaling", "disruption_budget")
"""What an environment may also switch off, by null."""
_REPLACED_BY_VALUE: Final = ("image", "versions", "resources", "resilience", "rate_limits")
"""Where null is the catalogue's, as where nothing is said."""


def effective_spec(spec: WorkloadSpec, environment: Environment, override: ServiceOverride) -> WorkloadSpec:
    """Return a service's workload as an environment runs it: variables and exceptions are added, the rest replaces."""
    update: dict[str, Any] = {
        field: getattr(override, field)
        for field in (*_REPLACED, *_REPLACED_BY_VALUE)
        if field in override.model_fields_set and (field in _REPLACED or getattr(override, field) is not None)
    }
    if environment.env or override.env:
        update["env"] = spec.env | environment.env | override.env
    if override.exceptions:
        update["exceptions"] = spec.exceptions | override.exceptions
    if update.get("autoscaling") is None and spec.kind.is_replicated and update.get("replicas", spec.replicas) is None:
        update["replicas"] = environment.replicas
    found = spec.model_copy(update=update)
    return _with_full_versions(found) if environment.mesh and found.versions else found


def _with_full_versions(spec: WorkloadSpec) -> WorkloadSpec:
    """Let each version run as many Pods as the service has: routes share the requests out, whatever the Pods."""
    replicas = None if spec.autoscaling else spec.replicas
    versions = {
        key: version if version.replicas is not None else version.model_copy(update={"replicas": replicas})
        for key, version in spec.versions.items()
    }
    return spec.model_copy(update={"versions": versions})


def platform_workloads(
    catalogue: Catalogue, environment: Environment, tags: Mapping[str, str]
) -> dict[str, WorkloadSpec]:
    """Return every workload that runs here: services, stores, broker, rate-limit service, and what watches them all.

    ``tags`` are those of the images that the catalogue builds.
    """
    nothing = ServiceOverride()
    builds = image_builds(catalogue, environment, tags)
    found: dict[str, WorkloadSpec] = {}
    for name, service in catalogue.services.items():
        image = builds[name].reference if name in builds else service.image
        workload = service.model_copy(update={"image": image, "build": None})
        here = effective_spec(workload, environment, environment.services.get(name, nothing))
        found[name] = instrumented_service(service, here, environment)
    for name, store in catalogue.stores.items():
        place = environment.stores[name]
        if isinstance(place, StoreInCluster):
            found[name] = store_workload(name, store, place)
    if catalogue.streams and isinstance(environment.broker, BrokerInCluster):
        found[BROKER] = broker_workload(environment.broker)
    if (store := _counting_store(catalogue, environment)) and has_global_limits(environment, found.values()):
        place = environment.stores[store]
        counting = rate_limit_workload(
            store=store,
            host=store_host(store, place),
            port=store_port(catalogue.stores[store], place),
            replicas=environment.replicas,
        )
        image = (environment.mesh.rate_limit_image if environment.mesh else None) or counting.image
        found[RATE_LIMITS] = counting.model_copy(update={"image": image})
    return found | observability_workloads(catalogue, environment, found)


def _counting_store(catalogue: Catalogue, environment: Environment) -> str | None:
    """Return the store in which global rate limits are counted, if it can be one."""
    name = environment.mesh.rate_limit_store if environment.mesh else None
    store = catalogue.stores.get(name) if name else None
    return name if store and store.engine is StoreEngine.REDIS else None
