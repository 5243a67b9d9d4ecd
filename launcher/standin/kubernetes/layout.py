"""Where a rendered manifest is written, and how: the official provider's folder layout, as deterministic YAML.

Pure, and free of Pulumi and gRPC: `launcher render` writes the same files from the core alone.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml
from typing_extensions import override

DEFINITIONS = "0-crd"
"""Folder of the CustomResourceDefinitions: first in the alphabet, so that `kubectl apply -R -f` meets them first."""
MANIFESTS = "1-manifest"
"""Folder of every other object."""

_READ_AS_SOMETHING_ELSE = re.compile(
    r"[-+]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)([eE][-+]?\d+)?|[-+]?0[xXoObB][0-9a-fA-F_]+|[yYnN]",
)
"""Strings that PyYAML would leave without quotes, but that kubectl's YAML reader takes for a number or a boolean."""


def file_of(manifest: Mapping[str, Any]) -> PurePosixPath:
    """The file of a manifest, relative to the render folder, as the official provider names it.

    `1-manifest/apps_v1-deployment-shop-users.yaml`; an object without a namespace has `default` in its place.
    Raises ValueError where the manifest's own words don't make a file name.
    """
    metadata = manifest["metadata"]
    version = re.sub("[/:]", "_", manifest["apiVersion"])
    name = f"{version}-{manifest['kind'].lower()}-{metadata.get('namespace') or 'default'}-{metadata['name']}.yaml"
    if "/" in name or "\0" in name:
        raise ValueError(
            f"{manifest['kind']} {metadata['name']!r} can't be written: its name or namespace holds a '/'. "
            "Kubernetes accepts no such name; correct metadata.name or metadata.namespace."
        )
    is_definition = manifest["kind"] == "CustomResourceDefinition"
    return PurePosixPath(DEFINITIONS if is_definition else MANIFESTS, name)


def document(manifest: Mapping[str, Any]) -> str:
    """The manifest as one YAML document, ending in a newline.

    Keys are sorted, as the official provider's; no aliases; text of several lines is a block; and every string that a
    YAML 1.1 or 1.2 reader might take for something else has quotes.
    """
    return yaml.dump(
        dict(manifest), Dumper=_Dumper, sort_keys=True, default_flow_style=False, allow_unicode=True, width=1_000_000
    )


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """PyYAML's safe dumper, with Kubernetes' readers in mind."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        """Never an anchor: a body that is used twice is written twice."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if _READ_AS_SOMETHING_ELSE.fullmatch(text):
        style = "'"
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
