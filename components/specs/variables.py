"""Environment variables: literals, references, and whole ConfigMaps and Secrets."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from components.faults import fault
from components.scalars import ConfigKey, DnsSubdomain, PodField
from components.specs.base import Finding, Spec
from components.specs.tags import tag, tag_by_key

JAVA_OPTIONS: Final = "JAVA_TOOL_OPTIONS"
"""The variable from which every JVM takes options
(https://docs.oracle.com/en/java/javase/17/docs/specs/jvmti.html#tooloptions)."""
OWN_JAVA_OPTIONS: Final = "OWN_JAVA_TOOL_OPTIONS"
"""Holds a service's own options where they come from a ConfigMap or Secret, so that both can be read."""


class FieldReference(Spec):
    """A field of the Pod, by the downward API: ``{field: metadata.name}``."""

    field: PodField


class ResourceReference(Spec):
    """A budget of a container, by the downward API: ``{resource: limits.cpu}``."""

    resource: Literal[
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
    ]
    divisor: str | None = None


class ConfigReference(Spec):
    """One key of a ConfigMap: ``{config: NAME, key: KEY}``."""

    config: DnsSubdomain
    key: ConfigKey
    optional: bool = Field(False, description="Start without the variable where the object or key is missing.")


class SecretReference(Spec):
    """One key of a Secret: ``{secret: NAME, key: KEY}``."""

    secret: DnsSubdomain
    key: ConfigKey
    optional: bool = Field(False, description="Start without the variable where the object or key is missing.")


def _scalar_as_text(value: Any) -> Any:
    """Write YAML's numbers and booleans as a shell would see them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


EnvironmentValue = Annotated[
    Annotated[str, BeforeValidator(_scalar_as_text, json_schema_input_type=str | int | float | bool), tag("literal")]
    | Annotated[FieldReference, tag("field")]
    | Annotated[ResourceReference, tag("resource")]
    | Annotated[ConfigReference, tag("config")]
    | Annotated[SecretReference, tag("secret")],
    tag_by_key("field", "resource", "config", "secret", otherwise="literal"),
]
"""The value of a variable: a literal (``$(NAME)`` refers to a variable above it) or a reference."""


class ConfigSource(Spec):
    """All keys of a ConfigMap as variables."""

    config: DnsSubdomain
    prefix: str = ""
    optional: bool = False


class SecretSource(Spec):
    """All keys of a Secret as variables."""

    secret: DnsSubdomain
    prefix: str = ""
    optional: bool = False


EnvironmentSource = Annotated[
    Annotated[ConfigSource, tag("config")] | Annotated[SecretSource, tag("secret")],
    tag_by_key("config", "secret"),
]


_REFERENCE: Final = re.compile(r"\$\$|\$\(([^)]*)\)")
"""An escaped dollar sign, or a reference; Kubernetes reads a value from left to right."""


def forward_references(env: Mapping[str, EnvironmentValue]) -> Iterator[Finding]:
    """Yield each variable that refers to one that is defined after it, as Kubernetes expands in order."""
    names = list(env)
    for index, (name, value) in enumerate(env.items()):
        if not isinstance(value, str):
            continue
        for later in dict.fromkeys(found[1] for found in _REFERENCE.finditer(value) if found[1] in names[index:]):
            yield (
                ("env", name),
                fault(
                    f"refers to $({later}), which is {'itself' if later == name else 'defined after it'}",
                    consequence=f"Kubernetes leaves the text $({later}) in the value",
                    fix=f"move {later} above {name}, or write $$({later}) for the text itself",
                ),
            )
