"""What production asks of every workload; an environment may be stricter and never weaker."""

from collections.abc import Iterator

from components.hardening import HardenedDefault
from components.mesh.rate_limit_service import SERVICE as RATE_LIMITS
from components.scalars import image_digest
from components.specs.observability.settings import Program
from components.specs.workload import WorkloadSpec
from stacks.document import Document, Problem
from stacks.schema.environment import ROOT, Environment
from stacks.schema.images import BuildMode
from stacks.schema.stores import BROKER
from stacks.schema.tracing_workloads import ADDED


def production_floor(
    name: str,
    spec: WorkloadSpec,
    document: Document,
    environment: Environment,
    *,
    is_built: bool,
    program: Program | None,
) -> Iterator[Problem]:
    """Yield where a workload is below it.

    ``is_built`` says that the main image comes from the catalogue's build; ``program`` is that of a part that watches.
    """
    where = (*ROOT, "services", name)
    least = spec.autoscaling.min if spec.autoscaling else spec.replicas
    if spec.kind.is_replicated and (least or 0) < 2 and HardenedDefault.SINGLE_REPLICA not in spec.exceptions:
        override = environment.services.get(name)
        own = override is not None and {"replicas", "autoscaling"} & override.model_fields_set
        field = ("autoscaling", "min") if spec.autoscaling else ("replicas",)
        yield document.problem(
            (*where, *field) if own else (*ROOT, "replicas"),
            f"gives {name} {least} replica{'' if least == 1 else 's'}, below production's floor of 2",
            consequence="every node drain and every crash would be an outage",
            fix=f"raise it to 2 or more, or add services.{name}.exceptions.single-replica: REASON",
        )
    for key, version in spec.versions.items():
        single = version.replicas is not None and version.replicas < 2 <= (least or 0)
        if single and HardenedDefault.SINGLE_REPLICA not in spec.exceptions:
            yield document.problem(
                (*where, "versions", key, "replicas"),
                f"gives version {key} of {name} {version.replicas} replica{'' if version.replicas == 1 else 's'}, "
                "below production's floor of 2",
                consequence="every node drain and every crash would be an outage for its share of the requests",
                fix=f"raise it to 2 or more, or add services.{name}.exceptions.single-replica: REASON",
            )
    if spec.kind.is_replicated and spec.disruption_budget is None:
        yield document.problem(
            (*where, "disruption-budget"),
            f"leaves {name} without a disruption budget, which production asks for",
            consequence="a node drain could take away all its replicas at once",
            fix="drop 'disruption-budget: null' here or in the catalogue",
        )
    pushes = environment.images is not None and environment.images.build is BuildMode.PUSH
    for location, setting, image in _images(name, spec, environment, program):
        is_own = is_built and image == spec.image
        # What is pushed here gets its digest then.
        if image is not None and image_digest(image) is None and not (is_own and pushes):
            where_from = "; 'pulumi stack output images' of the stack that builds shows it" if is_own else ""
            yield document.problem(
                location,
                f"runs {image} without a digest",
                consequence="a tag can be moved: what was tested and what runs in production could differ",
                fix=f"set {setting} to the image with its digest: …@sha256:…{where_from}",
            )


def _images(
    name: str, spec: WorkloadSpec, environment: Environment, program: Program | None
) -> Iterator[tuple[tuple[str, ...], str, str | None]]:
    """Yield each image of a workload: where the environment would name it, the setting that does, and the image."""
    if name in environment.stores:
        yield (*ROOT, "stores", name, "image"), f"stores.{name}.image", spec.image
        return
    if name == RATE_LIMITS and environment.mesh is not None and environment.mesh.rate_limit_store:
        yield (*ROOT, "mesh", "rate-limit-image"), "mesh.rate-limit-image", spec.image
        return
    if program is not None:
        place = ("observability", "images", program.value)
        yield (*ROOT, *place), ".".join(place), spec.image
        return
    if name == BROKER:
        yield (*ROOT, "broker", "image"), "broker.image", spec.image
        return
    for place, part in spec.places():
        if place and place[-1] in ADDED and environment.observability and environment.observability.tracing:
            added = ("observability", "images", ADDED[place[-1]].value)
            yield (*ROOT, *added), ".".join(added), part.image
            continue
        setting = ".".join(("services", name, *place, "image")) + (" in the catalogue" if place else "")
        yield (*ROOT, "services", name, *place, "image"), setting, part.image
    for key, version in spec.versions.items():
        place = ("services", name, "versions", key, "image")
        yield (*ROOT, *place), ".".join(place), version.image
