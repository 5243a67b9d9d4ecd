"""What the agents on the nodes may ask the Kubernetes API."""

import msgspec
import pulumi
from lightkube.models import meta_v1, rbac_v1

from components import identity
from components.manifests import Manifest, manifest
from components.observability.arguments import ObservabilityArgs
from components.observability.log_agents.config import agent_settings
from components.observability.names import AGENTS, access_name
from components.registration import register_all
from components.resources.rights import account, granted


class NodeAgentAccess(pulumi.ComponentResource):
    """Rights at the Pods of the namespaces whose logs are read, and of no other: an agent looks up their labels.

    The Collector asks for the Pods of its own node alone. RBAC knows no nodes, so it could ask for those of others.
    """

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(identity.component_type("observability", "NodeAgentAccess"), name, {}, opts)
        register_all(self.manifests(name, args), parent=self)
        self.register_outputs({})

    @staticmethod
    def manifests(_name: str, args: ObservabilityArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return node_agent_access_objects(args)


def agent_name(args: ObservabilityArgs) -> str:
    """Return the name of the agents' workload. Raises ValueError where the environment collects no logs."""
    return AGENTS[agent_settings(args).agent]


def node_agent_access_objects(args: ObservabilityArgs) -> list[Manifest]:
    """Build a role in each namespace that is read, and its binding to the agents' account."""
    logs, agent = agent_settings(args), agent_name(args)
    name, labels = access_name(args, agent), identity.labels(agent, part_of=args.part_of)
    rule = rbac_v1.PolicyRule(apiGroups=[""], resources=["pods"], verbs=["get", "list", "watch"])
    built: list[msgspec.Struct] = []
    for namespace in args.namespaces:
        # The engine tells objects of a component apart by kind and name.
        own = name if namespace == args.namespace else f"{name}-at-the-edge"
        metadata = meta_v1.ObjectMeta(name=own, namespace=namespace, labels=labels)
        built += granted(metadata, [rule], account(agent, logs.namespace))
    return [manifest(model) for model in built]
