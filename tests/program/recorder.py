"""Runs a program on an engine that only writes down what it is asked for, and refuses what a real one would."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import runpy
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import yaml
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_in_stack
from typing_extensions import override

from stacks.document import read
from stacks.loader import PROJECT, environment_file, validate
from stacks.schema.environment import SecretsFrom
from stacks.schema.images import LOGIN_KEYS
from tests.program.registrations import PROVIDER, STACK, Registration
from tests.program.rejections import rejections
from tests.program.values import decoded, revealed

STACKS: Final = tuple(sorted(path.stem.removeprefix("Pulumi.") for path in PROJECT.glob("stacks/Pulumi.*.yaml")))
"""Every stack that is committed."""


class Rejected(AssertionError):
    """The program asked for something that no engine or cluster would accept, or that this project rules out."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        count = "1 thing" if len(reasons) == 1 else f"{len(reasons)} things"
        lines = [f"the program registered {count} that can't stand:", *(f"  - {reason}" for reason in reasons)]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Recording:
    """What a program registered, in that order, and what it exported."""

    registrations: tuple[Registration, ...]
    outputs: Mapping[str, Mapping[str, Any]]
    """URN of a component → what it registered as its outputs."""
    exports: Mapping[str, Any]

    @property
    def components(self) -> list[Registration]:
        """Components, in the order of their registration."""
        return [one for one in self.registrations if not one.custom]

    @property
    def objects(self) -> list[Registration]:
        """Kubernetes objects, in the order of their registration."""
        return [one for one in self.registrations if one.is_kubernetes_object]

    @property
    def images(self) -> list[Registration]:
        """Images that are built, in the order of their registration."""
        return [one for one in self.registrations if one.is_image]

    @property
    def providers(self) -> list[Registration]:
        """Providers."""
        return [one for one in self.registrations if one.type.startswith(PROVIDER)]

    def children(self, parent: Registration) -> list[Registration]:
        """What a component registered under itself."""
        return [one for one in self.registrations if one.parent == parent.urn]

    def manifests(self) -> list[dict[str, Any]]:
        """Every Kubernetes object as it would reach the API server, secrets included."""
        return [revealed(one.inputs) for one in self.objects]


def program() -> None:
    """The real program of this project."""
    runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__")


def run_program(stack: str, config: Mapping[str, Any] | None = None, *, preview: bool = False) -> Recording:
    """Run the real program for a stack, with the configuration of its file, and with `config` in place of its entries;
    an entry that is None there is not set at all.

    A stack gets `planted_secrets` for all that it supplies itself. Raises Rejected, and whatever the program raises.
    """
    entries = dict(read(PROJECT / environment_file(stack)).data["config"])
    if planted := planted_secrets(stack):
        entries["polyglot:secrets"] = planted
    return record(program, stack, entries | dict(config or {}), preview=preview)


def planted_secrets(stack: str) -> dict[str, dict[str, str]]:
    """A value for each key of each Secret that the stack supplies, and for its login at a registry.

    They are unlike any other text of the platform, so that a leak is found.
    """
    platform = validate(stack)
    made = platform.every_secret if platform.secrets_from is SecretsFrom.STACK else {}
    supplied = {name: secret.keys for name, secret in made.items()}
    if platform.images.credentials is not None:
        supplied[platform.images.credentials] = LOGIN_KEYS
    return {name: {key: f"planted-{name}-{key}" for key in keys} for name, keys in supplied.items()}


def digest_of(image: str) -> str:
    """The digest with which the recorder answers for an image."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def record(
    run: Callable[[], object], stack: str = "test", config: Mapping[str, Any] | None = None, *, preview: bool = False
) -> Recording:
    """Run any program; texts in `config` are handed over as they are, all else as JSON, as Pulumi does it.

    Raises Rejected with everything that was wrong, and whatever the program itself raises.
    """
    project = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())
    entries = {key: value for key, value in {**project["config"], **(config or {})}.items() if value is not None}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in entries.items()}
    monitor = _Monitor(preview=preview)

    async def main() -> None:
        settings.configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=set(monitor.GetDeploymentInfo(Empty()).supportedFeatures),
                engine=mocks.MockEngine(logging.getLogger("recorder")),
                project=project["name"],
                stack=stack,
                dry_run=preview,
                organization="organization",
                callbacks=None,
            )
        )
        settings.SETTINGS.outputs.clear()
        set_all_config(texts, [key for key in texts if key == "polyglot:secrets"])

        def synchronous() -> None:
            run()

        await run_in_stack(synchronous)

    # A context of its own: neither the root resource nor the settings of one run are left to the next.
    Context().run(asyncio.run, main())
    reasons = rejections(monitor.registrations)
    if reasons:
        raise Rejected(reasons)
    exports = next((found for urn, found in monitor.outputs.items() if f"::{STACK}::" in urn), {})
    return Recording(tuple(monitor.registrations), monitor.outputs, exports)


def _pushed(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What the two official providers answer beside the inputs, each in its own form."""
    if name := inputs.get("imageName"):
        return {"repoDigest": f"{name.rpartition(':')[0]}@{digest_of(name)}"}
    (tag,) = inputs["tags"]
    return {"digest": digest_of(tag), "ref": f"{tag}@{digest_of(tag)}"}


class _NoMocks(mocks.Mocks):
    """Resources are answered by the monitor itself, and functions of providers are no part of this program."""

    @override
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(f"{args.typ} {args.name!r} is read, but the recorder holds nothing to read from")

    @override
    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(f"the program calls {args.token}, which the recorder does not answer")


class _Monitor(mocks.MockMonitor):
    """The engine's side: takes each request as the program sent it, before anything is lost in translation."""

    def __init__(self, *, preview: bool) -> None:
        super().__init__(_NoMocks())
        self.registrations: list[Registration] = []
        self.outputs: dict[str, dict[str, Any]] = {}
        self._preview = preview
        self._lock = Lock()

    @override
    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the real engine forms it: all types on the way from the stack, but only the resource's own name.

        See https://www.pulumi.com/docs/iac/concepts/resources/names/#urns.
        """
        above = parent.split("::")[2] if parent else STACK
        qualified = type_ if above == STACK else f"{above}${type_}"
        return "::".join([f"urn:pulumi:{settings.get_stack()}", settings.get_project(), qualified, name])

    @override
    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        registration = Registration(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            inputs=decoded(request.object),
            provider=request.provider,
            dependencies=frozenset(request.dependencies),
            secret_outputs=frozenset(request.additionalSecretOutputs),
        )
        with self._lock:
            self.registrations.append(registration)
        if self._preview:
            # What a provider will answer is not known before an update, except that the resource will exist.
            return resource_pb2.RegisterResourceResponse(urn=urn)
        identity = f"id-of-{request.name}" if request.custom else ""
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=request.object)
        if registration.is_image:
            answer.object.update(_pushed(registration.inputs))
        return answer

    @override
    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Empty:
        with self._lock:
            self.outputs[request.urn] = decoded(request.outputs)
        return Empty()
