"""A copy of the project with a small shop in it, whose stack `cluster` runs on the API server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.manifests import Manifest
from launcher import engine
from stacks.assembly import compose
from stacks.loader import validate
from tests.apiserver.cluster import Cluster, Key, path_of, settings
from tests.apiserver.controllers import Node
from tests.engine.project import command, copy_to, edit, environment, launch

STACK = "cluster"
NAMESPACE = "shop"
_HERE = Path(__file__).parent
_INITIAL_SECRETS = {
    "users-db": {"username": "keeper-of-the-users", "password": "correct-horse-battery-staple"},
    "payment": {"token": "a-token-worth-stealing"},
}


@dataclass(frozen=True)
class Shop:
    """The project, the cluster that it runs on, and the node that runs its Pods."""

    project: Path
    node: Node
    kubeconfig: Path
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    """Secret → key → value, as the stack's encrypted configuration has them."""
    printed: list[str] = field(default_factory=list)
    """What every run so far has printed."""
    spoken: list[str] = field(default_factory=list)
    """Every secret value that the stack has ever had."""

    @classmethod
    def opened(cls, folder: Path, node: Node, kubeconfig: Path) -> Shop:
        """Copy the project into `folder`, and give its stack its secrets, as a person does it: with the CLI."""
        shop = cls(copy_to(folder), node, kubeconfig)
        shutil.copy(_HERE / f"Pulumi.{STACK}.yaml", shop.project / "stacks")
        shop.restock()
        state = shop.project / ".state"
        state.mkdir(mode=0o700)
        (state / "passphrase").write_text("known to this test alone")
        shop._pulumi("stack", "init", STACK)
        for name, values in _INITIAL_SECRETS.items():
            for key, value in values.items():
                shop.set_secret(name, key, value)
        return shop

    def restock(self) -> None:
        """Bring back the catalogue as it was at first."""
        shutil.copy(_HERE / "catalogue.yaml", self.project / "stacks")

    @property
    def cluster(self) -> Cluster:
        """The cluster, past the program."""
        return self.node.cluster

    def set_secret(self, name: str, key: str, value: str) -> None:
        """Put a value into the stack's configuration, encrypted."""
        path = f"polyglot:secrets.{name}.{key}"
        self._pulumi("config", "set", "--stack", STACK, "--secret", "--path", path, value)
        self.secrets.setdefault(name, {})[key] = value
        self.spoken.append(value)

    def run(self, operation: str, *options: str, expect: int = 0) -> str:
        """Run the launcher on the stack, check its exit code, and return what it printed."""
        with pytest.MonkeyPatch.context() as variables:
            variables.setenv("KUBECONFIG", str(self.kubeconfig))
            output = launch(self.project, operation, STACK, *options, expect=expect)
        self.printed.append(output)
        return output

    def start(self, operation: str) -> subprocess.Popen[str]:
        """Start the launcher on the stack, for a test that doesn't let it end by itself."""
        return subprocess.Popen(
            command(operation, STACK),
            cwd=self.project,
            env={**environment(), "KUBECONFIG": str(self.kubeconfig)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def configure(self, old: str, new: str) -> None:
        """Replace the one place where the catalogue says `old`."""
        edit(self.project / "stacks" / "catalogue.yaml", old, new)

    def add_service(self, name: str, service: dict[str, Any]) -> None:
        """Put a service into the catalogue, in place of one of that name."""
        path = self.project / "stacks" / "catalogue.yaml"
        catalogue = yaml.safe_load(path.read_text())
        catalogue["services"][name] = service
        path.write_text(yaml.safe_dump(catalogue, sort_keys=False))

    def wanted(self) -> list[Manifest]:
        """Every object as the configuration has it now, secrets included."""
        parts = compose(validate(STACK, self.project), self.secrets)
        return [body for part in parts for body in part.manifests()]

    def wanted_one(self, kind: str, name: str) -> Manifest:
        """The one object of that kind and name."""
        (body,) = (body for body in self.wanted() if (body["kind"], body["metadata"]["name"]) == (kind, name))
        return body

    def recorded(self) -> list[dict[str, Any]]:
        """Every resource in the state."""
        state = json.loads((self.project / ".state" / ".pulumi" / "stacks" / "polyglot" / f"{STACK}.json").read_text())
        return (state["checkpoint"]["latest"] or {}).get("resources") or []

    def changes_since(self, earlier: dict[Key, Manifest]) -> set[str]:
        """Kind and name of every object on which something else is set than earlier."""
        now = self.set_now()
        keys = {key for key in earlier.keys() | now.keys() if earlier.get(key) != now.get(key)}
        return {f"{kind.rpartition('/')[2]} {name}" for kind, _, name in keys}

    def set_now(self) -> dict[Key, Manifest]:
        """What is set on every object of the stack, without statuses."""
        return settings(self.live())

    def live(self) -> dict[Key, Manifest]:
        """Every object of the stack that exists, as it is now."""
        return self.cluster.live(self.wanted())

    def live_one(self, kind: str, name: str) -> Manifest:
        """The one object of that kind and name, as it is now."""
        found = self.cluster.get(path_of(self.wanted_one(kind, name)))
        assert found is not None, f"there is no {kind} {name} in the cluster"
        return found

    def leaks(self) -> list[str]:
        """Every place that shows a secret value as it is or in base64: of the state, the project, and all output."""
        texts = {str(number): text for number, text in enumerate(self.printed)}
        for path in self.project.rglob("*"):
            if path.is_file():
                texts[path.relative_to(self.project).as_posix()] = path.read_text(errors="replace")
        hidden = [form for value in self.spoken for form in (value, b64encode(value.encode()).decode())]
        return [place for place, text in texts.items() if any(form in text for form in hidden)]

    def _pulumi(self, *arguments: str) -> None:
        state = self.project / ".state"
        variables = {
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(state / "passphrase"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        command = [str(engine.pulumi_binary()), "--non-interactive", *arguments]
        ended = subprocess.run(
            command,
            cwd=self.project,
            env={**environment(), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == os.EX_OK, f"{arguments[:2]}: {ended.stderr}"
