"""Checks of names: everything that has one shares it with nothing else of its kind."""

from __future__ import annotations

from collections.abc import Iterator

from components.identity import claim_name, governing_service_name, scratch_volume
from components.specs.pod import ClaimedVolume, ServiceType
from components.specs.workload import WorkloadKind
from stacks.document import Document, Problem
from stacks.schema.catalogue import Catalogue, Service
from stacks.schema.stores import BROKER

Location = tuple[str | int, ...]


def name_collisions(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    """Yield every name, and every port of the node, that two things of one kind claim."""
    yield from _addresses(catalogue, document)
    yield from _secrets(catalogue, document)
    yield from _claims(catalogue, document)
    yield from _node_ports(catalogue, document)
    for name, service in catalogue.services.items():
        yield from _inside_the_pod(name, service, document)


def _addresses(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    """Services, stores, external hosts and the broker share one list of names, and so do all Services they make."""
    owners: dict[str, str] = {BROKER: "the broker"} if catalogue.streams else {}
    places: list[tuple[Location, str]] = [
        ((section, name), name)
        for section in ("services", "stores", "external")
        for name in getattr(catalogue, section)
    ]
    # The Services that a service makes beside the one of its own name come last, so that the plain name wins.
    for name, service in catalogue.services.items():
        own = service.service.name or name
        if own != name:
            places.append((("services", name, "service", "name"), own))
        if service.kind is WorkloadKind.STATEFUL_SET and not service.service.headless:
            places.append((("services", name, "kind"), governing_service_name(own)))
    for location, name in places:
        if name in owners:
            yield _taken(name, location, owners[name], catalogue, document)
        owners.setdefault(name, ".".join(map(str, location)))


def _taken(name: str, location: Location, owner: str, catalogue: Catalogue, document: Document) -> Problem:
    if location[-1] == "kind":
        return document.problem(
            ("services", name) if name in catalogue.services else location,
            f"has the name of the headless Service behind the StatefulSet {location[1]!r}",
            consequence="the two Services would overwrite each other",
            fix="rename one of the two",
        )
    if location[0] == "services" and len(location) > 2:
        return document.problem(
            location,
            f"is taken by {owner}",
            consequence="two Services of one name would overwrite each other",
            fix="choose another name",
        )
    return document.problem(
        location,
        f"has the name of {owner}",
        consequence="their variables and Services would overwrite each other",
        fix="rename one of the two",
    )


def _secrets(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    for name in catalogue.secrets:
        if name in catalogue.stores or (name == BROKER and catalogue.streams):
            yield document.problem(
                ("secrets", name),
                f"has the name of the Secret with the credentials of {'the broker' if name == BROKER else 'a store'}",
                consequence="one of the two would replace the other",
                fix="rename it",
            )


def _claims(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, service in catalogue.services.items():
        for key, volume in service.volumes.items():
            if not isinstance(volume, ClaimedVolume) or service.kind is WorkloadKind.STATEFUL_SET:
                continue
            claim = claim_name(name, key)
            if claim in owners:
                yield document.problem(
                    ("services", name, "volumes", key),
                    f"makes the claim {claim!r}, as {owners[claim]} does",
                    consequence="both would write to one volume",
                    fix="rename one of the two volumes",
                )
            owners.setdefault(claim, f"services.{name}.volumes.{key}")


def _node_ports(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    owners: dict[tuple[int, str], str] = {}
    for name, service in catalogue.services.items():
        if service.service.type is ServiceType.CLUSTER_IP:
            continue
        for where, container in service.places():
            for key, port in container.ports.items():
                if port.node_port is None:
                    continue
                number = (port.node_port, port.protocol.value)
                if number in owners:
                    yield document.problem(
                        ("services", name, *where, "ports", key, "node-port"),
                        f"is the port of the node that {owners[number]} has",
                        consequence="Kubernetes refuses the second of the two Services",
                        fix="choose another one, or leave it to Kubernetes",
                    )
                owners.setdefault(number, name)


def _inside_the_pod(name: str, service: Service, document: Document) -> Iterator[Problem]:
    for where, _ in service.places():
        if where and where[-1] == name:
            yield document.problem(
                ("services", name, *where),
                "has the name of the service's main container",
                consequence="Kubernetes refuses the Pod",
                fix="rename it",
            )
        scratch = scratch_volume(where[-1] if where else name)
        if scratch in service.volumes:
            yield document.problem(
                ("services", name, "volumes", scratch),
                "has the name of the volume that a container gets for its /tmp",
                consequence="Kubernetes refuses the Pod",
                fix="rename it; to give /tmp another volume, mount one there",
            )
