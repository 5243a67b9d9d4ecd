"""From a document to its model: what is right is kept, so that all problems are found in one run."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import ValidationError

from components.specs.base import FIELDS_ONLY, Spec
from stacks import model_paths
from stacks.document import Document, Problem
from stacks.problems import Location
from stacks.validation import from_pydantic

Model = TypeVar("Model", bound=Spec)
TEXTS: Final = (
    ">",  # a subject that every message has, so that nothing is missed for want of it
    "stand-in",
    "1Gi",
    "1",
    "1s",
    "1%",
    "STANDIN",
    "/stand-in",
    "10.0.0.0/8",
    f"example.com/stand-in@sha256:{'0' * 64}",
)
"""Texts of which each scalar accepts at least one; they are tried in turn."""


@dataclass(frozen=True)
class Parsed(Generic[Model]):
    """A document as its model, as far as that could be made, and what is wrong with it."""

    model: Model | None
    problems: tuple[Problem, ...]
    replaced: tuple[Problem, ...] = ()
    """Problems whose values were left out or replaced to make the model: what is found there means nothing."""

    def sound(self, found: Iterable[Problem]) -> list[Problem]:
        """Return the problems that do not stem from a replaced value of this document."""
        return [
            problem
            for problem in found
            if not any(
                problem.file == other.file
                and (
                    problem.location[: len(other.location)] == other.location or problem.location == other.location[:-1]
                )
                for other in self.replaced
            )
        ]


def parsed(document: Document, model: type[Model], prefix: Location) -> Parsed[Model]:
    """Return the document as a model, and everything that is wrong with it.

    Where values are wrong, the model is made without them, so that what is wrong elsewhere is found as well.
    """
    data = document.value(prefix)
    if not isinstance(data, dict):
        return Parsed(
            None,
            (
                document.problem(
                    prefix,
                    "is not there" if prefix else "is not a mapping",
                    consequence="nothing says how the platform runs here",
                    fix=f"add it: {' → '.join(map(str, prefix))} → tier, cluster, namespace, …",
                ),
            ),
        )
    try:
        return Parsed(model.model_validate(data), ())
    except ValidationError as error:
        problems = from_pydantic(error, document, prefix, model)
    made, replaced = _made_without(document, model, prefix)
    return Parsed(made, tuple(problems), replaced)


def _made_without(document: Document, model: type[Model], prefix: Location) -> tuple[Model | None, tuple[Problem, ...]]:
    """Return the model without its faulty values, and the problems that these have by themselves."""
    rest = deepcopy(document.value(prefix))
    faulty: tuple[Problem, ...] = ()
    locations: list[Location] = []
    for text in ("", *TEXTS):
        for location in locations:
            _mend(rest, location, _expected(model, location), text)
        try:
            return model.model_validate(rest, context=FIELDS_ONLY), faulty
        except ValidationError as error:
            here = replace(document, data=_nested(prefix, rest), root=None)
            found = tuple(from_pydantic(error, here, prefix, model))
        locations = sorted({problem.location[len(prefix) :] for problem in found}, key=str, reverse=True)
        if not faulty and any(_is_whole_entry(rest, location) for location in locations):
            return None, found
        faulty = faulty or found
    return None, faulty


def _nested(prefix: Location, data: dict[str, Any]) -> dict[str, Any]:
    for key in reversed(prefix):
        data = {str(key): data}
    return data


def _is_whole_entry(data: Any, location: Location) -> bool:
    """Whether a whole service or store is at fault: others refer to it, and would be blamed for its absence."""
    value = data
    for segment in location:
        value = value.get(segment) if isinstance(value, dict) else None
    return len(location) <= 2 and isinstance(value, dict | list)


def _mend(data: Any, location: Location, expected: tuple[Any, ...], text: str) -> None:
    """Put a stand-in where a setting is faulty or missing; take out what is no setting."""
    for segment in location[:-1]:
        try:
            data = data[segment]
        except (KeyError, IndexError, TypeError):
            return
    if expected and isinstance(data, dict | list):
        data[location[-1]] = _stand_in(expected, text)
    elif isinstance(data, dict):
        data.pop(location[-1], None)


def _expected(model: type[Spec], location: Location) -> tuple[Any, ...]:
    """Return what the model expects at a location; nothing where it knows no such setting."""
    annotations: tuple[Any, ...] = (model,)
    for segment in location:
        annotations = model_paths.step(annotations, segment)
    return annotations


def _stand_in(annotations: tuple[Any, ...], text: str) -> Any:
    """Return a value that a setting may accept."""
    for member in (member for annotation in annotations for member in model_paths.alternatives(annotation)):
        if get_origin(member) is Literal:
            return get_args(member)[0]
        if isinstance(member, type) and issubclass(member, Enum):
            return next(iter(member)).value
        if isinstance(member, type) and issubclass(member, Spec):
            return {}
        if member is int:
            return 1
        if get_origin(member) is tuple:
            return [text]
    return text
