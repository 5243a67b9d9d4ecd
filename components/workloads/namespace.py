"""The Namespace component."""

import pulumi

from components.identity import component_type
from components.manifests import Manifest
from components.registration import register
from components.workloads.arguments import NamespaceArgs
from components.workloads.objects import namespace_objects


class Namespace(pulumi.ComponentResource):
    """A namespace that denies by default: Pod Security labels, quota, limit range, default NetworkPolicies."""

    name: pulumi.Output[str]
    """The namespace's name, known once it exists."""

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("workloads", "Namespace"), name, {}, opts)
        namespace, *inside = self.manifests(name, args)
        created = register(namespace, parent=self)
        for body in inside:
            register(body, parent=self, depends_on=[created])
        self.name = created.urn.apply(lambda _: args.spec.name)
        self.register_outputs({"name": self.name})

    @staticmethod
    def manifests(_name: str, args: NamespaceArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return namespace_objects(args)
