"""The two resources that the stand-in knows, each in a provider of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from launcher.standin.answers import Failure
from launcher.standin.difference import Change
from launcher.standin.docker import build_image, image
from launcher.standin.docker.build import Build

Properties = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ImageKind:
    """One provider's resource: what its inputs mean, and what comes out (all pure, but for the files of the build)."""

    package: str
    title: str
    type: str
    """Pulumi's type token."""
    names_builder: bool
    """Whether each image may name a builder of buildx, instead of the engine's own for all."""
    cleans_up: bool
    """Whether an image that is deleted from the stack is deleted from registry and engine too."""
    checked: Callable[[Properties], tuple[dict[str, Any], list[Failure]]]
    build_of: Callable[[Properties], Build]
    foreseen: Callable[[Properties], dict[str, Any]]
    outputs_of: Callable[[Properties, Build, str, str], dict[str, Any]]
    old_inputs: Callable[[Properties], dict[str, Any]]
    difference: Callable[[Properties, Properties], tuple[Change, ...]]
    digest_of: Callable[[Properties], str]


IMAGE = ImageKind(
    package=image.PACKAGE,
    title="Docker",
    type=image.TYPE,
    names_builder=False,
    cleans_up=False,
    checked=image.checked,
    build_of=image.build_of,
    foreseen=image.foreseen,
    outputs_of=image.outputs_of,
    old_inputs=image.old_inputs,
    difference=image.difference,
    digest_of=image.digest_of,
)
BUILD_IMAGE = ImageKind(
    package=build_image.PACKAGE,
    title="Docker Build",
    type=build_image.TYPE,
    names_builder=True,
    cleans_up=True,
    checked=build_image.checked,
    build_of=build_image.build_of,
    foreseen=build_image.foreseen,
    outputs_of=build_image.outputs_of,
    old_inputs=build_image.old_inputs,
    difference=build_image.difference,
    digest_of=build_image.digest_of,
)
KINDS = {kind.package: kind for kind in (IMAGE, BUILD_IMAGE)}
"""By the provider's name."""
