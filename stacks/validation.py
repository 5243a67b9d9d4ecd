"""Pydantic's errors as problems of a YAML file: one problem for each thing that a person has to change."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import NoneType
from typing import Any

from pydantic import BaseModel, ValidationError

from components.specs.tags import UNKNOWN_FORM, tag
from stacks import model_paths
from stacks.document import Document
from stacks.problems import ABSENT, Location, Problem, is_secret
from stacks.validation_words import WRONG_KINDS, Wording, form, kind_of, one_of, quoted_words, wanted, wording

_LIKENESS = 0.6
"""difflib's own cutoff for close matches."""

_MOST_SETTINGS_LISTED = 12

_NO_MEMBER = "no member"
"""Our own kind: the value is none of the kinds of thing that a union allows."""


@dataclass(frozen=True)
class _Error:
    """An error of pydantic at its place in the file, and the branches of unions on the way there."""

    kind: str
    location: Location
    branches: tuple[tuple[int, str], ...]  # how many segments of the location lead to the union, which member was tried
    members: tuple[tuple[int, str], ...]  # the same, and kept while the choice is made between the branches
    about_key: bool
    input: Any
    context: dict[str, Any]
    message: str


def from_pydantic(
    error: ValidationError, document: Document, prefix: Location = (), model: type[BaseModel] | None = None
) -> list[Problem]:
    """Return what a validation found wrong, sorted.

    ``prefix`` leads from the root of the document to the validated value. ``model`` is the model that was validated:
    without it, unknown keys get no suggestions, and an error at a setting that the file leaves to its default is
    reported at the nearest ancestor.
    """
    data = document.value(prefix)
    annotations = (model,) if model else ()
    details = [detail for detail in error.errors(include_url=False) if not _counts_refused_items(detail)]
    collapsed = _collapse([_located(detail, data, annotations) for detail in details])
    errors = [_with_forms(one, data, annotations) if one.kind == UNKNOWN_FORM else one for one in collapsed]
    typos = {
        typo.location: missing
        for typo in errors
        if typo.kind == "extra_forbidden" and (missing := _misspelt(typo, errors)) is not None
    }
    explained = {id(missing) for missing in typos.values()}
    problems = [
        _problem(one, document, prefix, _wording(one, typos.get(one.location), data, annotations))
        for one in errors
        if id(one) not in explained
    ]
    return sorted(problems)


def _counts_refused_items(detail: Any) -> bool:
    """Tell whether a list is too short only because pydantic leaves out its faulty items, which have errors already."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _located(detail: Any, data: Any, annotations: tuple[Any, ...]) -> _Error:
    location = tuple(segment for segment in detail["loc"] if segment != "[key]")
    path, branches = _aligned(location, data, annotations, detail["type"] == "missing")
    return _Error(
        kind=detail["type"],
        location=path,
        branches=branches,
        members=branches,
        about_key="[key]" in detail["loc"],
        input=detail["input"],
        context=detail.get("ctx", {}),
        message=detail["msg"],
    )


def _aligned(
    location: Location, data: Any, annotations: tuple[Any, ...], last_is_absent: bool, done: int = 0
) -> tuple[Location, tuple[tuple[int, str], ...]]:
    """Split a location of pydantic's into the path in the file and the names of union members.

    A name can equal a key, so of two readings the one with fewer names wins. A key of a mapping for which a list, or a
    single value, stands in the file is left out, too.
    """
    if not location:
        return (), ()
    head, rest = location[0], location[1:]
    as_entry, as_branch = None, None
    if isinstance(head, str) and isinstance(data, list) and head in data:
        head = data.index(head)  # a list of names stands for a mapping of them
    present = _lookup(data, head)
    known = head in model_paths.settings(annotations) or (last_is_absent and not rest)
    if present is not ABSENT or (known and (data is ABSENT or isinstance(data, dict))):
        path, branches = _aligned(rest, present, model_paths.step(annotations, head), last_is_absent, done + 1)
        as_entry = ((head, *path), branches)
    if as_entry is None or as_entry[1]:
        path, branches = _aligned(rest, data, annotations, last_is_absent, done)
        as_branch = (path, ((done, str(head)), *branches))
    if as_entry is None or (as_branch is not None and len(as_branch[1]) < len(as_entry[1])):
        assert as_branch is not None
        return as_branch
    return as_entry


def _lookup(data: Any, segment: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(segment, ABSENT)
    if isinstance(data, list) and isinstance(segment, int) and 0 <= segment < len(data):
        return data[segment]
    return ABSENT


def _collapse(errors: list[_Error]) -> list[_Error]:
    """Replace the errors of all members of each union by those of the member that was meant."""
    kept = [error for error in errors if not error.branches]
    unions: dict[Location, dict[str, list[_Error]]] = {}
    for error in errors:
        if error.branches:
            depth, member = error.branches[0]
            inner = replace(error, branches=error.branches[1:])
            unions.setdefault(error.location[:depth], {}).setdefault(member, []).append(inner)
    for location, members in unions.items():
        kept += _meant(location, [_collapse(inner) for inner in members.values()])
    return kept


def _meant(location: Location, members: list[list[_Error]]) -> list[_Error]:
    """Choose between the members of the union at a location: the one that the value is nearest to."""
    if len(members) == 1:
        return members[0]
    fitting = [errors for errors in members if not any(_is_wrong_kind(error, location) for error in errors)]
    if not fitting:
        refusals = [error for errors in members for error in errors if _is_wrong_kind(error, location)]
        nouns = [noun for refusal in refusals for noun in wanted(refusal.kind, refusal.context)]
        return [replace(refusals[0], kind=_NO_MEMBER, context={"wanted": list(dict.fromkeys(nouns))})]
    related = [errors for errors in fitting if not _is_unrelated(errors, location)]
    nearest = min(_distance(errors) for errors in related or fitting)
    best = [errors for errors in related if _distance(errors) == nearest] or fitting
    if len(best) > 1 and all(_lacks_a_key(errors, location) for errors in best):
        mapping = next(error.input for error in best[0] if error.kind == "missing")
        return [replace(best[0][0], kind=UNKNOWN_FORM, location=location, members=(), input=mapping)]
    return best[0]


def _is_wrong_kind(error: _Error, location: Location) -> bool:
    return error.location == location and error.kind in WRONG_KINDS


def _lacks_a_key(errors: list[_Error], location: Location) -> bool:
    return any(error.kind == "missing" and error.location[:-1] == location for error in errors)


def _with_forms(error: _Error, data: Any, annotations: tuple[Any, ...]) -> _Error:
    """Add the forms that a union allows; or blame the one unknown key, where it is nearly the key of a form."""
    annotations, _ = _followed(error, len(error.location), data, annotations)
    if not model_paths.models(annotations):
        annotations = model_paths.step(annotations, 0) or annotations  # a single value stands for a list of one
    settings = model_paths.settings(annotations)
    members = model_paths.members(annotations)
    unknown = [key for key in error.input if key not in settings] if isinstance(error.input, dict) else []
    if len(unknown) == 1:
        close = get_close_matches(str(unknown[0]), settings, n=1, cutoff=_LIKENESS)
        if close and tag(close[0]).tag in members:
            location = (*error.location, unknown[0])
            return replace(error, kind="extra_forbidden", location=location, input=error.input[unknown[0]])
    forms = [form(member, _required(member)) for member in members.values() if member is not NoneType]
    return replace(error, context={"forms": list(dict.fromkeys(forms))})


def _required(member: Any) -> list[str]:
    return [name for name, field in model_paths.settings((member,)).items() if field.is_required()]


def _followed(error: _Error, depth: int, data: Any, annotations: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
    """Return what is allowed, and what stands, so many segments down the way to an error."""
    for index in range(depth + 1):
        for at, name in error.members:
            if at == index:
                annotations = model_paths.narrowed(annotations, name)
        if index < depth:
            segment = error.location[index]
            annotations, data = model_paths.step(annotations, segment), _lookup(data, segment)
    return annotations, data


def _is_unrelated(errors: list[_Error], location: Location) -> bool:
    """Tell whether a mapping has none of the keys of the member that these errors are about."""
    mapping = next(
        (error.input for error in errors if error.kind == "missing" and error.location[:-1] == location), None
    )
    unknown = {
        error.location[-1] for error in errors if error.kind == "extra_forbidden" and not _misspelt(error, errors)
    }
    return isinstance(mapping, dict) and unknown.issuperset(mapping)


def _distance(errors: list[_Error]) -> int:
    """Return how many changes would make the value fit; a misspelt key is one, though pydantic sees two errors."""
    return len(errors) - sum(error.kind == "extra_forbidden" and bool(_misspelt(error, errors)) for error in errors)


def _misspelt(extra: _Error, errors: list[_Error]) -> _Error | None:
    """Return the error about the missing key that an unknown key was meant to be."""
    siblings = {
        str(error.location[-1]): error
        for error in errors
        if error.kind == "missing" and error.location[:-1] == extra.location[:-1]
    }
    close = get_close_matches(str(extra.location[-1]), siblings, n=1, cutoff=_LIKENESS)
    return siblings[close[0]] if close else None


def _wording(error: _Error, misspelt: _Error | None, data: Any, annotations: tuple[Any, ...]) -> Wording:
    if error.kind == "extra_forbidden":
        return _unknown_key(error, misspelt, data, annotations)
    if error.kind == _NO_MEMBER:
        nouns = one_of(error.context["wanted"])
        return Wording(f"is {kind_of(error.input)}, where {nouns} belongs", fix=f"write {nouns}")
    found = wording(error.kind, error.context, error.input, error.message)
    return replace(found, message=f"has a name that {found.message}") if error.about_key else found


def _unknown_key(error: _Error, misspelt: _Error | None, data: Any, annotations: tuple[Any, ...]) -> Wording:
    key = error.location[-1]
    annotations, data = _followed(error, len(error.location) - 1, data, annotations)
    settings = list(model_paths.settings(annotations))
    unused = [name for name in settings if _lookup(data, name) is ABSENT]
    if misspelt is not None:
        fix = f"did you mean '{misspelt.location[-1]}'?"
    elif close := get_close_matches(str(key), unused, n=1, cutoff=_LIKENESS):
        fix = f"did you mean '{close[0]}'?"
    elif close := get_close_matches(str(key), settings, n=1, cutoff=_LIKENESS):
        fix = f"remove it: '{close[0]}' is set as well"
    elif unused and len(unused) <= _MOST_SETTINGS_LISTED:
        fix = f"remove it; what else can be set here: {', '.join(unused)}"
    else:
        fix = "remove it, or move it to where it belongs"
    return Wording("is not a setting that exists here", "it would be ignored, and nobody would know", fix)


def _problem(error: _Error, document: Document, prefix: Location, words: Wording) -> Problem:
    location = (*prefix, *error.location)
    if error.kind in ("union_tag_invalid", "union_tag_not_found"):
        keys = quoted_words(error.context["discriminator"])  # the field's name and its alias
        location = (*location, next((key for key in keys if _lookup(error.input, key) is not ABSENT), keys[-1]))
    if is_secret(location):
        words = words.without(error.input)
    problem = document.problem(location, words.message, consequence=words.consequence, fix=words.fix)
    return replace(problem, value=ABSENT) if error.about_key else problem
