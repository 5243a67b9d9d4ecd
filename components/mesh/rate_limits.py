"""The RateLimits component."""

import pulumi

from components.identity import component_type
from components.manifests import Manifest
from components.mesh.arguments import MeshArgs
from components.mesh.rate_limit_filters import rate_limit_filters
from components.registration import register_all


class RateLimits(pulumi.ComponentResource):
    """The limits of all workloads, in the proxies that enforce them. Global ones also need the rate-limit service."""

    filters: list[str]
    """Names of the EnvoyFilters."""

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("mesh", "RateLimits"), name, {}, opts)
        self.filters = sorted(found for _, found in register_all(self.manifests(name, args), parent=self))
        self.register_outputs({"filters": self.filters})

    @staticmethod
    def manifests(_name: str, args: MeshArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return rate_limit_filters(args)
