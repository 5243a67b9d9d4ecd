"""The custom resource definitions of what clusters run beside this platform, from the Go modules that publish them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from launcher.failures import ToolUnavailable
from launcher.golang import go_binary, required_version

MODULE: Final = Path(__file__).parent / "crds"
"""Its go.mod pins the versions, its go.sum what they contain."""
_OPERATOR: Final = "example/prometheus-operator-crd/monitoring.coreos.com_"
FILES: Final = {
    "istio.io/api": ("kubernetes/customresourcedefinitions.gen.yaml",),
    "sigs.k8s.io/gateway-api": ("config/crd/standard/*.yaml",),
    "github.com/cert-manager/cert-manager": ("deploy/crds/cert-manager.io_certificates.yaml",),
    "github.com/prometheus-operator/prometheus-operator": tuple(
        f"{_OPERATOR}{kind}.yaml" for kind in ("podmonitors", "prometheusrules", "servicemonitors")
    ),
}
"""Module → its definitions; only what is rendered here, as an API server takes a while to install each.

Of the Gateway API the standard channel alone, as routes here use nothing else.
"""

Definition = dict[str, Any]


@cache
def definitions() -> tuple[Definition, ...]:
    """Return every CustomResourceDefinition, as published. Raises ToolUnavailable."""
    return tuple(definitions_of(MODULE))


def definitions_of(module: Path) -> Iterator[Definition]:
    """Yield the definitions in the modules that the go.mod in the folder `module` requires.

    Go downloads what its module cache lacks, and refuses what the go.sum does not know. Raises ToolUnavailable.
    """
    folders = _downloaded(module)
    for path, patterns in FILES.items():
        for file in sorted(file for pattern in patterns for file in folders[path].glob(pattern)):
            documents = yaml.load_all(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            yield from (body for body in documents if body and body["kind"] == "CustomResourceDefinition")


def _downloaded(module: Path) -> dict[str, Path]:
    """Return the folder of each module, in Go's module cache."""
    go = go_binary(required_version(module))
    command = [str(go), "mod", "download", "-json", *FILES]
    finished = subprocess.run(command, cwd=module, capture_output=True, text=True, check=False)
    answers = list(_objects(finished.stdout))
    errors = [answer["Error"] for answer in answers if "Error" in answer]
    if errors or finished.returncode != 0:
        raise ToolUnavailable(
            f"'go mod download' could not get what {module / 'go.mod'} requires, so no custom resource can be checked. "
            f"Go said:\n{finished.stderr.strip()}\n" + "\n".join(errors)
        )
    return {answer["Path"]: Path(answer["Dir"]) for answer in answers}


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects that stand one after another."""
    decoder, text = json.JSONDecoder(), text.strip()
    while text:
        found, end = decoder.raw_decode(text)
        yield found
        text = text[end:].lstrip()
