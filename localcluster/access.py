"""Access to the control plane as its administrator."""

from __future__ import annotations

import base64
import http.client
import ssl
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from launcher.private_file import write_private
from localcluster.certificates import Authority, KeyPair

ADMINISTRATORS = "system:masters"
"""The group that may do everything, whatever the RBAC rules say."""
REQUEST_TIMEOUT = 10.0
"""Seconds."""


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """One who may do everything on the API server at `url`, by client certificate."""

    url: str
    authority: bytes
    identity: KeyPair
    context: str = "localcluster"

    @classmethod
    def of(cls, authority: Authority, *, url: str) -> Administrator:
        """The administrator whom the server at `url` believes when `authority` is its client authority."""
        identity = authority.client("localcluster-administrator", group=ADMINISTRATORS)
        return cls(url=url, authority=authority.certificate, identity=identity)

    def write_kubeconfig(self, folder: Path) -> Path:
        """Write a self-contained kubeconfig, mode 0600, and give its path."""
        path = folder / "kubeconfig"
        write_private(path, yaml.safe_dump(self._kubeconfig(), sort_keys=False).encode())
        return path

    def finds(self, path: str) -> bool:
        """Whether the server answers a GET of `path` with 200. Not being reachable yet is a no."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPSConnection(
            str(parts.hostname), parts.port, timeout=REQUEST_TIMEOUT, context=self._tls
        )
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.authority.decode())
        with tempfile.NamedTemporaryFile() as pair:  # the ssl module takes a certificate and key from files alone
            pair.write(self.identity.certificate + self.identity.key)
            pair.flush()
            context.load_cert_chain(pair.name)
        return context

    def _kubeconfig(self) -> dict[str, Any]:
        def encoded(pem: bytes) -> str:
            return base64.b64encode(pem).decode()

        cluster = {"server": self.url, "certificate-authority-data": encoded(self.authority)}
        user = {
            "client-certificate-data": encoded(self.identity.certificate),
            "client-key-data": encoded(self.identity.key),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": self.context, "cluster": cluster}],
            "users": [{"name": self.context, "user": user}],
            "contexts": [{"name": self.context, "context": {"cluster": self.context, "user": self.context}}],
            "current-context": self.context,
        }
