"""A plain HTTP client for the API server, which shows status codes, warnings and bodies as they are."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from localcluster.control_plane import ControlPlane

PATIENCE = 60.0
"""Seconds that a controller may take; a deleted namespace stays for 5 at least."""


@dataclass(frozen=True)
class Api:
    """Requests to one API server, as whoever the certificate names."""

    url: str
    authority: Path
    certificate: Path | None

    def get(self, path: str) -> requests.Response:
        return self._request("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self._request("POST", f"{path}?fieldValidation=Strict", body)

    def delete(self, path: str) -> requests.Response:
        return self._request("DELETE", path)

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        certificate = None if self.certificate is None else str(self.certificate)
        return requests.request(
            method, self.url + path, json=body, verify=str(self.authority), cert=certificate, timeout=10
        )


def as_administrator(control_plane: ControlPlane, folder: Path) -> Api:
    """Log in with what the kubeconfig holds, and nothing else."""
    config = yaml.safe_load(control_plane.kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority, pair = folder / "authority.crt", folder / "administrator.pem"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    encoded = (user["client-certificate-data"], user["client-key-data"])
    pair.write_bytes(b"".join(base64.b64decode(part) for part in encoded))
    return Api(cluster["server"], authority, pair)


def eventually(condition: Callable[[], bool], why: str) -> None:
    """Wait for something that a controller does in its own time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {why}"
        time.sleep(0.1)
