"""Follow a location of a YAML file through the pydantic models that describe the file."""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, Tag
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType


def alternatives(annotation: Any) -> Iterator[Any]:
    """Yield the types that an annotation allows, without aliases, metadata, unions and root models around them."""
    yield from (member for _, member in _named(annotation))


def _named(annotation: Any, tag: str | None = None) -> Iterator[tuple[str, Any]]:
    """Yield the types that an annotation allows, by the names that pydantic gives the members of a union."""
    origin = get_origin(annotation)
    if isinstance(annotation, TypeAliasType):
        yield from _named(annotation.__value__, tag)
    elif origin is Annotated:
        inner, *metadata = get_args(annotation)
        yield from _named(inner, next((mark.tag for mark in metadata if isinstance(mark, Tag)), tag))
    elif origin in (Union, UnionType):
        for member in get_args(annotation):
            yield from _named(member, tag)
    elif isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _named(annotation.model_fields["root"].annotation, tag)
    else:
        yield tag or getattr(annotation, "__name__", ""), annotation


def members(annotations: tuple[Any, ...]) -> dict[str, Any]:
    """Return the types that some annotations allow, by the names that pydantic gives the members of a union."""
    return {name: member for annotation in annotations for name, member in _named(annotation)}


def narrowed(annotations: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    """Return the one member of a union that pydantic calls so; everything where none is called so."""
    found = members(annotations)
    return (found[name],) if name in found else annotations


def models(annotations: tuple[Any, ...]) -> list[type[BaseModel]]:
    """Return the models among the types that some annotations allow."""
    types = [member for annotation in annotations for member in alternatives(annotation)]
    return [member for member in types if isinstance(member, type) and issubclass(member, BaseModel)]


def settings(annotations: tuple[Any, ...]) -> dict[str, FieldInfo]:
    """Return the fields of the models that some annotations allow, by their names in YAML."""
    found: dict[str, FieldInfo] = {}
    for model in models(annotations):
        for name, field in model.model_fields.items():
            alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias
            found.setdefault(alias or name, field)
    return found


def step(annotations: tuple[Any, ...], segment: str | int) -> tuple[Any, ...]:
    """Return the annotations of what a mapping key or a list index leads to."""
    found: list[Any] = []
    for annotation in annotations:
        for member in alternatives(annotation):
            origin, arguments = get_origin(member), get_args(member)
            if not isinstance(origin, type) or not arguments:
                continue
            if issubclass(origin, Mapping):
                found.append(arguments[1])
            elif issubclass(origin, tuple) and isinstance(segment, int) and arguments[-1] is not ...:
                found.extend(arguments[segment : segment + 1])
            elif isinstance(segment, int):
                found.append(arguments[0])
    if isinstance(segment, str) and (field := settings(annotations).get(segment)) is not None:
        found.append(field.annotation)
    return tuple(found)
