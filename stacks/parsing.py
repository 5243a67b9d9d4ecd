"""From a document to its model: what is right is kept, so that all problems are found in one run."""

from copy import deepcopy
from typing import Any, TypeVar

from pydantic import ValidationError

from components.specs.base import Spec
from stacks.document import Document, Problem
from stacks.validation import from_pydantic

Model = TypeVar("Model", bound=Spec)


def parsed(document: Document, model: type[Model], prefix: tuple[str, ...]) -> tuple[Model | None, list[Problem]]:
    """Return the document as a model, and what is wrong with it.

    Where single values are wrong, the model is made without them, so that what is wrong elsewhere is found as well.
    """
    data = document.value(prefix)
    if not isinstance(data, dict):
        return None, [
            document.problem(
                prefix,
                "is not there" if prefix else "is not a mapping",
                consequence="nothing says how the platform runs here",
                fix=f"add it: {' → '.join(prefix)} → tier, cluster, namespace, …",
            )
        ]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        problems = from_pydantic(error, document, prefix, model)
        rest = deepcopy(data)
        # A missing entry, or a whole service, can't be left out: others refer to it, and would be blamed for it.
        if all(_left_out(rest, problem.location[len(prefix) :]) for problem in problems):
            try:
                return model.model_validate(rest), problems
            except ValidationError:
                pass
        return None, problems


def _left_out(data: dict[str, Any], location: tuple[str | int, ...]) -> bool:
    if len(location) < 3:
        return False
    holder: Any = data
    try:
        for segment in location[:-1]:
            holder = holder[segment]
        if isinstance(holder, dict):
            del holder[location[-1]]
            return True
    except (KeyError, IndexError, TypeError):
        # Another problem at the same place has taken it out already, or it was never written.
        pass
    return False
