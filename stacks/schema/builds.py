"""Which images are built, from what and under which names."""

from collections.abc import Iterator, Mapping
from typing import Final

from components.specs.images import ImageBuildSpec
from components.versions import BASE_IMAGES
from stacks.document import Document, Problem
from stacks.schema.catalogue import Catalogue, Service
from stacks.schema.environment import ROOT, Environment
from stacks.schema.images import Build, BuildMode

_PUBLIC: Final = "docker.io/"
"""What the names of base images begin with, until a mirror takes its place."""


def built_services(catalogue: Catalogue, environment: Environment) -> dict[str, Build]:
    """Return the services whose image comes from the catalogue's build; an image of the environment wins over it."""
    named = {name for name, override in environment.services.items() if override.image is not None}
    return {
        name: service.build
        for name, service in catalogue.services.items()
        if service.build is not None and name not in named
    }


def base_images(service: Service) -> Mapping[str, str]:
    """Return the build arguments that name a service's base images, by docker.io's names."""
    return BASE_IMAGES.get(service.language, {})


def image_builds(catalogue: Catalogue, environment: Environment, tags: Mapping[str, str]) -> dict[str, ImageBuildSpec]:
    """Return the build of each image that has a tag: what is done here, or where nothing is, what CI has done."""
    images = environment.images
    if images is None:
        return {}
    found = {}
    for name, build in built_services(catalogue, environment).items():
        if name not in tags:
            continue
        bases = {
            argument: f"{images.base_registry}/{image.removeprefix(_PUBLIC)}"
            for argument, image in base_images(catalogue.services[name]).items()
        }
        found[name] = ImageBuildSpec(
            registry=images.registry,
            name=name,
            tag=tags[name],
            context=build.context,
            dockerfile=build.dockerfile,
            arguments={**bases, "VERSION": tags[name]},
            platforms=images.platforms,
            push=images.build is BuildMode.PUSH,
            registry_cache=images.registry_cache,
            provenance=images.provenance,
            builder=images.builder,
        )
    return found


def image_problems(
    catalogue: Catalogue, environment: Environment, secrets: Mapping[str, object], document: Document
) -> Iterator[Problem]:
    """Yield builds of which the environment says nothing, and a login that would be something else's credentials."""
    built = built_services(catalogue, environment)
    if built and environment.images is None:
        yield document.problem(
            ROOT,
            f"has no images, but the catalogue builds {', '.join(built)}",
            consequence="nothing says under which names these images are, or who builds them",
            fix="add images: {build: never, registry: registry.example.com/shop}, with push or load to build them here",
        )
    credentials = environment.images.credentials if environment.images else None
    if credentials in secrets:
        yield document.problem(
            (*ROOT, "images", "credentials"),
            "name a Secret of the platform",
            consequence="the registry would be sent what services log in with elsewhere",
            fix="choose another name, and set its username and password under it",
        )
