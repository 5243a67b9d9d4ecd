"""A build as buildx takes it: what to build, from what, and where to put it (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Login:
    """Credentials for one registry."""

    server: str
    """As the program wrote it: a host, or a URL."""
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Build:
    """One image to build, for one or several platforms."""

    tags: tuple[str, ...]
    context: str
    dockerfile: str
    platforms: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Build secret → its text."""
    push: bool
    """Whether the image goes to the registry that its tags name; otherwise it stays in the engine's own store."""
    logins: tuple[Login, ...] = ()
    cache_from: tuple[Mapping[str, str], ...] = ()
    """Each a registry cache: buildx's own attributes, `ref` and `mode` among them."""
    cache_to: tuple[Mapping[str, str], ...] = ()
    builder: str | None = None
    """Of buildx; None: the one that the user has chosen."""
    attestations: bool = False
    """Whether buildx may attach what it attaches by default: the build's provenance, where the builder can."""


def command(buildx: Path, build: Build, *, metadata: Path, secrets: Mapping[str, Path]) -> list[str]:
    """The command line of buildx, with the files that hold the build's secrets. Nothing secret stands on it."""
    options = [
        "--progress=rawjson",
        f"--metadata-file={metadata}",
        f"--file={build.dockerfile}",
        *(f"--tag={tag}" for tag in build.tags),
        *(f"--build-arg={key}={value}" for key, value in sorted(build.arguments.items())),
        *(f"--secret=id={key},src={path}" for key, path in sorted(secrets.items())),
        *(f"--cache-from={_registry_cache(attributes)}" for attributes in build.cache_from),
        *(f"--cache-to={_registry_cache(attributes)}" for attributes in build.cache_to),
        "--push" if build.push else "--load",
    ]
    if build.platforms:
        options.append(f"--platform={','.join(build.platforms)}")
    if build.builder:
        options.append(f"--builder={build.builder}")
    if not build.attestations:
        options.append("--provenance=false")
    return [str(buildx), "build", *options, "--", build.context]


def _registry_cache(attributes: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in {"type": "registry", **attributes}.items())
