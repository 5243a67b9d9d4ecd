"""A service behind a real proxy: its generated objects, translated, in front of real servers."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.manifests import Manifest
from components.mesh.arguments import Caller, MeshArgs, MeshedWorkload, MeshPort, ReleaseVersion
from components.mesh.service_routing import ServiceRouting
from components.specs.mesh.resilience import Resilience
from tests.components.mesh.whole_shop import NAMESPACE, settings, shop
from tests.integration.mesh.envoy import Envoy, listener, running
from tests.integration.mesh.servers import Server
from tests.integration.mesh.translation.clusters import clusters
from tests.integration.mesh.translation.routes import route_configuration

CONTRACT = "shop.orders.v1.OrderService"


def service(
    protocol: str = "http", versions: Mapping[str, ReleaseVersion] | None = None, **resilience: Any
) -> MeshedWorkload:
    """A service called orders, whose resilience is written as in the catalogue."""
    return MeshedWorkload(
        name="orders",
        service_account="orders",
        service="orders",
        ports={protocol: MeshPort(number=8080, service_port=8080, protocol=protocol)},
        contract=CONTRACT if protocol == "grpc" else None,
        callers=(Caller(service_account="gateway", namespace=NAMESPACE, port=protocol),),
        resilience=Resilience.model_validate(resilience),
        versions=versions or {},
    )


def args_of(workload: MeshedWorkload) -> MeshArgs:
    """A mesh with this service in it, in one place: all servers are on this machine."""
    return shop(workload, mesh=settings(locality=None))


def routing_objects(workload: MeshedWorkload) -> tuple[Manifest, Manifest]:
    """Return the VirtualService and the DestinationRule that the component makes of it."""
    made = {body["kind"]: body for body in ServiceRouting.manifests(workload.name, args_of(workload))}
    return made["VirtualService"], made["DestinationRule"]


@contextmanager
def proxied(folder: Path, workload: MeshedWorkload, servers: Mapping[str, Sequence[Server]]) -> Generator[Envoy]:
    """Run the proxy of a caller. `servers` are those of each version, or of all under ``""``."""
    with running_caller(folder, workload, *routing_objects(workload), servers) as envoy:
        yield envoy


@contextmanager
def running_caller(
    folder: Path,
    workload: MeshedWorkload,
    virtual_service: Manifest,
    rule: Manifest,
    servers: Mapping[str, Sequence[Server]],
) -> Generator[Envoy]:
    """Run the proxy of a caller with a VirtualService and a DestinationRule."""
    ((_, port),) = workload.ports.items()
    ports = {version: [server.port for server in of_version] for version, of_version in servers.items()}
    routes = route_configuration(virtual_service, rule, port.service_port)
    upstream = clusters(rule, port.service_port, ports, http2=port.protocol == "grpc")
    with running(folder, [listener("calls", routes)], upstream) as envoy:
        yield envoy
