"""ConfigMaps and Secrets of the catalogue."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from components.faults import fault
from components.scalars import ConfigKey
from components.specs.base import Finding, Spec
from components.specs.tags import tag, tag_by_key


class ConfigFile(Spec):
    """Text that stands in a file beside the catalogue: ``{file: config/app.yaml}``."""

    file: str


ConfigText = Annotated[
    Annotated[str, tag("text")] | Annotated[ConfigFile, tag("file")], tag_by_key("file", otherwise="text")
]


class ConfigMapEntry(Spec):
    """A ConfigMap: its content, or the word that somebody else makes it."""

    data: dict[ConfigKey, ConfigText] = {}
    existing: bool = Field(False, description="Made by somebody else; services may refer to it.")

    def findings(self) -> Iterator[Finding]:
        """Yield a ConfigMap that is both ours and somebody else's."""
        if self.existing == bool(self.data):
            yield (
                (),
                fault(
                    "has data and is existing" if self.existing else "has no data",
                    consequence="two owners would overwrite each other" if self.existing else "it would be empty",
                    fix="give it data, or say 'existing: true'",
                ),
            )


class SecretEntry(Spec):
    """A Secret: the keys whose values each stack supplies, or the word that somebody else makes it."""

    keys: tuple[ConfigKey, ...] = ()
    type: str = "Opaque"
    existing: bool = Field(False, description="Made by somebody else; services may refer to it.")

    def findings(self) -> Iterator[Finding]:
        """Yield a Secret that is both ours and somebody else's."""
        if self.existing == bool(self.keys):
            yield (
                (),
                fault(
                    "has keys and is existing" if self.existing else "names no keys",
                    consequence="nobody could tell who supplies its values",
                    fix="list its keys, or say 'existing: true'",
                ),
            )
