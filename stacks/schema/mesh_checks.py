"""Checks of an environment's mesh: its own settings, and names, hosts and settings that only go with one or without."""

from collections.abc import Iterator, Mapping

from components.mesh.arguments import ExternalService, MeshArgs
from components.mesh.authorization import DENY_ALL
from components.mesh.names import WAYPOINT
from components.mesh.rate_limit_service import SERVICE as RATE_LIMITS
from components.mesh.version_services import version_services
from components.observability.arguments import ObservabilityArgs
from components.specs.mesh.settings import ControlPlane, RoutingApi
from components.specs.workload import WorkloadSpec
from stacks.document import Document, Problem
from stacks.schema.catalogue import Catalogue, StoreEngine
from stacks.schema.dependencies import dependencies
from stacks.schema.environment import ROOT, Environment, FolderTarget, Tier
from stacks.schema.mesh import external_services, mesh_args
from stacks.schema.mesh_service_checks import service_problems
from stacks.schema.observability_dependencies import undeclared_dependencies
from stacks.schema.origins import Origins
from stacks.schema.stores import BROKER
from stacks.schema.suggestions import suggestion

MESH = (*ROOT, "mesh")


def mesh_problems(
    catalogue: Catalogue,
    environment: Environment,
    specs: Mapping[str, WorkloadSpec],
    watching: ObservabilityArgs | None,
    origins: Origins,
) -> Iterator[Problem]:
    """Yield what is wrong with the mesh and with what services ask of it; without one, what only one could do."""
    every = [
        *dependencies(catalogue, environment),
        *undeclared_dependencies(catalogue, environment, specs, watching),
    ]
    args = mesh_args(catalogue, environment, specs, every)
    if args is None:
        yield from _without_mesh(catalogue, environment, specs, origins)
        return
    yield from _settings(catalogue, environment, specs, args, origins.environment_document)
    yield from _reserved_names(catalogue, args, origins.catalogue_document)
    yield from _hosts(catalogue, environment, origins)
    yield from service_problems(catalogue, environment, specs, args, origins)


def _without_mesh(
    catalogue: Catalogue, environment: Environment, specs: Mapping[str, WorkloadSpec], origins: Origins
) -> Iterator[Problem]:
    for name, override in environment.services.items():
        for field in ("resilience", "rate_limits", "mirror", "fault"):
            if getattr(override, field):
                yield origins.problem(name, (field,), *_USELESS)
    for name, service in catalogue.services.items():
        yield from _versions_without_mesh(name, specs[name], origins)
        if environment.tier is Tier.PRODUCTION and service.edge and service.edge.auth:
            yield origins.environment_document.problem(
                ROOT,
                f"has no mesh, and the edge of {name} asks for tokens",
                consequence="nothing here would look at them: everybody could send everything",
                fix=f"add mesh, or drop services.{name}.edge.auth and see to it elsewhere",
            )


def _versions_without_mesh(name: str, spec: WorkloadSpec, origins: Origins) -> Iterator[Problem]:
    for key, version in spec.versions.items():
        for field in ("match", "replicas"):
            if getattr(version, field) is not None:
                yield origins.problem(name, ("versions", key, field), *_USELESS)
    if spec.versions and spec.autoscaling:
        yield origins.problem(
            name,
            ("versions",),
            "are set beside autoscaling, without a mesh",
            "the autoscaler would change the shares that the weights ask for",
            "drop one of the two, or add 'mesh' to the environment: its routes share requests out",
        )


_USELESS = (
    "does nothing without a mesh",
    "nobody reads it: services here talk to each other directly",
    "drop it, or add 'mesh' to the environment",
)


def _settings(
    catalogue: Catalogue,
    environment: Environment,
    specs: Mapping[str, WorkloadSpec],
    args: MeshArgs,
    document: Document,
) -> Iterator[Problem]:
    settings = args.settings
    if settings.routing_api is RoutingApi.GATEWAY and "gateway" not in settings.edge.model_fields_set:
        yield document.problem(
            (*MESH, "edge", "gateway"),
            "is not said, and the Gateway API asks for a GatewayClass",
            consequence="no controller would start the gateway",
            fix="add gateway: istio, or the name of another class",
        )
    if settings.control_plane is ControlPlane.INSTALL and isinstance(environment.cluster, FolderTarget):
        yield document.problem(
            (*MESH, "control-plane"),
            "is install, and the cluster is a folder",
            consequence="Helm installs on clusters only: the folder would lack the mesh and its definitions",
            fix="make it external, or name a cluster's context",
        )
    store = settings.rate_limit_store
    if store is not None and not _is_redis(catalogue, store):
        stores = [name for name in catalogue.stores if _is_redis(catalogue, name)]
        yield document.problem(
            (*MESH, "rate-limit-store"),
            "is no Redis store of the catalogue",
            consequence="the rate-limit service would have nothing to count in",
            fix=f"name one, or drop it: {suggestion(store, stores)}",
        )
    yield from _permissive_ports(specs, args, document)


def _is_redis(catalogue: Catalogue, store: str) -> bool:
    return store in catalogue.stores and catalogue.stores[store].engine is StoreEngine.REDIS


def _permissive_ports(specs: Mapping[str, WorkloadSpec], args: MeshArgs, document: Document) -> Iterator[Problem]:
    for name, ports in args.settings.permissive_ports.items():
        where = (*MESH, "permissive-ports", name)
        if name not in specs:
            yield document.problem(
                where,
                "is nothing that runs here",
                consequence="the exception would reach nothing, or a service that is added later",
                fix=f"correct the name or drop it: {suggestion(name, list(specs))}",
            )
            continue
        for port in ports:
            if port not in args.workloads[name].ports:
                yield document.problem(
                    (*where, port),
                    f"is no TCP port of {name}",
                    consequence="the exception would reach nothing, or a port that is added later",
                    fix=f"correct the name or drop it: {suggestion(port, list(args.workloads[name].ports))}",
                )


def _reserved_names(catalogue: Catalogue, args: MeshArgs, document: Document) -> Iterator[Problem]:
    """Objects of the mesh are called after what they belong to; a name that two of them share would lose one."""
    taken = {
        "default": "the namespace's own policies",
        DENY_ALL: "the policy that denies everything",
        WAYPOINT: "the waypoint",
        f"{DENY_ALL}-{WAYPOINT}": "the waypoint's denial",
        **{f"external-{name}": f"the policy of the external host {name}" for name in args.external},
        **{f"{name}-pods": f"a policy of {name}" for name in args.workloads},
        **{f"{name}-plain-text": f"a policy of {name}" for name in args.workloads},
    }
    if args.settings.rate_limit_store:
        taken[RATE_LIMITS] = "the rate-limit service"
    for name, workload in args.workloads.items():
        for service in version_services(args.settings, workload).values():
            taken[service] = f"the Service of a version of {name}"
    places = [(section, name) for section in ("services", "stores") for name in getattr(catalogue, section)]
    if RATE_LIMITS in taken and RATE_LIMITS in catalogue.config_maps:
        places.append(("config-maps", RATE_LIMITS))
    for place in places:
        name = place[1]
        if name in taken:
            yield document.problem(
                place,
                f"has the name of {taken[name]}, in the mesh",
                consequence="one of the two would replace the other",
                fix="rename it",
            )


def _hosts(catalogue: Catalogue, environment: Environment, origins: Origins) -> Iterator[Problem]:
    """Two ServiceEntries of one host would each have addresses of their own: https://github.com/istio/istio/issues/55776."""
    owners: dict[str, ExternalService] = {}
    for external in external_services(catalogue, environment):
        owner = owners.setdefault(external.host, external)
        ways = {(one.port, one.protocol, one.originate_tls) for one in (owner, external)}
        if len(ways) > 1:
            declared = external.name in catalogue.external
            entry = _entry(external.name, catalogue)
            document = origins.catalogue_document if declared else origins.environment_document
            yield document.problem(
                (*(() if declared else ROOT), *entry),
                f"is the host of {owner.name}, too, on another port or in another way",
                consequence="the mesh would give the host two addresses, and callers would reach either by chance",
                fix="give one of them a name of its own in DNS, or make them alike",
            )


def _entry(name: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return where the host of this name is said; hosts of receivers and the like have no names of the catalogue."""
    if name in catalogue.external:
        return "external", name, "host"
    if name in catalogue.stores:
        return "stores", name, "host"
    return ("broker", "host") if name == BROKER else ("observability",)
