"""What no program may register: pure rules over the registrations of a whole run."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any, Final, TypeVar

import pulumi_kubernetes

from tests.kubernetes_schema import schema_problems
from tests.program.registrations import KUBERNETES, PROVIDER, Registration
from tests.program.values import Secret, revealed

KUBERNETES_PROVIDER: Final = f"{PROVIDER}kubernetes"
Key = TypeVar("Key", bound=Hashable)
_COMPONENT_TOKEN: Final = re.compile(r"polyglot:[a-z]+:[A-Z][A-Za-z]+")


def rejections(registrations: Sequence[Registration]) -> list[str]:
    """Everything that is wrong with a run, each as one readable line; rule by rule, in order of registration."""
    return [
        *_duplicate_urns(registrations),
        *_duplicate_objects(registrations),
        *(line for one in registrations for line in _wrong_token(one)),
        *(line for one in registrations for line in _refused_by_schema(one)),
        *_without_our_provider(registrations),
        *_without_component(registrations),
        *(line for one in registrations for line in _unknown_provider_arguments(one)),
        *(line for one in registrations for line in _plain_secrets(one)),
    ]


def _duplicate_urns(registrations: Sequence[Registration]) -> Iterator[str]:
    for urn, found in _repeated(registrations, lambda one: one.urn):
        yield f"{found[0].where}: {len(found)} resources have the URN {urn}; the engine stops at the second"


def _duplicate_objects(registrations: Sequence[Registration]) -> Iterator[str]:
    objects = [one for one in registrations if one.is_kubernetes_object]
    for (_, kind, namespace, name), found in _repeated(objects, _object_identity):
        others = ", ".join(one.urn for one in found)
        yield f"{kind} {name} in {namespace or 'no namespace'} is registered {len(found)} times, by {others}"


def _object_identity(one: Registration) -> tuple[str, str, str, str]:
    """What the API server tells objects apart by; not the version, of which one object has several."""
    metadata = _metadata(one)
    group = str(one.inputs.get("apiVersion", "")).rpartition("/")[0]
    return group, str(one.inputs.get("kind")), str(metadata.get("namespace", "")), str(metadata.get("name"))


def _wrong_token(one: Registration) -> Iterator[str]:
    if one.is_kubernetes_object:
        group, _, version = str(one.inputs.get("apiVersion", "")).rpartition("/")
        expected = f"{KUBERNETES}{group or 'core'}/{version}:{one.inputs.get('kind')}"
        if one.type != expected:
            yield f"{one.where}: the type token is wrong; apiVersion and kind of the body make it {expected}"
        elif one.type not in _official_tokens():
            yield f"{one.where}: the official provider has no such type token"
    elif one.custom and one.type != KUBERNETES_PROVIDER:
        yield f"{one.where}: the type token is wrong; this program makes Kubernetes objects and their provider only"
    elif not one.custom and not _COMPONENT_TOKEN.fullmatch(one.type):
        yield f"{one.where}: the type token is wrong; a component's is polyglot:<package>:<Class>"


@cache
def _official_tokens() -> frozenset[str]:
    """Every resource of the official provider, from the list in the root of its SDK."""
    text = Path(str(pulumi_kubernetes.__file__)).read_text(encoding="utf-8")
    return frozenset(re.findall(r'"(kubernetes:[^"]+:[^"]+)": "', text))


def _refused_by_schema(one: Registration) -> Iterator[str]:
    if one.is_kubernetes_object:
        for problem in schema_problems(revealed(one.inputs)):
            yield f"{one.where}: the Kubernetes schema refuses it: {problem.removeprefix(': ')}"


def _without_our_provider(registrations: Sequence[Registration]) -> Iterator[str]:
    providers = {one.urn for one in registrations if one.type == KUBERNETES_PROVIDER}
    for one in registrations:
        if one.is_kubernetes_object and one.provider.rpartition("::")[0] not in providers:
            yield f"{one.where}: it names no provider, so it would go to whatever cluster kubectl points at"


def _without_component(registrations: Sequence[Registration]) -> Iterator[str]:
    components = {one.urn for one in registrations if not one.custom}
    for one in registrations:
        if one.is_kubernetes_object and one.parent not in components:
            yield f"{one.where}: its parent is no component, so nothing in the state says what it belongs to"


def _unknown_provider_arguments(one: Registration) -> Iterator[str]:
    if one.type == KUBERNETES_PROVIDER:
        for argument in sorted(one.inputs.keys() - _provider_arguments()):
            yield f"{one.where}: the official provider has no argument {argument!r}"


@cache
def _provider_arguments() -> frozenset[str]:
    names = signature(pulumi_kubernetes.ProviderArgs).parameters
    return frozenset(re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in names)


def _plain_secrets(one: Registration) -> Iterator[str]:
    if one.is_kubernetes_object and one.inputs.get("kind") == "Secret":
        for field in ("data", "stringData"):
            content = one.inputs.get(field) or {}
            plain = [] if isinstance(content, Secret) else [k for k, v in content.items() if not isinstance(v, Secret)]
            if plain:
                yield f"{one.where}: {field} holds {', '.join(plain)} in plain text, which the state would show"


def _metadata(one: Registration) -> Mapping[str, Any]:
    metadata = one.inputs.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _repeated(
    registrations: Iterable[Registration], key: Callable[[Registration], Key]
) -> list[tuple[Key, list[Registration]]]:
    groups: defaultdict[Key, list[Registration]] = defaultdict(list)
    for one in registrations:
        groups[key(one)].append(one)
    return [(identity, found) for identity, found in groups.items() if len(found) > 1]
