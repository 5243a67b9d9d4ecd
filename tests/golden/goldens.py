"""Golden manifests: what each stack renders, committed, so that a review shows every change of it.

One file for each name that objects carry (a workload with all its objects and its Secret; the namespace), as a change
of the catalogue mostly touches one of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from components.identity import NAME, VERSION
from components.images.content import TAG_LENGTH
from components.observability.dashboards.index import config_map_name
from launcher.standin.kubernetes.layout import document

FOLDER: Final = Path(__file__).parent
REWRITE: Final = "run 'make golden', then review the difference with 'git diff tests/golden' and commit it"
_SEPARATOR: Final = "---\n"
CONTENT: Final = "CONTENT"
"""What stands for the tag of an image that is built here: each edit of its sources changes it."""
_CONTENT_TAG: Final = re.compile(
    rf"^( *(?:- )?image: \S+:| *{re.escape(VERSION)}: )'?[0-9a-f]{{{TAG_LENGTH}}}'?$", re.MULTILINE
)
_DASHBOARD: Final = config_map_name("")
_LONGEST_DIFF: Final = 24
"""Lines of difference shown for one object; the rest is for `git diff`."""

Files = Mapping[str, str]
"""File name → its text."""


def files(manifests: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The golden files of a render: deterministic, whatever the order of the manifests."""
    groups: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for manifest in manifests:
        text = _CONTENT_TAG.sub(rf"\g<1>{CONTENT}", document(_with_digests(manifest)))
        metadata = manifest["metadata"]
        name = (metadata.get("labels") or {}).get(NAME) or metadata["name"]
        groups[f"{name}.yaml"][title(text)] = text
    return {name: "".join(_SEPARATOR + group[key] for key in sorted(group)) for name, group in sorted(groups.items())}


def _with_digests(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """A dashboard is a thousand lines that nobody wrote: its digest shows that it changed, and its function in what."""
    if manifest["kind"] != "ConfigMap" or not manifest["metadata"]["name"].startswith(_DASHBOARD):
        return manifest
    return {**manifest, "data": {key: sha256(text.encode()).hexdigest() for key, text in manifest["data"].items()}}


def title(text: str) -> str:
    """How messages call an object: `Deployment shop/users`."""
    body = yaml.safe_load(text)
    metadata = body["metadata"]
    return f"{body['kind']} {'/'.join(filter(None, (metadata.get('namespace'), metadata['name'])))}"


def committed(folder: Path) -> dict[str, str]:
    """The golden files that a folder holds."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


def rewrite(folder: Path, wanted: Files) -> None:
    """Make a folder hold exactly these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in committed(folder).keys() - wanted.keys():
        (folder / name).unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def differences(golden: Files, rendered: Files) -> list[str]:
    """What changed, object by object, each with a short diff; and files that hold the same objects in another way."""
    old, new = _objects(golden), _objects(rendered)
    both = sorted(old.keys() & new.keys())
    found = [
        *(f"{name} changed:\n{_diff(old[name], new[name])}" for name in both if old[name] != new[name]),
        *(f"{name} is new" for name in sorted(new.keys() - old.keys())),
        *(f"{name} is no longer rendered" for name in sorted(old.keys() - new.keys())),
    ]
    if found:
        return found
    files_of_both = sorted(golden.keys() | rendered.keys())
    return [
        f"{name} differs, though no object does" for name in files_of_both if golden.get(name) != rendered.get(name)
    ]


def _objects(texts: Files) -> dict[str, str]:
    parts = (part for text in texts.values() for part in re.split(f"^{_SEPARATOR}", text, flags=re.MULTILINE) if part)
    return {title(part): part for part in parts}


def _diff(old: str, new: str) -> str:
    lines = list(unified_diff(old.splitlines(), new.splitlines(), "golden", "rendered", n=2, lineterm=""))[2:]
    shown = lines[:_LONGEST_DIFF]
    if len(lines) > len(shown):
        shown.append(f"… {len(lines) - len(shown)} more lines")
    return "\n".join(f"    {line}" for line in shown)
