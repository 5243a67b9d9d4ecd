"""The resource `docker:index/image:Image`: one platform, built by the engine's own builder (pure but for files).

What a change means, and which outputs there are, follows the official provider:
https://github.com/pulumi/pulumi-docker/blob/master/provider/provider.go
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from launcher.standin.answers import Failure
from launcher.standin.difference import Change, changes
from launcher.standin.docker import context, inputs
from launcher.standin.docker.build import Build, Login
from launcher.standin.docker.failures import DEFAULT_BUILDER, repository_of
from launcher.standin.properties import Secret, has_unknown, without_secrets

PACKAGE: Final = "docker"
TYPE: Final = "docker:index/image:Image"
_INPUTS: Final = "__inputs"
_DIGEST: Final = "contextDigest"
_LOGIN: Final = (("registry", "username"), ("registry", "password"))
"""They change often, and what was built stays the same."""


class _Build(inputs.Inputs):
    context: str = "."
    dockerfile: str | None = None
    args: dict[str, str] = Field(default_factory=dict)
    platform: inputs.Platform
    builder_version: Literal["BuilderBuildKit"] = "BuilderBuildKit"
    context_digest: str = ""
    """Added by `checked`."""


class _Registry(inputs.Inputs):
    server: str = ""
    username: str = ""
    password: str = ""


class _Image(inputs.Inputs):
    image_name: inputs.Reference
    build: _Build
    registry: _Registry = _Registry()
    skip_push: bool = False
    build_on_preview: Literal[False] = False


def checked(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Failure]]:
    """The inputs with the password hidden and a digest of what the build sees, and what is wrong with them."""
    made = dict(given)
    if "registry" in made:
        made["registry"] = inputs.with_hidden_password(made["registry"])
    found = inputs.failures(_Image, made, PACKAGE)
    build = without_secrets(made.get("build"))
    if found or not isinstance(build, Mapping):
        return made, found
    folder, dockerfile = build.get("context", "."), _dockerfile(build)
    found = [*inputs.missing_files(folder, dockerfile), *inputs.secret_arguments(made["build"].get("args"))]
    if not found and not has_unknown([folder, dockerfile]):
        made["build"] = {**build, "dockerfile": dockerfile, _DIGEST: context.digest(Path(folder), Path(dockerfile))}
    return made, found


def _dockerfile(build: Mapping[str, Any]) -> Any:
    return build.get("dockerfile") or os.path.join(build.get("context", "."), "Dockerfile")  # noqa: PTH118 - kept relative


def build_of(given: Mapping[str, Any]) -> Build:
    """The build that checked inputs ask for."""
    image = _Image.model_validate(without_secrets(dict(given)))
    registry = image.registry
    login = Login(registry.server or image.image_name, registry.username, registry.password)
    return Build(
        tags=(image.image_name,),
        context=image.build.context,
        dockerfile=image.build.dockerfile or _dockerfile(image.build.model_dump()),
        platforms=(image.build.platform,),
        arguments=image.build.args,
        push=not image.skip_push,
        logins=(login,) if registry.username and registry.password else (),
        # The official provider talks to the engine itself, whichever builder of buildx the user has chosen.
        builder=DEFAULT_BUILDER,
    )


def outputs_of(given: Mapping[str, Any], build: Build, digest: str, _seen: str) -> dict[str, Any]:
    """The outputs of a built image: `digest` is the registry's, or without a push the engine's own."""
    server = without_secrets(dict(given)).get("registry", {}).get("server")
    name = build.tags[0]
    return {
        "imageName": name,
        "baseImageName": name,
        **({"registryServer": server} if server else {}),
        "repoDigest": f"{repository_of(name)}@{digest}" if build.push else digest,
        "context": build.context,
        "dockerfile": os.path.relpath(build.dockerfile, build.context),
        "platform": build.platforms[0],
        # The official provider hides them as a whole, too.
        _INPUTS: Secret(without_secrets(dict(given))),
    }


def foreseen(given: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs in a preview: the inputs, since what is missing is unknown."""
    return dict(given)


def old_inputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that an image was built from, as its outputs have them."""
    return without_secrets(outputs.get(_INPUTS) or {})


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs: each change is a new build in the resource's place, none a replacement; a login is no change."""
    before, after = old_inputs(old), without_secrets(dict(new))
    return tuple(change for change in changes(before, after) if change.path not in _LOGIN)


def digest_of(outputs: Mapping[str, Any]) -> str:
    """The digest under which the registry has the image; empty where it was not pushed."""
    return str(outputs.get("repoDigest", "")).partition("@")[2]
