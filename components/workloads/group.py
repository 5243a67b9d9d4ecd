"""The Group component."""

import pulumi

from components.identity import component_type
from components.manifests import Manifest


class Group(pulumi.ComponentResource):
    """Components that belong together and make nothing by itself: a second namespace has objects of the first's names.

    Pulumi tells resources apart by their types, their names, and the types of their parents.
    """

    def __init__(self, name: str, _args: None = None, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("workloads", "Group"), name, {}, opts)
        self.register_outputs({})

    @staticmethod
    def manifests(_name: str, _args: None) -> list[Manifest]:
        """Return no object: a group has none."""
        return []
