"""Registries as somebody else sees them."""

from __future__ import annotations

import http.client
from dataclasses import dataclass

ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.oci.image.manifest.v1+json"
)


@dataclass(frozen=True)
class GuardedRegistry:
    """A registry that demands a login, and one that it takes."""

    address: str
    username: str
    password: str


def digest(address: str, repository: str, reference: str) -> str | None:
    """Return the digest that the registry reports for a tag; None where it has no such image."""
    return _request("HEAD", address, repository, reference)[1]


def delete(address: str, repository: str, image: str) -> None:
    """Delete an image by its digest."""
    status, _ = _request("DELETE", address, repository, image)
    assert status == 202, f"the registry answered {status}"


def _request(method: str, address: str, repository: str, reference: str) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request(method, f"/v2/{repository}/manifests/{reference}", headers={"Accept": ACCEPT})
    answer = connection.getresponse()
    found = answer.getheader("Docker-Content-Digest") if answer.status == 200 else None
    connection.close()
    return answer.status, found
