"""The Configuration component: a platform's ConfigMaps and Secrets."""

from collections.abc import Mapping

import pulumi

from components.identity import component_type
from components.manifests import Manifest
from components.registration import ObjectKey, register_all
from components.workloads.arguments import ConfigurationArgs
from components.workloads.objects import configuration_objects


class Configuration(pulumi.ComponentResource):
    """The ConfigMaps and Secrets that the catalogue defines."""

    config_maps: list[str]
    """Names of the ConfigMaps."""
    secrets: list[str]
    """Names of the Secrets."""

    def __init__(self, name: str, args: ConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("workloads", "Configuration"), name, {}, opts)
        self._objects = register_all(self.manifests(name, args), parent=self)
        self.config_maps, self.secrets = sorted(args.config_maps), sorted(args.secrets)
        self.register_outputs({"config_maps": self.config_maps, "secrets": self.secrets})

    def objects(self) -> Mapping[ObjectKey, pulumi.CustomResource]:
        """Return each object by (kind, name), for whoever waits for one of them and not for all."""
        return self._objects

    @staticmethod
    def manifests(_name: str, args: ConfigurationArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return configuration_objects(args)
