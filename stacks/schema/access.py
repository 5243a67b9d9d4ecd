"""Checks of who may come in at the edge: issuers of tokens, and the role table."""

from collections.abc import Iterator

from components.mesh.roles import role_access, role_findings
from stacks.document import Document, Problem
from stacks.schema.catalogue import Catalogue
from stacks.schema.suggestions import suggestion


def access_problems(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    """Yield issuers that nobody has declared, and rules that let nobody in."""
    asking = {name: service.edge for name, service in catalogue.services.items() if service.edge and service.edge.auth}
    for name, edge in asking.items():
        if edge.auth not in catalogue.authentication:
            yield document.problem(
                ("services", name, "edge", "auth"),
                "is no issuer of the catalogue",
                consequence="no token could be verified",
                fix=f"add authentication.{edge.auth}, or correct the name: "
                + suggestion(edge.auth or "", list(catalogue.authentication)),
            )
        if not catalogue.roles:
            yield document.problem(
                ("services", name, "edge", "auth"),
                "asks for a role, and there is no role table",
                consequence="every request would be refused",
                fix="add roles, e.g. user: ['GET /api/user/**'], or drop 'auth'",
            )
    if catalogue.roles and not asking:
        yield document.problem(
            ("roles",),
            "hold nowhere, as no edge has 'auth'",
            consequence="everybody may send everything, and whoever reads the table believes otherwise",
            fix="add 'auth' with an issuer of 'authentication' to an edge, or drop the table",
        )
        return
    yield from _rules(catalogue, [path for edge in asking.values() for path in edge.paths], document)


def _rules(catalogue: Catalogue, protected: list[str], document: Document) -> Iterator[Problem]:
    told = set()
    for location, error in role_findings(catalogue.roles):
        told.add(location)
        words = error.context or {}
        yield document.problem(
            ("roles", *location), words["message"], consequence=words["consequence"], fix=words["fix"]
        )
    for role, texts in catalogue.roles.items():
        for position, text in enumerate(texts):
            pattern = role_access(role, text).path
            if (role, position) not in told and not any(map(pattern.below, protected)):
                yield document.problem(
                    ("roles", role, position),
                    f"is about no path that asks for a role ({', '.join(protected)})",
                    consequence="it lets nobody in anywhere",
                    fix="correct the path, or drop the rule",
                )
