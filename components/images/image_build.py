"""The ImageBuild component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi

from components.identity import component_type

if TYPE_CHECKING:
    from components.manifests import Manifest
    from components.specs.images import ImageBuildSpec

CA_BUNDLE: Final = "ca-bundle"
"""The build secret with further CA certificates: ``RUN --mount=type=secret,id=ca-bundle``."""
DOCKER: Final = "docker"
DOCKER_BUILD: Final = "docker-build"


@dataclass(frozen=True, kw_only=True)
class RegistryLogin:
    """Who pushes; both secret in the state."""

    username: pulumi.Input[str]
    password: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ImageBuildArgs:
    """What an ImageBuild takes."""

    spec: ImageBuildSpec
    login: RegistryLogin | None = None
    """For the registry; the machine's own ``docker login`` where absent."""
    certificates: pulumi.Input[str] | None = None
    """Further CA certificates, as PEM, that build stages trust; secret in the state, and in no image."""

    @property
    def package(self) -> str:
        """The Pulumi package that builds it.

        ``docker`` builds for one platform, with the engine's own builder. For all else (several platforms, a chosen
        builder, build secrets, a cache in the registry, provenance) it takes ``docker-build``, which is not at 1.0 yet.
        """
        spec = self.spec
        more = len(spec.platforms) > 1 or spec.builder or spec.registry_cache or spec.provenance
        return DOCKER_BUILD if more or self.certificates is not None else DOCKER


class ImageBuild(pulumi.ComponentResource):
    """One service's image: built, and pushed into a registry or loaded into the engine's store."""

    reference: pulumi.Output[str]
    """What a Pod names: with the registry's digest where the image was pushed, by its tag where it was loaded."""

    def __init__(self, name: str, args: ImageBuildArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("images", "ImageBuild"), name, {}, opts)
        build = _docker if args.package == DOCKER else _docker_build
        # Another stack, and a rollback of this one, may still run what was pushed: the registry's own rules clean up.
        image, digest = build(name, args, pulumi.ResourceOptions(parent=self, retain_on_delete=True))
        reference = args.spec.reference
        self.reference = (
            digest.apply(lambda found: _pinned(reference, found))
            if args.spec.push
            else image.urn.apply(lambda _: reference)
        )
        self.register_outputs({"reference": self.reference})

    @staticmethod
    def manifests(_name: str, _args: ImageBuildArgs) -> list[Manifest]:
        """Return the Kubernetes objects of the component: an image is none."""
        return []


_Built = tuple[pulumi.CustomResource, pulumi.Output[str]]
"""An image, and its digest once it was pushed."""


def _pinned(reference: str, digest: str | None) -> str:
    """Add a digest to a reference; ``digest`` may stand behind a name, as in ``users@sha256:…``."""
    found = (digest or "").rpartition("@")[2]
    if not found:
        if pulumi.runtime.is_dry_run():
            return reference  # an empty text may stand for "not built yet"
        raise pulumi.RunError(f"{reference} was pushed, but the provider names no digest to hold the Pods to")
    return f"{reference}@{found}"


def _docker(name: str, args: ImageBuildArgs, options: pulumi.ResourceOptions) -> _Built:
    # Here, since a program that builds nothing should not spend the time.
    import pulumi_docker

    spec, login = args.spec, args.login
    image = pulumi_docker.Image(
        name,
        options,
        image_name=spec.reference,
        build={
            "context": spec.context,
            "dockerfile": spec.dockerfile,
            "args": spec.arguments,
            "platform": spec.platforms[0].value,
            "builder_version": pulumi_docker.BuilderVersion.BUILDER_BUILD_KIT,
        },
        build_on_preview=False,
        registry={
            "server": spec.host,
            "username": pulumi.Output.secret(login.username),
            "password": pulumi.Output.secret(login.password),
        }
        if login
        else None,
        skip_push=not spec.push,
    )
    return image, image.repo_digest


def _docker_build(name: str, args: ImageBuildArgs, options: pulumi.ResourceOptions) -> _Built:
    import pulumi_docker_build

    spec, login, certificates = args.spec, args.login, args.certificates
    image = pulumi_docker_build.Image(
        name,
        options,
        tags=[spec.reference],
        context={"location": spec.context},
        dockerfile={"location": spec.dockerfile},
        build_args=spec.arguments,
        platforms=[pulumi_docker_build.Platform(platform) for platform in spec.platforms],
        build_on_preview=False,
        push=spec.push,
        load=not spec.push,
        builder={"name": spec.builder} if spec.builder else None,
        registries=[
            {
                "address": spec.host,
                "username": pulumi.Output.secret(login.username),
                "password": pulumi.Output.secret(login.password),
            }
        ]
        if login
        else None,
        secrets={CA_BUNDLE: pulumi.Output.secret(certificates)} if certificates is not None else None,
        # Another machine's certificates build the same image.
        ignore_secrets_in_diff_calculation=[CA_BUNDLE] if certificates is not None else None,
        cache_from=[{"registry": {"ref": spec.cache}}] if spec.registry_cache else None,
        cache_to=[{"registry": {"ref": spec.cache, "mode": pulumi_docker_build.CacheMode.MAX}}]
        if spec.registry_cache
        else None,
        # The buildx binary attaches provenance by itself; the provider has no input for it
        # (https://github.com/pulumi/pulumi-docker-build/issues/73).
        exec_=True if spec.provenance else None,
    )
    return image, image.digest
