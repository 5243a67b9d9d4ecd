"""What pydantic's kinds of error mean, in the words of somebody who writes YAML.

The kinds: https://docs.pydantic.dev/latest/errors/validation_errors/
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from components.faults import FAULT
from components.specs.tags import UNKNOWN_FORM
from stacks.problems import HIDDEN

_NO_USE: Final = "nothing can be deployed with this value"

Context = dict[str, Any]


@dataclass(frozen=True)
class Wording:
    """What is wrong with a value, what follows, and what to do."""

    message: str
    consequence: str = _NO_USE
    fix: str = "correct the value"

    def without(self, value: object) -> "Wording":
        """Return the same, with a secret value blotted out wherever a validator repeated it."""
        if not isinstance(value, str | int | float) or not str(value):
            return self
        texts = (self.message, self.consequence, self.fix)
        return Wording(*(text.replace(str(value), HIDDEN.value) for text in texts))


_NOUNS: Final = {
    "a whole number": "int_type int_parsing int_from_float int_parsing_size",
    "a number": "float_type float_parsing decimal_type decimal_parsing finite_number",
    "true or false": "bool_type bool_parsing",
    "text": "string_type string_unicode bytes_type",
    "a list": "list_type tuple_type set_type frozen_set_type iterable_type deque_type",
    "a mapping": "dict_type mapping_type model_type model_attributes_type dataclass_type",
    "nothing": "none_required",
    "a date": "date_type date_parsing datetime_type datetime_parsing",
    "a duration": "time_delta_type time_delta_parsing",
    "a URL": "url_type",
}
_NOUN_OF: Final = {kind: noun for noun, kinds in _NOUNS.items() for kind in kinds.split()}
WRONG_KINDS: Final = frozenset({*_NOUN_OF, "literal_error", "enum"})
"""The errors which say that a value is not the kind of thing that belongs there."""


def wanted(kind: str, context: Context) -> list[str]:
    """Return what would have been accepted in place of an error of one of the wrong kinds."""
    return [_NOUN_OF[kind]] if kind in _NOUN_OF else [repr(word) for word in quoted_words(context["expected"])]


def one_of(nouns: list[str]) -> str:
    """Return ``a, b or c``."""
    return nouns[0] if len(nouns) == 1 else f"{', '.join(nouns[:-1])} or {nouns[-1]}"


def form(member: Any, required: list[str]) -> str:
    """Return what a member of a union looks like in YAML: its kind, or a mapping of the keys that it can't lack."""
    kinds = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return kinds.get(member) or "{" + ", ".join(f"{key}: …" for key in required) + "}"


def quoted_words(text: str) -> list[str]:
    """Return the words that stand in single quotes."""
    return re.findall(r"'([^']*)'", text)


def kind_of(value: object) -> str:
    """Return what kind of thing a YAML value is."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "text", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "something else")


def wording(kind: str, context: Context, value: object, message: str) -> Wording:
    """Return the words for an error; ``message`` is pydantic's own, for kinds that no YAML file should meet."""
    if kind in _NOUN_OF:
        return _wrong_kind(kind, value)
    if kind in _WORDINGS:
        return _WORDINGS[kind](context, value)
    own = re.sub(r"^(Input|String|Value) should ", "should ", message)
    return Wording(own[:1].lower() + own[1:])


def _wrong_kind(kind: str, value: object) -> Wording:
    noun = _NOUN_OF[kind]
    if value is None:
        return Wording("has no value", fix=f"write {noun}, or remove the key")
    if kind == "int_from_float":
        return Wording("has a fraction, where a whole number belongs", fix="write a whole number")
    if noun == "text" and not isinstance(value, dict | list):
        return Wording(f"is {kind_of(value)}, where text belongs", fix="put it in quotes")
    fixes = {"a list": "write a list: '- ' before each item", "a mapping": "write 'key: value' lines below it"}
    return Wording(f"is {kind_of(value)}, where {noun} belongs", fix=fixes.get(noun, f"write {noun}"))


def _unknown_form(context: Context, value: object) -> Wording:
    forms = context.get("forms") or ["one of the forms of the schema"]
    if value is None:
        return Wording("has no value", fix=f"write {one_of(forms)}, or remove the key")
    nouns = dict.fromkeys("a mapping" if one.startswith("{") else one for one in forms)
    message = (
        "is none of the forms that are allowed here"
        if isinstance(value, dict)
        else f"is {kind_of(value)}, where {one_of(list(nouns))} belongs"
    )
    return Wording(message, fix=f"write {one_of(forms)}")


def _fault(context: Context, _: object) -> Wording:
    return Wording(context["message"], context["consequence"], context["fix"])


def _validator(context: Context, _: object) -> Wording:
    return Wording(str(context["error"]) or "is not valid")


def _missing(_: Context, __: object) -> Wording:
    return Wording("is missing", "there is no default that would be right, so nothing can be deployed", "add it")


def _choice(context: Context, value: object) -> Wording:
    allowed = quoted_words(context.get("expected") or context.get("expected_tags") or "")
    if not allowed:
        return Wording(f"is not {context['expected']}", fix=f"write {context['expected']}")
    close = get_close_matches(str(context.get("tag", value)), allowed, n=1)
    fix = f"did you mean '{close[0]}'?" if close else "use one of them"
    if len(allowed) == 1:
        return Wording(f"can only be '{allowed[0]}'", fix=f"write '{allowed[0]}'")
    return Wording(f"is none of {', '.join(allowed)}", fix=fix)


def _no_tag(_: Context, __: object) -> Wording:
    return Wording("is missing", "there is no telling which kind of thing is meant", "add it")


def _bound(found: str, right: str, name: str) -> Callable[[Context, object], Wording]:
    return lambda context, _: Wording(f"{found} {context[name]}", fix=f"{right} {context[name]}")


def _length(unit: str, name: str, word: str, verb: str) -> Callable[[Context, object], Wording]:
    def counted(number: object) -> str:
        return {"entries": "entry"}.get(unit, unit.removesuffix("s")) if number == 1 else unit

    def words(context: Context, value: object) -> Wording:
        length = len(value) if isinstance(value, str | list | dict) else context.get("actual_length")
        bound = f"{word} {context[name]}"
        if length == 0:
            return Wording("is empty", fix=f"write {bound} {counted(context[name])}")
        return Wording(f"has {length} {counted(length)}, where {bound} {verb} stand", fix=f"write {bound}")

    return words


def _pattern(context: Context, _: object) -> Wording:
    return Wording(f"does not match the pattern {context['pattern']}", fix="write it as the pattern asks")


_WORDINGS: Final[dict[str, Callable[[Context, object], Wording]]] = {
    FAULT: _fault,
    UNKNOWN_FORM: _unknown_form,
    "value_error": _validator,
    "assertion_error": _validator,
    "missing": _missing,
    "literal_error": _choice,
    "enum": _choice,
    "union_tag_invalid": _choice,
    "union_tag_not_found": _no_tag,
    "greater_than": _bound("is not greater than", "use a number greater than", "gt"),
    "greater_than_equal": _bound("is less than", "use at least", "ge"),
    "less_than": _bound("is not less than", "use a number less than", "lt"),
    "less_than_equal": _bound("is more than", "use at most", "le"),
    "multiple_of": _bound("is not a multiple of", "use a multiple of", "multiple_of"),
    "too_short": _length("entries", "min_length", "at least", "must"),
    "too_long": _length("entries", "max_length", "at most", "may"),
    "string_too_short": _length("characters", "min_length", "at least", "must"),
    "string_too_long": _length("characters", "max_length", "at most", "may"),
    "string_pattern_mismatch": _pattern,
}
