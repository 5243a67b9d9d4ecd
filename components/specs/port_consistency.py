"""What must hold between the containers of a workload, their ports, and its Service."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from components.faults import fault
from components.specs.pod import ServiceType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from components.specs.base import Finding
    from components.specs.workload import WorkloadSpec


def containers_and_ports_are_distinct(workload: WorkloadSpec) -> Iterator[Finding]:
    """Containers of a Pod share its list of names and its network."""
    names = Counter((*workload.init, *workload.sidecars, *workload.containers))
    for name in (name for name, count in names.items() if count > 1):
        yield (
            (),
            fault(
                f"has {names[name]} containers called {name!r}",
                consequence="Kubernetes refuses the Pod",
                fix="rename one",
            ),
        )
    ports = [(name, port) for container in workload.every_container for name, port in container.ports.items()]
    for index, (name, port) in enumerate(ports):
        for other, other_port in ports[:index]:
            if name == other or (port.number, port.protocol) == (other_port.number, other_port.protocol):
                yield (
                    (),
                    fault(
                        f"has the ports {other} ({other_port.number}) and {name} ({port.number}) in one Pod",
                        consequence="containers of a Pod share its network: the second one could not listen",
                        fix="give each port a name and a number of its own",
                    ),
                )


def service_ports_are_distinct(workload: WorkloadSpec) -> Iterator[Finding]:
    """A Service's ports have numbers of their own; only one that is reached from outside has ports of the node."""
    owners: dict[tuple[int, str], tuple[str, int]] = {}
    for where, container in workload.places():
        for name, port in container.ports.items():
            if port.node_port and workload.service.type is ServiceType.CLUSTER_IP:
                yield (
                    (*where, "ports", name, "node-port"),
                    fault(
                        "does not go with a Service of type ClusterIP",
                        consequence="Kubernetes refuses the Service",
                        fix="drop it, or make service.type NodePort or LoadBalancer",
                    ),
                )
            number = port.service_port or port.number
            owner, owners_number = owners.get((number, port.protocol), (name, port.number))
            # Two ports of one number in the Pod are another finding.
            if port.exposed and owners_number != port.number:
                yield (
                    (*where, "ports", name),
                    fault(
                        f"has the Service's port {number}, as {owner} has",
                        consequence="Kubernetes refuses the Service",
                        fix="give one of them another service-port, or say 'exposed: false'",
                    ),
                )
            elif port.exposed:
                owners[number, port.protocol] = (name, port.number)
