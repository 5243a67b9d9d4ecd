"""The Workload component."""

import pulumi

from components.identity import component_type
from components.manifests import Manifest
from components.registration import register_all
from components.workloads.arguments import NamedWorkload, WorkloadArgs
from components.workloads.objects import workload_objects
from components.workloads.services import exposed_ports, service_name


class Workload(pulumi.ComponentResource):
    """One addressable service or worker: ServiceAccount, controllers, Services, autoscaler, budget, NetworkPolicy."""

    service_name: pulumi.Output[str] | None
    """The name of its Service, known once that exists; None for a workload without ports."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("workloads", "Workload"), name, {}, opts)
        objects = register_all(self.manifests(name, args), parent=self)
        workload = NamedWorkload(name, args)
        service = service_name(workload)
        self.service_name = (
            objects["Service", service].urn.apply(lambda _: service) if exposed_ports(workload) else None
        )
        self.register_outputs({"service_name": self.service_name})

    @staticmethod
    def manifests(name: str, args: WorkloadArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return workload_objects(name, args)
