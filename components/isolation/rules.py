"""The core of the checklist: what a rule is, what it finds, and what may be accepted. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from components.hardening import HardenedDefault, MeshDefault, NamespaceDefault

from .objects import Objects
from .pods import Manifest, annotations_of, kind_of, name_of, namespace_of, pod_template_of

Relaxation = HardenedDefault | NamespaceDefault | MeshDefault
"""What an object may relax by an annotation whose value is the reason."""


@dataclass(frozen=True)
class Finding:
    """One place in one object that does not meet a rule: what is wrong, with its consequence, and what mends it."""

    manifest: Manifest
    path: str
    message: str
    fix: str


@dataclass(frozen=True)
class Violation:
    """A finding that nothing accepts. `namespace` is empty for cluster-scoped objects; `path` is dotted."""

    rule: int
    kind: str
    namespace: str
    name: str
    path: str
    message: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"rule {self.rule}: {self.kind} {where}: {self.path}: {self.message}. Fix: {self.fix}"


@dataclass(frozen=True)
class Accepted:
    """A finding that the team lives with. `objects` is a shell pattern over kind/namespace/name: `Deployment/shop/*`.

    Raises ValueError without a reason: an acceptance that nobody can explain is a finding that nobody sees.
    """

    rule: int
    objects: str
    reason: str
    accepted_on: date

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(
                f"rule {self.rule} is accepted for {self.objects} without a reason: say why, or delete the entry"
            )

    def covers(self, violation: Violation) -> bool:
        """Whether this entry speaks of the violation's rule and object."""
        described = f"{violation.kind}/{violation.namespace}/{violation.name}"
        return self.rule == violation.rule and fnmatchcase(described, self.objects)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of the checklist, or a part of one: rules share a number where each has a relaxation of its own."""

    number: int
    title: str
    source: str
    find: Callable[[Objects], Iterable[Finding]]
    relaxation: Relaxation | None = None
    production_only: bool = False

    def violations(self, objects: Objects) -> Iterable[Violation]:
        """What the rule finds, less what the objects themselves give a reason for."""
        for finding in self.find(objects):
            if self.relaxation is not None and relaxes(finding.manifest, self.relaxation):
                continue
            yield Violation(
                self.number,
                kind_of(finding.manifest),
                namespace_of(finding.manifest),
                name_of(finding.manifest),
                finding.path,
                finding.message,
                self._fix(finding),
            )

    def _fix(self, finding: Finding) -> str:
        if self.relaxation is None:
            return finding.fix
        bearers = "the object" if pod_template_of(finding.manifest) is None else "the object and its Pod template"
        return f"{finding.fix}; or give {bearers} the annotation {self.relaxation.annotation} with the reason"


def relaxes(manifest: Manifest, relaxation: Relaxation) -> bool:
    """Whether the object, and its Pod template if it has one, say why they relax this default.

    Both, so that the reason is seen where a person looks (the workload) and where admission control looks (the Pod).
    """
    template = pod_template_of(manifest)
    bearers = [manifest] if template is None else [manifest, template]
    return all(str(annotations_of(bearer).get(relaxation.annotation) or "").strip() for bearer in bearers)
