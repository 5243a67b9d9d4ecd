"""The parts of a platform that run on its nodes, in a namespace of their own, and what comes before each."""

from collections.abc import Mapping
from typing import Any

from components.mesh.egress import Egress
from components.mesh.security import MeshSecurity
from components.observability.arguments import ObservabilityArgs
from components.observability.log_agents.access import NodeAgentAccess
from components.workloads.arguments import ConfigurationArgs, NamespaceArgs, WorkloadArgs
from components.workloads.configuration import Configuration
from components.workloads.group import Group
from components.workloads.namespace import Namespace
from components.workloads.workload import Workload
from stacks.parts import Part, part_key
from stacks.schema.platform import NodeAgents


def agents_namespace_parts(namespace: NamespaceArgs, platform: str) -> list[Part]:
    """Return the namespace, behind the platform's own: others have rights in it, so it comes before them."""
    group = Part(Group, namespace.spec.name, None, after=(platform,))
    return [group, Part(Namespace, namespace.spec.name, namespace, after=(platform,), group=group.key)]


def node_agent_parts(
    agents: NodeAgents,
    watching: ObservabilityArgs,
    configuration: ConfigurationArgs,
    checksums: Mapping[tuple[str, str], Any],
) -> list[Part]:
    """Return what stands in that namespace. It comes last: each part waits for others as a whole, as they are small."""
    space, group = agents.namespace.name, part_key(Group, agents.namespace.name)
    namespaces = part_key(Namespace, watching.namespace), part_key(Namespace, space)
    before = [Part(Configuration, space, configuration, after=namespaces, group=group)]
    if agents.mesh is not None:
        before += [Part(one, space, agents.mesh, after=namespaces, group=group) for one in (MeshSecurity, Egress)]
    before.append(Part(NodeAgentAccess, watching.part_of, watching, after=namespaces))
    parts = list(before)
    for name, workload in agents.workloads.items():
        args = WorkloadArgs(
            spec=workload.spec,
            namespace=space,
            part_of=watching.part_of,
            team=workload.team,
            connections=workload.connections,
            environment=workload.environment,
            checksums=checksums,
        )
        parts.append(Part(Workload, name, args, after=(*namespaces, *(one.key for one in before)), group=group))
    return parts
