"""The one composition: which components make up a platform, and in which order.

``deploy`` turns it into resources, ``render`` into manifests; neither repeats the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pulumi
from pulumi_kubernetes import Provider

from components.images.image_build import DOCKER, DOCKER_BUILD, ImageBuild, ImageBuildArgs, RegistryLogin
from components.manifests import Manifest
from components.mesh.names import WAYPOINT
from components.mesh.security import MeshSecurity
from components.registration import ObjectKey
from components.workloads.arguments import ConfigurationArgs, GuestPods, NamespaceArgs, SecretArgs, WorkloadArgs
from components.workloads.configuration import Configuration
from components.workloads.namespace import Namespace
from components.workloads.objects import config_checksum, content_checksum
from components.workloads.pods import configuration_read
from components.workloads.workload import Workload
from stacks.mesh_parts import control_plane_parts, denials, policy_parts, route_parts
from stacks.node_agent_parts import agents_namespace_parts, node_agent_parts
from stacks.observability_parts import metrics_api_parts, observability_parts, rights_of
from stacks.parts import Part, part_key
from stacks.schema.environment import ClusterTarget, SecretsFrom, Target
from stacks.schema.images import LOGIN_KEYS
from stacks.schema.mesh_network import WAYPOINT_LABELS
from stacks.schema.platform import NodeAgents, Platform

HIDDEN: Final = "hidden: render writes no secrets"
"""What a rendered Secret holds in place of each value, and what stands in place of its checksum."""
Secrets = Mapping[str, Mapping[str, pulumi.Input[str]]]
"""Secret → key → value."""


@dataclass(frozen=True)
class Exports:
    """What a stack tells those who ask it."""

    target: str
    """Where the platform is: a cluster's context, or a folder of manifests."""
    namespace: pulumi.Output[str]
    services: dict[str, pulumi.Output[str]] = field(default_factory=dict)
    """Workload → its address inside the cluster."""
    images: dict[str, pulumi.Output[str]] = field(default_factory=dict)
    """Service → its image, as this stack has built it: with its digest where it was pushed."""


def compose(platform: Platform, secrets: Secrets) -> list[Part]:
    """Return the platform's parts, each behind those that it waits for. An image has the name of its workload.

    A workload waits for the ConfigMaps and Secrets that it reads, not for all: a dependency on the whole Configuration
    would name each of its objects in each workload, and cost the square of the platform's size.
    """
    space, name = platform.namespace.name, platform.name
    configuration = _configuration(platform, platform, secrets)
    checksums = _checksums(configuration)
    mesh, watching, agents = platform.mesh, platform.observability, platform.node_agents
    first = control_plane_parts(mesh, watching)
    namespace = Part(Namespace, space, _namespace(platform, platform), after=tuple(part.key for part in first))
    base = Part(Configuration, name, configuration, after=(namespace.key,))
    parts = [*first, namespace, base, *_image_builds(platform, secrets)]
    parts += policy_parts(mesh, namespace.key) if mesh else []
    beside = agents_namespace_parts(_namespace(platform, agents), namespace.key) if agents else []
    parts += beside
    spaces = (namespace.key, *(part.key for part in beside))
    parts += observability_parts(watching, spaces) if watching else []
    for key, workload in platform.workloads.items():
        args = WorkloadArgs(
            spec=workload.spec,
            namespace=space,
            part_of=name,
            team=workload.team,
            connections=workload.connections,
            environment=workload.environment,
            checksums=checksums,
            pull_secrets=workload.pull_secrets,
        )
        reads = [_object_key(one) for one in configuration_read(args) if one in checksums]
        waits_for = [*(denials() if mesh else ()), *(part_key(Workload, other) for other in workload.after)]
        waits_for += rights_of(watching, key) if watching else ()
        parts.append(Part(Workload, key, args, after=(namespace.key, *reads, *waits_for)))
    parts += metrics_api_parts(watching, namespace.key) if watching else []
    parts += route_parts(mesh, namespace.key) if mesh else ()
    if agents and watching:
        theirs = _configuration(platform, agents, secrets)
        parts += node_agent_parts(agents, watching, theirs, _checksums(theirs))
    return parts


def _namespace(platform: Platform, inside: Platform | NodeAgents) -> NamespaceArgs:
    ways = inside.waypoint
    guests = {WAYPOINT: GuestPods(labels=WAYPOINT_LABELS, connections=ways)} if ways else {}
    return NamespaceArgs(spec=inside.namespace, part_of=platform.name, guests=guests)


def _configuration(platform: Platform, inside: Platform | NodeAgents, secrets: Secrets) -> ConfigurationArgs:
    made = inside.secrets if platform.secrets_from is SecretsFrom.STACK else {}
    return ConfigurationArgs(
        namespace=inside.namespace.name,
        part_of=platform.name,
        config_maps=inside.config_maps,
        secrets={key: SecretArgs(type=secret.type, data=secrets[key]) for key, secret in made.items()},
    )


def _image_builds(platform: Platform, secrets: Secrets) -> list[Part]:
    """Return a part for each image that is built here. None waits for the cluster: images can be built without one."""
    images, login = platform.images, None
    if images.credentials is not None:
        supplied = secrets[images.credentials]
        login = RegistryLogin(username=supplied["username"], password=supplied["password"])
    return [
        Part(ImageBuild, name, ImageBuildArgs(spec=spec, login=login, certificates=images.certificates))
        for name, spec in images.builds.items()
    ]


def provider_packages(platform: Platform) -> tuple[str, ...]:
    """Return the Pulumi packages whose providers the program uses; one of Docker's only where an image is built."""
    return ("kubernetes", *sorted({part.args.package for part in _image_builds(platform, _hidden(platform))}))


def _object_key(key: ObjectKey) -> str:
    return "/".join(key)


def _checksums(configuration: ConfigurationArgs) -> dict[tuple[str, str], pulumi.Input[str]]:
    found: dict[tuple[str, str], pulumi.Input[str]] = {
        ("ConfigMap", name): config_checksum(data) for name, data in configuration.config_maps.items()
    }
    for name, secret in configuration.secrets.items():
        found["Secret", name] = _secret_checksum(name, secret.data)
    return found


def _secret_checksum(name: str, data: Mapping[str, pulumi.Input[str]]) -> pulumi.Input[str]:
    known = {key: value for key, value in data.items() if isinstance(value, str)}
    if known == dict(data):
        # A render hides values, and a hidden value has no checksum.
        return HIDDEN if set(known.values()) == {HIDDEN} else content_checksum(known, name=name)
    values = pulumi.Output.all(**data)
    return pulumi.Output.unsecret(values.apply(lambda found: content_checksum(found, name=name)))


def render(platform: Platform) -> list[Manifest]:
    """Return every object of the platform as it would be applied, secrets hidden.

    An image that the stack pushes is named by its tag: only the registry knows its digest, which `deploy` adds.
    """
    return [body for part in compose(platform, _hidden(platform)) for body in part.manifests()]


def _hidden(platform: Platform) -> Secrets:
    hidden = {name: dict.fromkeys(secret.keys, HIDDEN) for name, secret in platform.every_secret.items()}
    login = platform.images.credentials
    return hidden | ({login: dict.fromkeys(LOGIN_KEYS, HIDDEN)} if login else {})


def deploy(platform: Platform, secrets: Secrets, project: Path) -> Exports:
    """Register every component of the platform with Pulumi."""
    providers = {
        "kubernetes": kubernetes_provider(platform.target, project),
        **{package: docker_provider(package) for package in provider_packages(platform)[1:]},
    }
    made: dict[str, pulumi.Resource] = {}
    target = platform.target
    exports = Exports(
        target=f"context {target.context}" if isinstance(target, ClusterTarget) else f"folder {target.render_to}",
        namespace=pulumi.Output.from_input(platform.namespace.name),
    )

    def in_namespace(service: str) -> str:
        return f"{service}.{platform.namespace.name}"

    for part in compose(platform, secrets):
        package = part.args.package if part.component is ImageBuild else "kubernetes"
        options = pulumi.ResourceOptions(
            parent=made[part.group] if part.group else None,
            providers={package: providers[package]},
            depends_on=[made[key] for key in part.after],
        )
        args = part.args
        if part.component is Workload and part.name in exports.images:
            args = replace(args, image=exports.images[part.name])
        component = part.component(part.name, args, options)
        made[part.key] = component
        if isinstance(component, ImageBuild):
            exports.images[part.name] = component.reference
        if isinstance(component, Configuration | MeshSecurity):
            # Whoever waits for an object by its key is in the platform's own namespace, which comes first.
            made = {_object_key(key): one for key, one in component.objects().items()} | made
        if isinstance(component, Workload) and not part.group and component.service_name is not None:
            exports.services[part.name] = component.service_name.apply(in_namespace)
    return exports


def kubernetes_provider(target: Target, project: Path) -> Provider:
    """Return the one provider of the program: a cluster by its context, or a folder."""
    if isinstance(target, ClusterTarget):
        return Provider(
            "kubernetes",
            context=target.context,
            enable_server_side_apply=True,
            # Names are fixed, so a changed ConfigMap or Secret is updated; checksums roll the Pods that read it.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
        )
    return Provider("kubernetes", render_yaml_to_directory=str(project / target.render_to))


def docker_provider(package: str) -> pulumi.ProviderResource:
    """Return the one provider of a package that builds images, on the engine of DOCKER_HOST or of this machine."""
    # Here, since a program that builds nothing should not spend the time.
    if package == DOCKER_BUILD:
        import pulumi_docker_build

        return pulumi_docker_build.Provider(DOCKER_BUILD)
    import pulumi_docker

    return pulumi_docker.Provider(DOCKER)
