"""From the two documents, checked, to one platform."""

from collections.abc import Mapping
from graphlib import TopologicalSorter

from components.mesh.arguments import MeshArgs
from components.mesh.rate_limit_service import SERVICE as RATE_LIMITS
from components.mesh.rate_limit_service import rate_limit_config
from components.specs.network import Connections
from components.specs.workload import WorkloadSpec
from stacks.schema.builds import image_builds
from stacks.schema.catalogue import Catalogue
from stacks.schema.cluster_connections import cluster_connections
from stacks.schema.dependencies import (
    Dependency,
    by_workload,
    connections,
    dependencies,
    derived_environment,
    graph,
    ways_out,
)
from stacks.schema.environment import Environment
from stacks.schema.images import BuildMode
from stacks.schema.mesh import mesh_args, rate_limit_dependencies
from stacks.schema.mesh_network import meshed_connections, waypoint_connections
from stacks.schema.namespaces import namespace
from stacks.schema.node_agents import agents_peers, node_agents
from stacks.schema.observability import observability_args
from stacks.schema.observability_dependencies import undeclared_dependencies
from stacks.schema.observability_workloads import observability_config, observability_secrets
from stacks.schema.platform import Platform, ResolvedImages, ResolvedSecret, ResolvedWorkload
from stacks.schema.scraping import scraper
from stacks.schema.stores import BROKER, BROKER_CREDENTIALS, CREDENTIALS
from stacks.schema.tracing_workloads import tracing_config
from stacks.schema.workloads import platform_workloads


def resolve(
    catalogue: Catalogue,
    environment: Environment,
    *,
    files: Mapping[str, str],
    tags: Mapping[str, str],
    certificates: str | None,
) -> Platform:
    """Resolve two documents that were checked, with what was read for them.

    ``files`` holds the text of each file that a ConfigMap names, ``tags`` the tag of each image that the catalogue
    builds, and ``certificates`` those that build stages trust beside the public ones.
    """
    specs = platform_workloads(catalogue, environment, tags)
    declared = list(dependencies(catalogue, environment))
    observability = observability_args(catalogue, environment, specs)
    every = [*declared, *undeclared_dependencies(catalogue, environment, specs, observability)]
    mesh = mesh_args(catalogue, environment, specs, every)
    if mesh is not None:
        every += rate_limit_dependencies(catalogue, environment, mesh)
    touching = by_workload(every)
    config_maps: dict[str, Mapping[str, str]] = {
        name: {key: text if isinstance(text, str) else files[text.file] for key, text in entry.data.items()}
        for name, entry in catalogue.config_maps.items()
        if not entry.existing
    }
    if mesh is not None and RATE_LIMITS in specs:
        config_maps[RATE_LIMITS] = rate_limit_config(mesh)
    if observability is not None:
        config_maps |= observability_config(observability) | tracing_config(observability, specs.values())
    return Platform(
        name=catalogue.platform,
        target=environment.cluster,
        namespace=namespace(environment.namespace, environment.quota, specs, environment.mesh),
        workloads={
            name: _workload(name, specs[name], catalogue, environment, touching.get(name, []), mesh)
            for name in start_order(specs, every)
        },
        config_maps=config_maps,
        secrets=secrets(catalogue, environment),
        secrets_from=environment.secrets_from,
        images=_images(catalogue, environment, tags, certificates),
        graph=graph(catalogue, declared),
        mesh=mesh,
        waypoint=waypoint_connections(mesh, ways_out(every), scraper(environment), agents_peers(environment))
        if mesh
        else None,
        observability=observability,
        node_agents=node_agents(catalogue, environment, observability, specs) if observability else None,
    )


def _images(
    catalogue: Catalogue, environment: Environment, tags: Mapping[str, str], certificates: str | None
) -> ResolvedImages:
    images = environment.images
    if images is None or images.build is BuildMode.NEVER:
        return ResolvedImages()
    builds = image_builds(catalogue, environment, tags)
    return ResolvedImages(builds=builds, credentials=images.credentials if builds else None, certificates=certificates)


def start_order(specs: Mapping[str, WorkloadSpec], all_dependencies: list[Dependency]) -> list[str]:
    """Return the workloads, each behind those that it waits for; raises graphlib.CycleError where there is no order."""
    # Lists, not sets: a set's order differs from process to process, and so would the plan.
    waits = {name: list[str]() for name in specs}
    for dependency in all_dependencies:
        if dependency.waits and dependency.source in waits:
            waits[dependency.source].append(dependency.target)
    return list(TopologicalSorter(waits).static_order())


def secrets(catalogue: Catalogue, environment: Environment) -> dict[str, ResolvedSecret]:
    """Return every Secret that somebody must supply: those of the catalogue, and of what watches the platform here."""
    watching = observability_secrets(environment).items()
    return catalogue_secrets(catalogue) | {name: ResolvedSecret(type="Opaque", keys=keys) for name, keys in watching}


def catalogue_secrets(catalogue: Catalogue) -> dict[str, ResolvedSecret]:
    """Return the Secrets that the catalogue asks for: its own, each store's, and the broker's."""
    found = {
        name: ResolvedSecret(type=entry.type, keys=entry.keys)
        for name, entry in catalogue.secrets.items()
        if not entry.existing
    }
    for name, store in catalogue.stores.items():
        found[name] = ResolvedSecret(type="Opaque", keys=CREDENTIALS[store.engine])
    if catalogue.streams:
        found[BROKER] = ResolvedSecret(type="Opaque", keys=BROKER_CREDENTIALS)
    return found


def _workload(
    name: str,
    spec: WorkloadSpec,
    catalogue: Catalogue,
    environment: Environment,
    touching: list[Dependency],
    mesh: MeshArgs | None,
) -> ResolvedWorkload:
    service = catalogue.services.get(name)
    opened = connections(name, service, touching, environment.edge_namespace)
    if mesh:
        opened = meshed_connections(opened, name, spec, mesh)
    cluster = cluster_connections(name, spec, environment)
    return ResolvedWorkload(
        spec=spec,
        team=catalogue.team_of(name),
        connections=Connections((*opened.ingress, *cluster.ingress), (*opened.egress, *cluster.egress)),
        environment=derived_environment(name, catalogue, environment) if service else {},
        pull_secrets=environment.images.pull_secrets if service and environment.images else (),
        after=tuple(dict.fromkeys(found.target for found in touching if found.source == name and found.waits)),
    )
