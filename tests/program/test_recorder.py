"""The recorder sees each kind of violation: a check that nobody has seen fail may never fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes import Provider

from components.registration import register
from tests.program.recorder import Recording, Rejected, record
from tests.program.values import Secret

Body = dict[str, Any]


class Part(pulumi.ComponentResource):
    """A component that holds whatever a test puts into it."""

    def __init__(
        self, name: str, opts: pulumi.ResourceOptions | None = None, *, of_type: str = "polyglot:test:Part"
    ) -> None:
        super().__init__(of_type, name, {}, opts)
        self.register_outputs({})


def part(name: str = "part", **arguments: Any) -> Part:
    provider = Provider(f"kubernetes-{name}", context="test")
    return Part(name, pulumi.ResourceOptions(providers={"kubernetes": provider}), **arguments)


def config_map(name: str = "settings", namespace: str = "shop", **fields: Any) -> Body:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "value"}, **fields}


def custom(token: str, name: str, body: Body, **options: Any) -> None:
    pulumi.CustomResource(token, name, body, pulumi.ResourceOptions(**options))


@dataclass(frozen=True)
class Violation:
    """A small program that is wrong in one way, and what must be said of it."""

    what: str
    program: Callable[[], Any]
    said: str


def _same_urn() -> None:
    parent = part()
    register(config_map(), parent=parent)
    register(config_map(namespace="other"), parent=parent)


def _same_urn_through_two_parents() -> None:
    """The engine's URNs hold the types of all parents, but not their names."""
    register(config_map(), parent=part("one"))
    register(config_map(namespace="other"), parent=part("two"))


def _same_object() -> None:
    parent = part()
    custom("kubernetes:core/v1:ConfigMap", "one", config_map(), parent=parent)
    custom("kubernetes:core/v1:ConfigMap", "two", config_map(), parent=parent)


def _same_object_in_two_versions() -> None:
    parent = part()
    scaler = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "shop"}}
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 2}
    for version in ("v1", "v2"):
        register({**scaler, "apiVersion": f"autoscaling/{version}", "spec": target}, parent=parent)


def _plain_secret() -> None:
    secret = config_map() | {"kind": "Secret"}
    del secret["data"]
    secret["stringData"] = {"known": pulumi.Output.secret("hush"), "seen": "hush"}
    register(secret, parent=part())


def image(login: Any = None, *, provider: str | None = "docker", **inputs: Any) -> None:
    """An image under a component that was given a provider, or none."""
    options = pulumi.ResourceOptions(
        providers={provider: pulumi.ProviderResource(provider, provider, {})} if provider else None
    )
    body = {"imageName": "registry.example.com/shop/users:1", "registry": login, **inputs}
    custom("docker:index/image:Image", "users", body, parent=Part("users", options))


VIOLATIONS = (
    Violation("two children of one name", _same_urn, "2 resources have the URN"),
    Violation("children of one name in two components", _same_urn_through_two_parents, "2 resources have the URN"),
    Violation("one object twice", _same_object, "ConfigMap settings in shop is registered 2 times"),
    Violation("one object in two versions", _same_object_in_two_versions, "HorizontalPodAutoscaler web in shop is"),
    Violation(
        "a misspelt field",
        lambda: register(config_map(inmutable=True), parent=part()),
        "the Kubernetes schema refuses it: Additional properties are not allowed ('inmutable' was unexpected)",
    ),
    Violation(
        "a misspelt field deep inside",
        lambda: register(config_map(metadata={"name": "settings", "label": {}}), parent=part()),
        "the Kubernetes schema refuses it: metadata: Additional properties are not allowed ('label' was unexpected)",
    ),
    Violation(
        "a value of the wrong type",
        lambda: register(config_map(data={"limit": 5}), parent=part()),
        "the Kubernetes schema refuses it: data.limit: 5 is not of type 'string', 'null'",
    ),
    Violation(
        "no provider",
        lambda: register(config_map(), parent=Part("part")),
        "it names no provider, so it would go to whatever cluster kubectl points at",
    ),
    Violation(
        "no parent",
        lambda: custom(
            "kubernetes:core/v1:ConfigMap", "settings", config_map(), provider=Provider("kubernetes", context="test")
        ),
        "its parent is no component",
    ),
    Violation(
        "an object under an object",
        lambda: register(config_map("inner"), parent=register(config_map("outer"), parent=part())),
        "its parent is no component",
    ),
    Violation(
        "a token of another kind",
        lambda: custom("kubernetes:core/v1:Secret", "settings", config_map(), parent=part()),
        "the type token is wrong; apiVersion and kind of the body make it kubernetes:core/v1:ConfigMap",
    ),
    Violation(
        "a token that the provider does not know",
        lambda: register(config_map(apiVersion="v3"), parent=part()),
        "the official provider has no such type token",
    ),
    Violation("a component's token out of pattern", lambda: part(of_type="shop:Part"), "a component's is polyglot:"),
    Violation(
        "a resource of another provider",
        lambda: custom("aws:s3/bucket:Bucket", "bucket", {}, parent=part()),
        "this program makes Kubernetes objects, images and their providers",
    ),
    Violation(
        "an unknown provider argument",
        lambda: pulumi.ProviderResource("kubernetes", "kubernetes", {"context": "test", "kubeContext": "test"}),
        "the official provider has no argument 'kubeContext'",
    ),
    Violation("an image without a provider", lambda: image(provider=None), "names no provider of its package"),
    Violation(
        "an image under no component",
        lambda: custom(
            "docker:index/image:Image",
            "users",
            {"imageName": "registry.example.com/shop/users:1"},
            provider=pulumi.ProviderResource("docker", "docker", {}),
        ),
        "its parent is no component",
    ),
    Violation(
        "an unknown argument of an image",
        lambda: image(imagename="x"),
        "the official provider has no argument 'imagename'",
    ),
    Violation(
        "a login in plain text",
        lambda: image({"server": "registry.example.com", "username": "robot", "password": "hush"}),
        "the login at the registry is in plain text",
    ),
    Violation(
        "build secrets in plain text", lambda: image(secrets={"ca-bundle": "hush"}), "build secrets are in plain"
    ),
    Violation("a secret in plain text", _plain_secret, "stringData holds seen in plain text"),
)


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda violation: violation.what)
def test_a_planted_violation_is_rejected(violation: Violation) -> None:
    with pytest.raises(Rejected) as caught:
        record(violation.program)
    assert any(violation.said in reason for reason in caught.value.reasons), str(caught.value)


def test_all_violations_of_a_run_are_reported_at_once() -> None:
    def program() -> None:
        register(config_map("one", data={"limit": 5}), parent=part())
        register(config_map("two"), parent=Part("other"))

    with pytest.raises(Rejected) as caught:
        record(program)
    assert len(caught.value.reasons) == 2
    assert str(caught.value).count("\n  - ") == 2, "each on a line of its own"


def test_a_program_without_a_fault_is_recorded() -> None:
    """Else the planted programs could be rejected for something that all of them have in common."""
    recording = record(lambda: register(config_map(), parent=part()))
    assert [one.name for one in recording.objects] == ["settings"]
    assert recording.manifests() == [config_map()]


def test_an_assertion_inside_an_apply_fails_the_run() -> None:
    """Pulumi runs `apply` later, in a task of its own: what fails there must not be lost."""

    def program() -> None:
        def fail(_: Any) -> None:
            raise ValueError("seen in apply")

        part().urn.apply(fail)

    with pytest.raises(ValueError, match="seen in apply"):
        record(program)


def test_one_run_leaves_nothing_to_the_next() -> None:
    def run() -> Recording:
        return record(lambda: pulumi.export("stack", pulumi.get_stack()), "first")

    assert run().exports == run().exports == {"stack": "first"}
    assert record(lambda: None, "second").exports == {}


def test_a_secret_is_recorded_as_one_and_never_printed() -> None:
    def program() -> None:
        pulumi.export("plain", "seen")
        pulumi.export("secret", pulumi.Output.secret("hush"))

    exports = record(program).exports
    assert exports == {"plain": "seen", "secret": Secret("hush")}
    assert "hush" not in repr(exports)
