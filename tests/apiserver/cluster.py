"""What the API server holds: an administrator's view, beside the program and the stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from components.manifests import Manifest, resource_token
from launcher.standin.kubernetes.kinds import BUILT_IN
from localcluster.control_plane import ControlPlane
from tests.localcluster.api import as_administrator

Key = tuple[str, str, str]
"""An object's group, version and kind; its namespace, empty where it has none; its name."""
MERGE = "application/merge-patch+json"
STRATEGIC_MERGE = "application/strategic-merge-patch+json"


def key_of(body: Manifest) -> Key:
    """What tells an object from every other."""
    metadata = body["metadata"]
    return f"{body['apiVersion']}/{body['kind']}", metadata.get("namespace", ""), metadata["name"]


def path_of(body: Manifest) -> str:
    """The object's address. Its plural comes from the table of the official type tokens."""
    kind, namespace = BUILT_IN[resource_token(body)], body["metadata"].get("namespace")
    root = "/apis" if "/" in kind.api_version else "/api"
    inside = f"/namespaces/{namespace}" if kind.namespaced else ""
    return f"{root}/{kind.api_version}{inside}/{kind.plural}/{body['metadata']['name']}"


@dataclass(frozen=True)
class Cluster:
    """Requests to one API server; connections are kept, as there are hundreds of requests."""

    url: str
    session: requests.Session

    @classmethod
    def of(cls, control_plane: ControlPlane, folder: Path) -> Cluster:
        """Log in with what the kubeconfig holds; the certificates are written into `folder`."""
        api = as_administrator(control_plane, folder)
        session = requests.Session()
        session.trust_env = False  # no proxy for what is on this machine
        session.verify, session.cert = str(api.authority), str(api.certificate)
        return cls(api.url, session)

    def request(self, method: str, path: str, body: Any = None, content: str = "application/json", **query: str) -> Any:
        """Send a request, and return the answer as it is."""
        return self.session.request(
            method, self.url + path, json=body, params=query, headers={"Content-Type": content}, timeout=20
        )

    def get(self, path: str) -> Manifest | None:
        """Return what is at `path`, or None."""
        answer = self.request("GET", path)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        return answer.json()

    def items(self, path: str) -> list[Manifest]:
        """Return every object of a collection."""
        answer = self.request("GET", path)
        answer.raise_for_status()
        return answer.json()["items"]

    def live(self, bodies: list[Manifest]) -> dict[Key, Manifest]:
        """Return those of the objects that exist, as they are now."""
        found = {key_of(body): self.get(path_of(body)) for body in bodies}
        return {key: body for key, body in found.items() if body is not None}

    def edit(self, path: str, change: Manifest, *, manager: str) -> None:
        """Change an object as somebody does who edits it by hand: lists merge as in `kubectl edit`."""
        self.request("PATCH", path, change, STRATEGIC_MERGE, fieldManager=manager).raise_for_status()


def settings(bodies: dict[Key, Manifest]) -> dict[Key, Manifest]:
    """Return what somebody has set on each object: neither status, nor what the server and controllers write down."""
    return {key: _settings(body) for key, body in bodies.items()}


def _settings(body: Manifest) -> Manifest:
    metadata = {name: body["metadata"].get(name) for name in ("name", "namespace", "labels", "uid")}
    annotations = body["metadata"].get("annotations") or {}
    metadata["annotations"] = {
        name: value for name, value in annotations.items() if not name.startswith("deployment.kubernetes.io/")
    }
    rest = {name: value for name, value in body.items() if name not in ("metadata", "status")}
    return {"metadata": metadata, **rest}
