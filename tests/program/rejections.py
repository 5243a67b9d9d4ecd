"""What no program may register: pure rules over the registrations of a whole run."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any, Final, TypeVar

import pulumi_docker
import pulumi_docker_build
import pulumi_kubernetes

from tests.object_schema import is_custom_kind, object_problems
from tests.program.registrations import DOCKER_BUILD_IMAGE, DOCKER_IMAGE, KUBERNETES, PROVIDER, Registration
from tests.program.values import Secret, revealed

KUBERNETES_PROVIDER: Final = f"{PROVIDER}kubernetes"
_ARGUMENTS: Final = {
    KUBERNETES_PROVIDER: pulumi_kubernetes.ProviderArgs,
    f"{PROVIDER}docker": pulumi_docker.ProviderArgs,
    f"{PROVIDER}docker-build": pulumi_docker_build.ProviderArgs,
    DOCKER_IMAGE: pulumi_docker.ImageArgs,
    DOCKER_BUILD_IMAGE: pulumi_docker_build.ImageArgs,
}
"""Type → its arguments in the official SDK: what this program registers beside Kubernetes objects and components."""
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
        *(line for one in registrations for line in _unknown_arguments(one)),
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
        elif one.type not in _official_tokens() and not is_custom_kind(one.inputs):
            yield f"{one.where}: the official provider has no such type token"
    elif one.custom and one.type not in _ARGUMENTS:
        yield f"{one.where}: the type token is wrong; this program makes Kubernetes objects, images and their providers"
    elif not one.custom and not _COMPONENT_TOKEN.fullmatch(one.type):
        yield f"{one.where}: the type token is wrong; a component's is polyglot:<package>:<Class>"


@cache
def _official_tokens() -> frozenset[str]:
    """Every resource of the official provider, from the list in the root of its SDK."""
    text = Path(str(pulumi_kubernetes.__file__)).read_text(encoding="utf-8")
    return frozenset(re.findall(r'"(kubernetes:[^"]+:[^"]+)": "', text))


def _refused_by_schema(one: Registration) -> Iterator[str]:
    if one.is_kubernetes_object:
        for problem in object_problems(revealed(one.inputs)):
            yield f"{one.where}: the Kubernetes schema refuses it: {problem.removeprefix(': ')}"


def _without_our_provider(registrations: Sequence[Registration]) -> Iterator[str]:
    providers = {one.urn: one.type.removeprefix(PROVIDER) for one in registrations if one.type.startswith(PROVIDER)}
    for one in registrations:
        named = providers.get(one.provider.rpartition("::")[0])
        if one.is_kubernetes_object and named != "kubernetes":
            yield f"{one.where}: it names no provider, so it would go to whatever cluster kubectl points at"
        elif one.is_image and named != one.type.partition(":")[0]:
            yield f"{one.where}: it names no provider of its package, and this project refuses default ones"


def _without_component(registrations: Sequence[Registration]) -> Iterator[str]:
    components = {one.urn for one in registrations if not one.custom}
    for one in registrations:
        if (one.is_kubernetes_object or one.is_image) and one.parent not in components:
            yield f"{one.where}: its parent is no component, so nothing in the state says what it belongs to"


def _unknown_arguments(one: Registration) -> Iterator[str]:
    if one.type in _ARGUMENTS:
        for argument in sorted(one.inputs.keys() - _arguments(one.type)):
            yield f"{one.where}: the official provider has no argument {argument!r}"


@cache
def _arguments(of_type: str) -> frozenset[str]:
    # Python's keywords have a '_' behind them in the SDK.
    names = (name.rstrip("_") for name in signature(_ARGUMENTS[of_type]).parameters)
    return frozenset(re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in names)


def _plain_secrets(one: Registration) -> Iterator[str]:
    if one.is_kubernetes_object and one.inputs.get("kind") == "Secret":
        for field in ("data", "stringData"):
            content = one.inputs.get(field) or {}
            plain = [] if isinstance(content, Secret) else [k for k, v in content.items() if not isinstance(v, Secret)]
            if plain:
                yield f"{one.where}: {field} holds {', '.join(plain)} in plain text, which the state would show"

    logins = one.inputs.get("registries") or [one.inputs.get("registry") or {}] if one.is_image else []
    if any(isinstance(login, Mapping) and not isinstance(login.get("password"), Secret | None) for login in logins):
        yield f"{one.where}: the login at the registry is in plain text, which the state would show"
    if one.is_image and not isinstance(one.inputs.get("secrets"), Secret | None):
        yield f"{one.where}: build secrets are in plain text, which the state would show"


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
