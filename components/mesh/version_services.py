"""Services of single versions: how an HTTPRoute tells versions apart, as the Gateway API knows no subsets. Pure."""

from lightkube.models import core_v1, meta_v1

from components import identity
from components.mesh.arguments import MeshedWorkload
from components.mesh.routes import RoutedService
from components.specs.mesh.settings import Mesh, RoutingApi


def version_services(settings: Mesh, workload: MeshedWorkload) -> dict[str, str]:
    """Return the name of each version's own Service; none where versions are subsets, or where there is only one.

    Whoever limits what a proxy knows must let callers know these too: an HTTPRoute sends them there.
    """
    if settings.routing_api is RoutingApi.ISTIO or workload.service is None:
        return {}
    return {track: identity.version_service_name(workload.service, track) for track in workload.versions}


def version_service_objects(service: RoutedService) -> list[core_v1.Service]:
    """Build the Services of a service's versions, with the ports that routes can lead to."""
    return [
        core_v1.Service(
            apiVersion="v1",
            kind="Service",
            metadata=meta_v1.ObjectMeta(**service.metadata(name)),
            spec=core_v1.ServiceSpec(
                type="ClusterIP",
                selector=identity.selector(service.workload.name, track=track),
                ports=[
                    core_v1.ServicePort(
                        name=port_name,
                        port=port.service_port,
                        targetPort=port_name,
                        protocol="TCP",
                        appProtocol=port.protocol,
                    )
                    for port_name, port in service.routed_ports.items()
                ],
            ),
        )
        for track, name in version_services(service.args.settings, service.workload).items()
    ]
