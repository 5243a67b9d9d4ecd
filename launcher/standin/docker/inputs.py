"""Checking the inputs of a resource against a model of those that the stand-in takes (pure)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from launcher.standin.answers import Failure
from launcher.standin.difference import written
from launcher.standin.official import official_plugin
from launcher.standin.properties import Secret, Unknown, without_secrets


class Inputs(BaseModel):
    """The inputs of a resource, or a part of them, by the names that the provider's schema gives them."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        hide_input_in_errors=True,  # it may be secret
    )


# No comma: buildx takes lists of attributes as comma-separated texts.
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$")]
"""The name of an image in a registry."""
SecretId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$")]
"""The name of a build secret."""
Platform = Annotated[
    str,
    StringConstraints(
        pattern=r"^(linux|windows)/(386|amd64|arm|arm64|loong64|mips64|mips64le|ppc64le|riscv64|s390x)(/v\d+)?$"
    ),
]
"""What an image is for: operating system, processor, and its variant. BuildKit itself takes any word for a processor
(https://github.com/containerd/platforms/blob/main/database.go)."""

M = TypeVar("M", bound=Inputs)


def failures(model: type[Inputs], inputs: Mapping[str, Any], package: str) -> list[Failure]:
    """Everything that is wrong with the form of `inputs`. What a preview can't know yet is nothing wrong."""
    try:
        model.model_validate(without_secrets(dict(inputs)))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        return [_failure(problem, package) for problem in found if not isinstance(problem["input"], Unknown)]
    return []


def _failure(problem: Mapping[str, Any], package: str) -> Failure:
    path = written(problem["loc"])
    if problem["type"] == "extra_forbidden":
        return Failure(
            path, f"is an input that the Docker stand-in doesn't know: remove it, or {official_plugin(package)}."
        )
    if problem["type"] == "missing":
        return Failure(path, "is missing, and nothing can be built without it; set it.")
    expected = problem["msg"][0].lower() + problem["msg"][1:]
    return Failure(path, f"is not what the stand-in can use: {expected}. Correct it, or {official_plugin(package)}.")


def missing_files(context: Any, dockerfile: Any) -> Iterator[Failure]:
    """What is wrong with the paths of a build; they are seen from the project, in which the launcher runs."""
    if isinstance(context, str) and not Path(context).is_dir():
        yield Failure(
            "context",
            f"{context!r} is not a folder, so there is nothing to build from; the path is seen from {Path.cwd()}. "
            "Correct the path, or make the folder.",
        )
    elif isinstance(dockerfile, str) and not Path(dockerfile).is_file():
        yield Failure(
            "dockerfile",
            f"{dockerfile!r} is not a file, so nothing says how to build the image; the path is seen from "
            f"{Path.cwd()}. Correct the path, or write the Dockerfile.",
        )


def secret_arguments(arguments: Any) -> Iterator[Failure]:
    """Build arguments that are secrets: an image's history shows them to everybody who has the image."""
    entries = arguments.items() if isinstance(arguments, Mapping) else ()
    for key in [key for key, value in entries if isinstance(value, Secret)] or ["*"] * isinstance(arguments, Secret):
        yield Failure(
            f"build argument {key}",
            "is a secret, and the image's history would show it to all who have the image. Pass it as a build secret.",
        )


def with_hidden_password(registry: Any) -> Any:
    """A login with its password marked as secret."""
    if isinstance(registry, Mapping) and "password" in registry:
        return {**registry, "password": hidden(registry["password"])}
    return registry


def hidden(value: Any) -> Any:
    """The value, marked as secret whatever the program said."""
    return value if isinstance(value, Secret) else Secret(without_secrets(value))
