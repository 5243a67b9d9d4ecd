"""Unions whose members are told apart by a key that each has for itself, such as ``{config: NAME}``."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Discriminator, Tag

from components.specs.base import Spec, kebab_case

UNKNOWN_FORM: Final = "unknown_form"
"""The kind under which pydantic reports a value that has the key of no member."""


def tag(key: str) -> Tag:
    """Mark a union's member by its key.

    The brackets keep apart what pydantic mixes in the location of an error: names of members, and keys of the file.
    """
    return Tag(f"<{key}>")


def tag_by_key(*keys: str, otherwise: str | None = None) -> Discriminator:
    """Choose a union's member by the one key that only it has, so that an error speaks of that member alone.

    Where a mapping has several of the keys, the first one listed decides. ``otherwise`` marks the member that is no
    mapping, where the union has one.
    """

    def choose(value: Any) -> str | None:
        if not isinstance(value, Mapping | Spec):
            return tag(otherwise).tag if otherwise else None
        names = value if isinstance(value, Mapping) else type(value).model_fields
        present = {kebab_case(str(name)) for name in names}
        return next((tag(key).tag for key in keys if key in present), None)

    return Discriminator(choose, custom_error_type=UNKNOWN_FORM, custom_error_message="has the key of no form")
