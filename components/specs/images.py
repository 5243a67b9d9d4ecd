"""One image that is built: from what, for which platforms, under which name."""

from enum import StrEnum

from components.scalars import DnsLabel, ImageReference, Registry
from components.specs.base import Spec


class ImagePlatform(StrEnum):
    """A system that an image can be built for, as Docker spells it."""

    LINUX_AMD64 = "linux/amd64"
    LINUX_ARM64 = "linux/arm64"
    LINUX_PPC64LE = "linux/ppc64le"
    LINUX_RISCV64 = "linux/riscv64"
    LINUX_S390X = "linux/s390x"


class ImageBuildSpec(Spec):
    """The literals of one build. Paths are seen from the project's root, where the engine runs the program."""

    registry: Registry
    name: DnsLabel
    tag: str
    context: str
    dockerfile: str
    arguments: dict[str, str] = {}
    platforms: tuple[ImagePlatform, ...]
    push: bool
    """Into the registry; otherwise into the engine's own store."""
    registry_cache: bool = False
    provenance: bool = False
    builder: str | None = None

    @property
    def reference(self) -> ImageReference:
        """The image by its tag."""
        return f"{self.registry}/{self.name}:{self.tag}"

    @property
    def host(self) -> str:
        """The registry without a path: what one logs in to."""
        return self.registry.partition("/")[0]

    @property
    def cache(self) -> str:
        """Where the registry keeps the layers of earlier builds."""
        return f"{self.registry}/{self.name}:buildcache"
