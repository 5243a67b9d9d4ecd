"""Who may reach whom, as derived from the catalogue: what the network policies of one workload allow."""

from dataclasses import dataclass

from components.specs.ports import Protocol


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of a connection: Pods by labels, a namespace, or addresses."""

    pod_labels: tuple[tuple[str, str], ...] = ()
    """Labels that the Pods carry; empty for every Pod of the namespace."""
    namespace: str | None = None
    """The namespace's name; None for the workload's own."""
    cidrs: tuple[str, ...] = ()
    """Address ranges outside the cluster; they exclude the two fields above."""


@dataclass(frozen=True, slots=True)
class OpenPort:
    """A port of the Pods on the receiving side."""

    number: int
    protocol: Protocol = Protocol.TCP


@dataclass(frozen=True, slots=True)
class Opening:
    """One connection that is allowed."""

    peer: Peer
    ports: tuple[OpenPort, ...]


@dataclass(frozen=True, slots=True)
class Connections:
    """All connections of a workload; whatever is not here is denied."""

    ingress: tuple[Opening, ...] = ()
    egress: tuple[Opening, ...] = ()
