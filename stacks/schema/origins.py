"""Which of the two documents says what holds for a service, so that a problem is told where it can be mended."""

from dataclasses import dataclass

from components.specs.base import Finding, kebab_case
from stacks.document import Document, Location, Problem
from stacks.schema.environment import ROOT, Environment


@dataclass(frozen=True)
class Origins:
    """An environment, its document, and the catalogue's."""

    environment: Environment
    environment_document: Document
    catalogue_document: Document

    def of(self, service: str, field: str) -> tuple[Document, Location]:
        """Return the document that says this field of a service, and where the service stands there."""
        override, attribute = self.environment.services.get(service), field.replace("-", "_")
        # What is null here is the catalogue's.
        if override and attribute in override.model_fields_set and getattr(override, attribute) is not None:
            return self.environment_document, (*ROOT, "services", service)
        return self.catalogue_document, ("services", service)

    def problem(self, service: str, location: Location, message: str, consequence: str, fix: str) -> Problem:
        """Return a problem with a service's setting, where it is said last."""
        field, *rest = location
        document, where = self.of(service, str(field))
        return document.problem((*where, kebab_case(str(field)), *rest), message, consequence=consequence, fix=fix)

    def told(self, service: str, finding: Finding) -> Problem:
        """Return what a check of the components has found as a problem with a service's setting."""
        location, error = finding
        details = error.context or {}
        return self.problem(service, location, details["message"], details["consequence"], details["fix"])
