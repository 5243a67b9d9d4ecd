"""Checks of the catalogue against itself: every name that it mentions exists, and nothing claims what another has."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Final

from components.specs.ports import APP_PROTOCOLS, app_protocol
from stacks.document import Document, Problem
from stacks.schema.access import access_problems
from stacks.schema.catalogue import Call, Catalogue, Service
from stacks.schema.configuration_references import reference_problems, service_references
from stacks.schema.dependencies import called_port
from stacks.schema.names import name_collisions
from stacks.schema.suggestions import suggestion


def catalogue_problems(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    """Yield everything in the catalogue that does not go together."""
    for name, service in catalogue.services.items():
        yield from _calls(name, service, catalogue, document)
        yield from _uses(name, service, catalogue, document)
        yield from _streams(name, service, catalogue, document)
        yield from reference_problems(service_references(service), ("services", name), catalogue, document)
    yield from name_collisions(catalogue, document)
    yield from _edges(catalogue, document)
    yield from access_problems(catalogue, document)
    yield from _start_up(catalogue, document)


def _calls(name: str, service: Service, catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    for callee, call in service.calls.items():
        where = ("services", name, "calls", callee)
        if callee not in catalogue.services:
            known = [other for other in catalogue.services if other != name]
            yield document.problem(
                where,
                f"calls the service {callee!r}, which does not exist",
                consequence=f"{name} would start with the address of nothing, and no policy could open the way",
                fix=f"add services.{callee} or correct the name: {suggestion(callee, known)}",
            )
        elif callee == name:
            yield document.problem(
                where,
                "calls itself",
                consequence="it could only start after itself",
                fix="drop the call: what a service does within itself needs no address",
            )
        else:
            yield from _called_port(where, callee, catalogue.services[callee], call, document)


_NOT_GRPC: Final = (None, *(protocol for protocol in APP_PROTOCOLS.values() if protocol != "grpc"))


def _called_port(
    where: tuple[str | int, ...], callee: str, service: Service, call: Call, document: Document
) -> Iterator[Problem]:
    found = called_port(service, call)
    if found is None:
        exposed = (port for port, one in service.ports.items() if one.exposed)
        ports = ", ".join(exposed) or "none"
        yield document.problem(
            where,
            f"calls port {call.port!r} of {callee}, which has none of that name"
            if call.port
            else f"calls {callee}, which has no port",
            consequence="there is nothing that the caller could connect to",
            fix=f"name a port that {callee} exposes (it has: {ports}), or drop the call",
        )
    elif call.methods and (service.contract is None or app_protocol(*found) in _NOT_GRPC):
        yield document.problem(
            where,
            f"names methods, and {callee} has no contract"
            if service.contract is None
            else f"names methods, and port {found[0]} of {callee} speaks no gRPC",
            consequence="no policy could tell one method from another, as their paths begin with the contract's name",
            fix=f"add 'contract' to services.{callee}, e.g. shop.users.v1.UserService, or drop the methods"
            if service.contract is None
            else "call its gRPC port, or drop the methods",
        )


def _uses(name: str, service: Service, catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    known = [*catalogue.stores, *catalogue.external]
    for index, used in enumerate(service.uses):
        if used not in known:
            is_service = used in catalogue.services
            yield document.problem(
                ("services", name, "uses", index),
                f"uses {used!r}, which is {'a service' if is_service else 'neither a store nor an external host'}",
                consequence=f"{name} would start without its address and credentials",
                fix=f"move it to calls: [{used}]"
                if is_service
                else f"add it to stores or external: {suggestion(used, known)}",
            )


def _streams(name: str, service: Service, catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    places: list[tuple[str, str | int, str]] = [
        ("publishes", index, subject) for index, subject in enumerate(service.publishes)
    ]
    places += [("consumes", subject, subject) for subject in service.consumes]
    for field, key, text in places:
        stream_name, _, subject = text.partition("/")
        stream = catalogue.streams.get(stream_name)
        if stream is None:
            yield document.problem(
                ("services", name, field, key),
                f"names the stream {stream_name!r}, which does not exist",
                consequence="its messages would be kept by nobody",
                fix=f"add streams.{stream_name} or correct the name: "
                + suggestion(stream_name, list(catalogue.streams)),
            )
        elif not any(subject_matches(pattern, subject) for pattern in stream.subjects):
            yield document.problem(
                ("services", name, field, key),
                f"names the subject {subject!r}, which {stream_name} does not keep",
                consequence="the stream would never see these messages",
                fix=f"add it to streams.{stream_name}.subjects (now {', '.join(stream.subjects)})",
            )


def subject_matches(pattern: str, subject: str) -> bool:
    """Whether every message of a subject is one of a pattern's; ``*`` is one token, ``>`` one or more at the end."""
    wanted, given = pattern.split("."), subject.split(".")
    for index, part in enumerate(wanted):
        if part == ">":
            return len(given) > index
        if index >= len(given) or given[index] == ">" or part not in ("*", given[index]):
            return False
    return len(wanted) == len(given)


def _edges(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    owners: dict[tuple[str, str], str] = {}
    for name, service in catalogue.services.items():
        for index, path in enumerate(service.edge.paths if service.edge else ()):
            place = (service.edge.host if service.edge else "", path.rstrip("/") or "/")
            if place in owners:
                yield document.problem(
                    ("services", name, "edge", "paths", index),
                    f"on host {place[0]!r} is already the path of {owners[place]}",
                    consequence="requests would reach one of the two services by chance",
                    fix="give one of them another path or host",
                )
            owners.setdefault(place, name)


def _start_up(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    waits = {
        name: [
            callee
            for callee, call in service.calls.items()
            if not call.optional and callee in catalogue.services and callee != name
        ]
        for name, service in catalogue.services.items()
    }
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        # graphlib names each service behind the one that waits for it; a reader follows the calls.
        cycle = [str(name) for name in reversed(error.args[1])]
        yield document.problem(
            ("services", cycle[0], "calls", cycle[1]),
            f"closes a circle of services that wait for each other: {' → '.join(cycle)}",
            consequence="none of them could start first",
            fix="mark one of these calls 'optional: true' and let the caller answer without it",
        )
