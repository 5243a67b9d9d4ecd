"""What is in an image: its configuration, and every file of every layer, those included that a later layer hides."""

from __future__ import annotations

import io
import json
import ssl
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

import docker

SHELLS: Final = {"sh", "ash", "bash", "dash", "busybox", "zsh"}
INSTALLERS: Final = {"apk", "apt", "apt-get", "dpkg", "microdnf", "pip", "pip3", "rpm", "yum"}
_BINARIES: Final = {"bin", "sbin"}


@dataclass(frozen=True)
class File:
    """A file of one layer; `content` is empty where it is a link or a folder."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image of the engine's store."""

    reference: str
    identity: str
    """The digest of its configuration, and with it of everything."""
    size: int
    """Bytes, unpacked."""
    configuration: dict[str, Any]
    """User, labels, ports: https://github.com/opencontainers/image-spec/blob/main/config.md."""
    written: bytes = field(repr=False)
    """The configuration as it is kept, with the history of how the image was made."""
    files: tuple[File, ...] = field(repr=False)

    @classmethod
    def read(cls, client: docker.DockerClient, reference: str) -> Image:
        """Read an image whole."""
        found = client.images.get(reference)
        with tempfile.TemporaryFile() as archive:
            for chunk in found.save():
                archive.write(chunk)
            archive.seek(0)
            with tarfile.open(fileobj=archive) as parts:
                (manifest,) = json.loads(_content(parts, "manifest.json"))
                written = _content(parts, manifest["Config"])
                files = tuple(file for layer in manifest["Layers"] for file in _files(_content(parts, layer)))
        return cls(
            reference=reference,
            identity=str(found.id),
            size=found.attrs["Size"],
            configuration=found.attrs["Config"],
            written=written,
            files=files,
        )

    def programs(self) -> set[str]:
        """The names of everything in its bin folders."""
        paths = [PurePosixPath(file.path) for file in self.files]
        return {path.name for path in paths if path.parent.name in _BINARIES}

    def content(self, path: str) -> bytes:
        """The content of a file, as a container sees it."""
        found = [file.content for file in self.files if file.path == path.lstrip("/")]
        assert found, f"{self.reference} has no {path}"
        return found[-1]

    def places_of(self, certificate: bytes) -> list[str]:
        """Where in the image a PEM certificate can be found, as text or binary, if anywhere."""
        binary = ssl.PEM_cert_to_DER_cert(certificate.decode())
        # Any line of the text but the first, which many certificates have in common.
        line = certificate.splitlines()[3]
        places = [file.path for file in self.files if line in file.content or binary in file.content]
        return places + (["its configuration"] if line in self.written else [])


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None, f"{name} is a file of every saved image"
    return file.read()


def _files(layer: bytes) -> Iterator[File]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            yield File(member.name.lstrip("./"), file.read() if file else b"")
