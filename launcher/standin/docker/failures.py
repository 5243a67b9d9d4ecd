"""Why a build failed: one message with what is wrong, what follows from it, and what to do (pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from launcher.standin.docker.build import Build
from launcher.standin.docker.log import BuildLog

UNCHANGED: Final = "Nothing was pushed, and what runs stays as it is"
DEFAULT_BUILDER: Final = "default"
"""What buildx calls the engine's own builder."""
_UNREACHED = r"connection refused|no such host|i/o timeout|timeout|connection reset|network is unreachable|\bEOF\b"
_NOT_LOGGED_IN = r"no basic auth|\b401\b|unauthorized|authentication required|incorrect username or password"
_NOT_ALLOWED = r"denied|\b403\b|\b405\b|forbidden|insufficient[_ ]scope|not allowed"
_NO_ENGINE = re.compile(
    r"Cannot connect to the Docker daemon at (?P<address>\S+?)\.? Is the docker daemon running"
    r"|error during connect: .*?\"(?P<url>[^\"]+)\""
    r"|permission denied while trying to connect to the .*? at (?P<socket>[^\s:]+:[^\s:]+)"
)


class BuildFailed(Exception):
    """An image could not be built, or not be put where it belongs. The text is for the user."""


class Interrupted(BuildFailed):
    """The user, or a time limit, ended a build."""


@dataclass(frozen=True)
class _Cause:
    """What one kind of error means. The texts may name parts of the build, and the groups of the pattern."""

    pattern: str
    what: str
    fix: str


_BOOTING: Final = "[internal] booting buildkit"
_NO_BUILDKIT: Final = _Cause(
    r"unable to upgrade to h2c",
    "the engine has no BuildKit of its own, and none could be started in a container",
    "use Docker 18.09 or later, or let the engine have the image moby/buildkit",
)
"""buildx starts BuildKit by itself where an engine without it can have its image."""
_BUILDER: Final = (
    _NO_BUILDKIT,
    _Cause(
        r"client version (?P<client>\S+) is too (?P<which>old|new)",
        "buildx and the engine don't speak the same version of Docker's API",
        "upgrade the older of the two (`docker version` and `docker buildx version` show them)",
    ),
    _Cause(
        r"no builder \"?(?P<name>[^\s\"]+)\"? found|failed to find driver",
        "buildx has no builder {builder}",
        "make it (`docker buildx create --name {builder}`), or name another one (`docker buildx ls`)",
    ),
    _Cause(
        r"Multi-platform build is not supported|does not currently support exporting manifest lists",
        "the engine's own builder makes an image for one platform only, and {platforms} are asked for",
        "name a builder that makes several (`docker buildx create --driver docker-container`), or ask for one platform",
    ),
    _Cause(
        r"Cache export is not supported|cache export feature is currently not supported",
        "the engine's own builder can't keep its cache in a registry",
        "name a builder that can (`docker buildx create --driver docker-container`), or keep no cache there",
    ),
    _Cause(
        r"Attestations? .*not supported|attestations are not supported",
        "the builder can't attach attestations",
        "name a builder that can (`docker buildx create --driver docker-container`), or ask for no provenance",
    ),
    _Cause(
        r"unknown operating system or architecture|invalid platform",
        "{platforms} is no platform that the builder knows",
        "write it like linux/amd64 or linux/arm64",
    ),
    _Cause(
        r"exec format error",
        "the engine can't run the programs of {platforms}, which the Dockerfile's steps need",
        "let it emulate the platform (install qemu-user-static and binfmt-support), build on a machine of that "
        "platform, or cross-compile in a stage `FROM --platform=$BUILDPLATFORM`",
    ),
    _Cause(
        r"no match for platform|no matching manifest",
        "a base image doesn't exist for {platforms}",
        "choose a base image that does, or another platform",
    ),
)

_REGISTRY: Final = (
    _Cause(
        _NOT_LOGGED_IN,
        "the registry {registry} refuses the login",
        "correct the credentials that the stack supplies for it, or log the machine in (`docker login {registry}`)",
    ),
    _Cause(
        _NOT_ALLOWED,
        "the registry {registry} refuses the push",
        "give the user the right to push to {repository}, or name another registry",
    ),
    _Cause(
        r"x509|certificate",
        "the engine doesn't trust the certificate of the registry {registry}",
        "give the engine the CA that signed it (/etc/docker/certs.d/{registry}/ca.crt on its machine)",
    ),
    _Cause(
        r"HTTP response to HTTPS client",
        "the registry {registry} speaks plain HTTP, which the engine takes from its own machine only",
        "give the registry a certificate, or name it in the engine's `insecure-registries`",
    ),
    _Cause(
        _UNREACHED,
        "the registry {registry} doesn't answer",
        "start it, or correct its address; the engine must reach it, which may be another machine than this one",
    ),
)


def no_engine(error: str, builder: str | None = None) -> str | None:
    """The message where no engine answers, from an error of buildx; None where it is another error."""
    found = _NO_ENGINE.search(error)
    if found is None:
        return None
    address = next(group for group in found.groups() if group)
    through = f" (for the builder {builder})" if builder not in {None, DEFAULT_BUILDER} else ""
    return (
        f"No Docker engine answers at {address}{through}, so no image can be built: {error.strip()} "
        f"{UNCHANGED}. Start the engine, or name another one in DOCKER_HOST or by `docker context use`."
    )


def explained(build: Build, log: BuildLog, exit_code: int) -> str:
    """The message of a failed build of which buildx printed `log`."""
    error = log.error
    if message := no_engine(error, build.builder):
        return message
    values = {
        "builder": build.builder or DEFAULT_BUILDER,
        "platforms": ", ".join(build.platforms) or "this platform",
        "registry": registry_of(build.tags[0]),
        "repository": repository_of(build.tags[0]),
    }
    if log.failed is not None and log.failed.name == _BOOTING:
        return _message(build, _NO_BUILDKIT, values, error)
    pushing = log.failed is not None and re.search(r"^(pushing|exporting) ", log.failed.name) is not None
    causes = (*_BUILDER, *_REGISTRY) if pushing or "failed to push" in error else _BUILDER
    said = "\n".join((error, *log.last))
    for cause in causes:
        if re.search(cause.pattern, said if "exec format" in cause.pattern else error, re.IGNORECASE):
            return _message(build, cause, values, error)
    return _failed_step(build, log, exit_code)


def _message(build: Build, cause: _Cause, values: Mapping[str, str], error: str) -> str:
    what, fix = cause.what.format_map(values), cause.fix.format_map(values)
    return f"{build.tags[0]} could not be made: {what} ({error}). {UNCHANGED}. To mend it, {fix}."


def _failed_step(build: Build, log: BuildLog, exit_code: int) -> str:
    opening = f"{build.dockerfile} could not be built for {build.tags[0]}: "
    if log.failed is None:
        return (
            f"{opening}{log.error or f'buildx ended with exit code {exit_code}'}. {UNCHANGED}. Correct it, and go on."
        )
    step, error = log.failed.name, log.failed.error
    if (base := re.search(r"load metadata for (\S+)", step)) is not None:
        return (
            f"{opening}its base image {base[1]} can't be had ({error}). {UNCHANGED}. To mend it, correct the name, log "
            "in to its registry, or name a mirror that has it."
        )
    if (found := re.search(r"exit code: (\d+)", error)) is not None:
        return (
            f"{opening}the step {step!r} ended with exit code {found[1]}; its last lines stand above. {UNCHANGED}. "
            f"Correct {build.dockerfile}, or what it builds from in {build.context}."
        )
    return (
        f"{opening}the step {step!r} failed: {error}. {UNCHANGED}. Correct {build.dockerfile}, or what it builds from "
        f"in {build.context}."
    )


def repository_of(tag: str) -> str:
    """An image's name without its tag: `registry.example.com:5000/shop/gateway`."""
    head, slash, last = tag.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def registry_of(tag: str) -> str:
    """The registry that an image's name begins with; Docker Hub where it names none.

    A first part is a registry if it has a dot or a port, or is `localhost`
    (https://github.com/distribution/reference/blob/main/normalize.go).
    """
    first, slash, _ = tag.partition("/")
    return first if slash and (re.search(r"[.:]", first) or first == "localhost") else "docker.io"
