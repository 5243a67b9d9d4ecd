"""Checks of an environment against the catalogue: what it names exists, what it needs is there, and it all fits."""

from collections.abc import Iterator, Mapping
from itertools import count as count_from

from components.specs.scaling import version_replicas
from components.specs.workload import WorkloadSpec
from stacks.document import Document, Problem
from stacks.schema.builds import built_services, image_problems
from stacks.schema.catalogue import Catalogue
from stacks.schema.configuration_references import reference_problems, variable_references
from stacks.schema.environment import ROOT, Environment, FolderTarget, SecretsFrom, ServiceOverride, Tier
from stacks.schema.mesh_checks import mesh_problems
from stacks.schema.observability import observability_args
from stacks.schema.observability_checks import observability_problems
from stacks.schema.observability_workloads import programs
from stacks.schema.origins import Origins
from stacks.schema.production_floor import production_floor
from stacks.schema.quota import quota_problems
from stacks.schema.resolution import secrets
from stacks.schema.suggestions import suggestion
from stacks.schema.workloads import platform_workloads

SHARE_TOLERANCE = 5
"""Percentage points by which a version's share of the Pods may miss its weight."""


def name_problems(catalogue: Catalogue, environment: Environment, document: Document) -> Iterator[Problem]:
    """Yield every name that the environment and the catalogue do not share."""
    for section, known in (("services", catalogue.services), ("stores", catalogue.stores)):
        for name in getattr(environment, section):
            if name not in known:
                yield document.problem(
                    (*ROOT, section, name),
                    f"is no entry of the catalogue's {section}",
                    consequence="the setting would reach nothing",
                    fix=f"correct the name or drop it: {suggestion(name, list(known))}",
                )
    for name in catalogue.stores:
        if name not in environment.stores:
            yield document.problem(
                (*ROOT, "stores"),
                f"do not say where {name!r} runs",
                consequence="services that use it would have no address for it",
                fix=f"add stores.{name}: {{storage: 10Gi}} to run it in the cluster, or {{host: db.example.com}}",
            )
    if catalogue.streams and environment.broker is None:
        yield document.problem(
            ROOT,
            "has no broker, but the catalogue has streams",
            consequence="services that publish or consume would have no address for it",
            fix="add broker: {storage: 10Gi} to run NATS in the cluster, or {host: nats.example.com}",
        )
    yield from image_problems(catalogue, environment, secrets(catalogue, environment), document)
    target = environment.cluster
    if (
        isinstance(target, FolderTarget)
        and environment.secrets_from is SecretsFrom.STACK
        and target.plain_secrets is None
    ):
        yield document.problem(
            (*ROOT, "secrets-from"),
            "would write this stack's secrets into a folder",
            consequence="everybody who can read the folder could read them, in plain text",
            fix="say 'secrets-from: cluster', or give the reason in cluster.plain-secrets",
        )


def workload_problems(
    catalogue: Catalogue,
    environment: Environment,
    tags: Mapping[str, str],
    document: Document,
    catalogue_document: Document,
) -> Iterator[Problem]:
    """Yield what is wrong with the workloads once the environment's settings are laid over the catalogue's."""
    yield from reference_problems(variable_references(environment.env), ROOT, catalogue, document)
    for name, override in environment.services.items():
        root = (*ROOT, "services", name)
        yield from reference_problems(variable_references(override.env), root, catalogue, document)
    specs = platform_workloads(catalogue, environment, tags)
    built, parts = built_services(catalogue, environment), programs(catalogue, environment)
    for name, spec in specs.items():
        yield from _name_lengths(name, spec, specs, document)
        floor = (
            list(production_floor(name, spec, document, environment, is_built=name in built, program=parts.get(name)))
            if environment.tier is Tier.PRODUCTION
            else []
        )
        yield from floor
        told = {problem.location for problem in floor}
        own = environment.services.get(name)
        if name in catalogue.services and (environment.env or own):
            for problem in _merged(name, spec, own or ServiceOverride(), environment, (document, catalogue_document)):
                if problem.location not in told:
                    yield problem
        if environment.mesh is None:
            yield from _shares(name, spec, document)
    yield from quota_problems(specs, environment, document)
    origins = Origins(environment, document, catalogue_document)
    watching = observability_args(catalogue, environment, specs)
    yield from mesh_problems(catalogue, environment, specs, watching, origins)
    yield from observability_problems(catalogue, environment, watching, origins)


def _merged(
    name: str,
    spec: WorkloadSpec,
    override: ServiceOverride,
    environment: Environment,
    documents: tuple[Document, Document],
) -> Iterator[Problem]:
    """Yield what is wrong in a service as it is merged, blaming the document that said it last."""
    document, catalogue_document = documents
    for location, found in spec.findings():
        details = found.context or {}
        words = {"consequence": details["consequence"], "fix": details["fix"]}
        at, where = document, (*ROOT, "services", name, *location)
        if location[:1] == ("env",):
            variable = str(location[1])
            if variable not in override.env:
                in_environment = variable in environment.env
                at = document if in_environment else catalogue_document
                where = (*ROOT, *location) if in_environment else ("services", name, *location)
        yield at.problem(where, f"together with the {_other(at, document)}: {details['message']}", **words)


def _other(at: Document, document: Document) -> str:
    return "catalogue" if at is document else "environment"


def _shares(name: str, spec: WorkloadSpec, document: Document) -> Iterator[Problem]:
    if (
        not spec.versions
        or spec.autoscaling
        or abs(sum(version.weight for version in spec.versions.values()) - 100) > 1e-6
    ):
        return
    weights = {key: version.weight for key, version in spec.versions.items()}
    total = spec.replicas or 1
    replicas = version_replicas(total, weights)
    running = sum(replicas.values())
    for key, weight in weights.items():
        share = 100 * replicas[key] / running
        if abs(share - weight) > SHARE_TOLERANCE:
            enough = next(count for count in count_from(total + 1) if _is_had(weights, count))
            yield document.problem(
                (*ROOT, "services", name, "versions", key, "weight"),
                f"can't be had with {total} replicas: {replicas[key]} of {running} Pods are {share:.0f}%",
                consequence="a Service shares connections out over Pods alike, so the version would get another share",
                fix=f"use {enough} replicas or more, or a weight near {share:.0f}%",
            )


def _is_had(weights: Mapping[str, float], total: int) -> bool:
    """Whether so many replicas give every version about its share; a hundred give any whole percentage."""
    replicas = version_replicas(total, dict(weights))
    running = sum(replicas.values())
    return total >= 1000 or all(
        abs(100 * replicas[key] / running - weight) <= SHARE_TOLERANCE for key, weight in weights.items()
    )


def _name_lengths(
    name: str, spec: WorkloadSpec, specs: Mapping[str, WorkloadSpec], document: Document
) -> Iterator[Problem]:
    longest = 52 if spec.kind.is_scheduled else 63
    derived = [f"{name}-{track}" for track in spec.versions if track != "stable"]
    for full in (name, *derived):
        if len(full) > longest:
            yield document.problem(
                (*ROOT, "services", name),
                f"makes an object called {full!r}, {len(full)} characters long",
                consequence=f"Kubernetes refuses a {spec.kind.value} of more than {longest} characters",
                fix="shorten the name of the service or the version",
            )
        if full != name and full in specs:
            yield document.problem(
                (*ROOT, "services", name, "versions"),
                f"make an object called {full!r}, which is a service of its own",
                consequence="the two would overwrite each other",
                fix="rename the version or the service",
            )
