"""Services: how the Pods are found."""

from lightkube.models import core_v1

from components import identity
from components.specs.pod import ServiceSettings
from components.specs.ports import Port, app_protocol
from components.specs.workload import WorkloadKind
from components.workloads.arguments import NamedWorkload


def exposed_ports(workload: NamedWorkload) -> dict[str, Port]:
    """Return the ports that the workload's Service carries, of all its containers."""
    return {name: port for part in workload.spec.every_container for name, port in part.ports.items() if port.exposed}


def service_name(workload: NamedWorkload) -> str:
    """Return the name of the workload's Service."""
    return workload.spec.service.name or workload.name


def governing_service_name(workload: NamedWorkload) -> str:
    """Return the headless Service that names a StatefulSet's Pods: its own Service where that is headless."""
    own = service_name(workload)
    return own if workload.spec.service.headless else identity.governing_service_name(own)


def services(workload: NamedWorkload) -> list[core_v1.Service]:
    """Build the workload's Services: none for a worker without ports, and a second, headless one for a StatefulSet."""
    ports, settings = exposed_ports(workload), workload.spec.service
    built = []
    if ports:
        metadata = workload.metadata(service_name(workload))
        metadata.annotations = {**(metadata.annotations or {}), **settings.annotations} or None
        balanced = settings.type.value == "LoadBalancer"
        built.append(
            core_v1.Service(
                apiVersion="v1",
                kind="Service",
                metadata=metadata,
                spec=core_v1.ServiceSpec(
                    type=settings.type.value,
                    clusterIP="None" if settings.headless else None,
                    selector=identity.selector(workload.name),
                    ports=[_port(name, port) for name, port in ports.items()],
                    sessionAffinity=_affinity(settings),
                    externalTrafficPolicy=settings.external_traffic,
                    loadBalancerSourceRanges=list(settings.source_ranges) or None if balanced else None,
                ),
            )
        )
    if workload.spec.kind is WorkloadKind.STATEFUL_SET and not (ports and settings.headless):
        built.append(
            core_v1.Service(
                apiVersion="v1",
                kind="Service",
                metadata=workload.metadata(governing_service_name(workload)),
                spec=core_v1.ServiceSpec(
                    clusterIP="None",
                    selector=identity.selector(workload.name),
                    sessionAffinity="None",
                    ports=[_port(name, port) for name, port in ports.items()] or None,
                    # Replicas of a store look each other up before any of them is ready.
                    publishNotReadyAddresses=True,
                ),
            )
        )
    return built


def _affinity(settings: ServiceSettings) -> str | None:
    # The API server warns of a headless Service that leaves it open.
    return "ClientIP" if settings.session_affinity else "None" if settings.headless else None


def _port(name: str, port: Port) -> core_v1.ServicePort:
    return core_v1.ServicePort(
        name=name,
        port=port.service_port or port.number,
        targetPort=name,
        protocol=port.protocol.value,
        nodePort=port.node_port,
        appProtocol=app_protocol(name, port),
    )
