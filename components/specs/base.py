"""The model that every spec builds on."""

from collections.abc import Iterator
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

Finding = tuple[tuple[str | int, ...], PydanticCustomError]
"""Where, seen from the spec, and what is wrong there."""

FIELDS_ONLY: Final = {"fields-only": True}
"""A validation context: each field is checked, and whether the fields agree is not."""


def kebab_case(field: str) -> str:
    """Return the YAML spelling of a Python field name: ``service_port`` is ``service-port``."""
    return field.replace("_", "-")


class Spec(BaseModel):
    """Literals of one thing: frozen, without unknown keys, kebab-case in YAML and snake_case in Python."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=kebab_case, populate_by_name=True, hide_input_in_errors=True
    )

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong between fields that are each right by themselves; all of it, not only the first."""
        yield from ()

    @model_validator(mode="after")
    def _fields_agree(self, info: ValidationInfo) -> Self:
        if info.context is FIELDS_ONLY:
            return self
        details = [
            InitErrorDetails(type=error, loc=location, input=self._at(location)) for location, error in self.findings()
        ]
        if details:
            raise ValidationError.from_exception_data(type(self).__name__, details)
        return self

    def _at(self, location: tuple[str | int, ...]) -> Any:
        """Return the value at a location, so that an error can show it; None for the spec itself."""
        found: Any = None
        for index, key in enumerate(location):
            if index == 0:
                found = getattr(self, str(key).replace("-", "_"), None)
            else:
                found = found.get(key) if isinstance(found, dict) else getattr(found, str(key).replace("-", "_"), None)
        return found
