"""The resource `docker-build:index:Image`: several platforms, caches, build secrets, provenance (pure but for files).

What a change means, and which outputs there are, follows the official provider:
https://github.com/pulumi/pulumi-docker-build/blob/main/provider/internal/image.go
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from launcher.standin.answers import Failure
from launcher.standin.difference import Change, Kind, changes
from launcher.standin.docker import context, inputs
from launcher.standin.docker.build import Build, Login
from launcher.standin.docker.failures import registry_of
from launcher.standin.properties import UNKNOWN, has_unknown, without_secrets

PACKAGE: Final = "docker-build"
TYPE: Final = "docker-build:index:Image"
_OUTPUTS: Final = ("ref", "digest", "contextHash")
_IGNORED: Final = "ignoreSecretsInDiffCalculation"
_NO_CHANGE: Final = ("exec", _IGNORED)
"""How to build and to compare, not what."""


class _Location(inputs.Inputs):
    location: str


class _Registry(inputs.Inputs):
    address: str
    username: str = ""
    password: str = ""


class _CacheSource(inputs.Inputs):
    ref: inputs.Reference


class _CacheTarget(_CacheSource):
    mode: Literal["min", "max"] = "min"
    image_manifest: bool | None = None
    oci_media_types: bool | None = None
    ignore_error: bool | None = None


class _CacheFrom(inputs.Inputs):
    registry: _CacheSource


class _CacheTo(inputs.Inputs):
    registry: _CacheTarget


class _Builder(inputs.Inputs):
    name: str


class _Image(inputs.Inputs):
    tags: list[inputs.Reference] = Field(min_length=1)
    context: _Location
    dockerfile: _Location | None = None
    build_args: dict[str, str] = Field(default_factory=dict)
    platforms: list[inputs.Platform] = Field(default_factory=list)
    secrets: dict[inputs.SecretId, str] = Field(default_factory=dict)
    registries: list[_Registry] = Field(default_factory=list)
    cache_from: list[_CacheFrom] = Field(default_factory=list)
    cache_to: list[_CacheTo] = Field(default_factory=list)
    builder: _Builder | None = None
    exec: bool = False
    push: bool = False
    load: bool = False
    network: Literal["default"] = "default"
    # Absent, the official provider builds in every preview.
    build_on_preview: Literal[False]
    ignore_secrets_in_diff_calculation: list[str] = Field(default_factory=list)


def checked(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Failure]]:
    """The inputs with passwords and build secrets hidden, and what is wrong with them."""
    made = dict(given)
    if isinstance(registries := made.get("registries"), list):
        made["registries"] = [inputs.with_hidden_password(registry) for registry in registries]
    if "secrets" in made:
        made["secrets"] = inputs.hidden(made["secrets"])
    found = inputs.failures(_Image, made, PACKAGE)
    if not found:
        found = [
            *_destination(made),
            *inputs.missing_files(*_paths(made)),
            *inputs.secret_arguments(made.get("buildArgs")),
        ]
    return made, found


def _destination(given: Mapping[str, Any]) -> list[Failure]:
    push, load = given.get("push"), given.get("load")
    if has_unknown([push, load]) or bool(push) != bool(load):
        return []
    return [Failure("push", "and load say the same, and an image goes to a registry or into the engine's own store.")]


def _paths(given: Mapping[str, Any]) -> tuple[Any, Any]:
    folder = _location(given, "context")
    named = _location(given, "dockerfile")
    return folder, named or (f"{folder}/Dockerfile" if isinstance(folder, str) else UNKNOWN)


def _location(given: Mapping[str, Any], key: str) -> Any:
    place = without_secrets(given.get(key))
    return place.get("location") if isinstance(place, Mapping) else place


def build_of(given: Mapping[str, Any]) -> Build:
    """The build that checked inputs ask for."""
    image = _Image.model_validate(without_secrets(dict(given)))
    folder, dockerfile = _paths(given)
    return Build(
        tags=tuple(image.tags),
        context=folder,
        dockerfile=dockerfile,
        platforms=tuple(image.platforms),
        arguments=image.build_args,
        secrets=image.secrets,
        push=image.push,
        logins=tuple(Login(one.address, one.username, one.password) for one in image.registries if one.username),
        cache_from=tuple({"ref": one.registry.ref} for one in image.cache_from),
        cache_to=tuple(_attributes(one.registry) for one in image.cache_to),
        builder=image.builder.name if image.builder else None,
        attestations=image.exec,
    )


def _attributes(cache: _CacheTarget) -> dict[str, str]:
    flags = {
        "image-manifest": cache.image_manifest,
        "oci-mediatypes": cache.oci_media_types,
        "ignore-error": cache.ignore_error,
    }
    said = {key: str(value).lower() for key, value in flags.items() if value is not None}
    return {"ref": cache.ref, "mode": cache.mode, **said}


def foreseen(given: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs in a preview: what only a build can tell is unknown."""
    return {**given, **dict.fromkeys(_OUTPUTS, UNKNOWN)}


def outputs_of(given: Mapping[str, Any], build: Build, digest: str, seen: str) -> dict[str, Any]:
    """The outputs of a built image: its inputs, its `digest`, and that of what the build has `seen`."""
    tag = build.tags[0]
    return {
        **given,
        "digest": digest,
        # The official provider adds the digest only to a name that begins with its registry.
        "ref": f"{tag}@{digest}" if tag.startswith(f"{registry_of(tag)}/") else tag,
        "contextHash": seen,
    }


def old_inputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that an image was built from, as its outputs have them."""
    return {key: value for key, value in outputs.items() if key in _known()}


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs between a built image and new inputs: each change is a new build, none a replacement.

    A password is no change, nor is a build secret that the program leaves out of the comparison.
    """
    found = list(changes(_compared(old_inputs(old), new), _compared(new, old)))
    folder, dockerfile = _paths(new)
    known = not has_unknown([folder, dockerfile])
    if known and context.digest(Path(folder), Path(dockerfile)) != without_secrets(old.get("contextHash")):
        found.append(Change(("contextHash",), Kind.UPDATE))
    return tuple(found)


def _compared(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    plain, against = without_secrets(dict(one)), without_secrets(dict(other))
    compared = {key: value for key, value in plain.items() if key not in _NO_CHANGE}
    if isinstance(secrets := plain.get("secrets"), Mapping):
        others = against.get("secrets") if isinstance(against.get("secrets"), Mapping) else {}
        left_out = {*plain.get(_IGNORED, ()), *against.get(_IGNORED, ())} & others.keys()
        compared["secrets"] = {key: value for key, value in secrets.items() if key not in left_out}
    if isinstance(registries := plain.get("registries"), list):
        compared["registries"] = [{**registry, "password": None} for registry in registries]
    return compared


def _known() -> set[str]:
    return {field.alias or name for name, field in _Image.model_fields.items()}


def digest_of(outputs: Mapping[str, Any]) -> str:
    """The digest under which the registry has the image."""
    return str(outputs.get("digest", ""))
