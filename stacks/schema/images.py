"""Where the images of the platform's own services come from."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from components.faults import fault
from components.scalars import DnsLabel, DnsSubdomain, Registry
from components.specs.base import Finding, Spec, kebab_case
from components.specs.images import ImagePlatform


class Build(Spec):
    """What an image is built from; paths are seen from the project's root."""

    context: str = Field(min_length=1, description="The folder that the build may copy from.")
    dockerfile: str = Field(min_length=1, description="A file in that folder, or below it.")


def _build(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    folder = PurePosixPath(value)
    # Not `parent` alone, which is '.' of '.', too: that folder's own parent lies outside of the project.
    context = folder.parent if folder.name not in {"", ".."} else folder / ".."
    return {"context": str(context), "dockerfile": str(folder / "Dockerfile")}


BuildOrFolder = Annotated[Build, BeforeValidator(_build, json_schema_input_type=Build | str)]
"""A folder stands for the Dockerfile in it, and for the folder around it as the context: services share contracts."""


class BuildMode(StrEnum):
    """What an environment does about the images that the catalogue builds."""

    PUSH = "push"
    """Build them, and push them into the registry; Pods name them by digest."""
    LOAD = "load"
    """Build them into the store of this machine's engine."""
    NEVER = "never"
    """Name what CI has built from the same sources."""


LOGIN_KEYS: Final = ("username", "password")
"""What the stack supplies for the registry that it pushes to, under the name of ``credentials``."""
_OF_BUILDS: Final = ("credentials", "base_registry", "ca_bundle", "builder")
_OF_PUSHES: Final = ("registry_cache", "provenance")


class Images(Spec):
    """Where images are built, and where they are: an image is ``{registry}/{service}:{tag}``."""

    build: BuildMode
    registry: Registry
    platforms: tuple[ImagePlatform, ...] = Field((ImagePlatform.LINUX_AMD64,), min_length=1)
    credentials: DnsLabel | None = Field(
        None, description="polyglot:secrets.NAME.username and .password; the machine's 'docker login' where absent."
    )
    base_registry: Registry = Field("docker.io", description="A mirror with docker.io's images under the same names.")
    ca_bundle: str | None = Field(
        None, min_length=1, description="A file of certificates that build stages trust beside the public ones."
    )
    registry_cache: bool = Field(False, description="Keep the layers of builds in {registry}/{service}:buildcache.")
    provenance: bool = Field(False, description="Attach a SLSA provenance attestation to each image.")
    builder: str | None = Field(None, min_length=1, description="The buildx builder; the engine's own where absent.")
    pull_secrets: tuple[DnsSubdomain, ...] = Field(
        (), description="Secrets of the namespace with which nodes pull the services' images."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield settings that the way of building leaves without an effect, or that it can't meet."""
        of_others = {BuildMode.PUSH: (), BuildMode.LOAD: _OF_PUSHES, BuildMode.NEVER: (*_OF_BUILDS, *_OF_PUSHES)}
        for field in of_others[self.build]:
            if field in self.model_fields_set and getattr(self, field):
                yield (
                    (kebab_case(field),),
                    fault(
                        f"does not go with build: {self.build.value}",
                        consequence="nothing reads it: nothing is built here"
                        if self.build is BuildMode.NEVER
                        else "the engine's own store holds neither a cache nor attestations",
                        fix="drop it, or make it build: push",
                    ),
                )
        if len(self.platforms) > 1 and self.build is BuildMode.LOAD:
            yield (
                ("platforms",),
                fault(
                    "are several, and build is load",
                    consequence="the engine's own store holds an image for one platform",
                    fix="keep the platform of the nodes, or make it build: push",
                ),
            )
        if len(self.platforms) > 1 and self.build is BuildMode.PUSH and self.builder is None:
            yield (
                ("platforms",),
                fault(
                    "are several, and no builder is named",
                    consequence="the engine's own builder builds for one platform",
                    fix="add builder: NAME, of a buildx builder that builds for all of them, or keep one platform",
                ),
            )
