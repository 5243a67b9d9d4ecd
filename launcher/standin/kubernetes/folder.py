"""The render target: one YAML file an object, in the official provider's layout. No cluster is asked anything."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from typing_extensions import override

from launcher.standin.kubernetes.layout import document, file_of
from launcher.standin.kubernetes.target import Manifest, Operation, Refused, Target
from launcher.standin.kubernetes.yaml_errors import yaml_problem


@dataclass(frozen=True)
class Folder(Target):
    """A folder of manifests."""

    root: Path
    _writing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    """An emptied subfolder is removed; meanwhile nobody may be about to write into it."""

    def problem(self) -> str | None:
        """Why nothing can be written here, if so. Nothing is created to find out."""
        there = next(path for path in (self.root, *self.root.parents) if os.path.lexists(path))
        if not there.is_dir():
            return _unwritable(self.root, f"{there} is not a folder")
        if not os.access(there, os.W_OK | os.X_OK):
            return _unwritable(self.root, f"{there} can't be written by this user")
        return None

    @override
    def create(self, manifest: Manifest, operation: Operation) -> Manifest:
        """Writes the object's file, over any that an earlier stack left there, as the official provider does."""
        if not operation.preview:
            path = self._path(manifest)
            self._write(path, document(manifest))
        return manifest

    @override
    def update(self, old: Manifest, manifest: Manifest, operation: Operation) -> Manifest:
        """Rewrites the object's file. If the file's name changed, the old one goes."""
        self.create(manifest, operation)
        if not operation.preview and file_of(old) != file_of(manifest):
            self._remove(self._path(old))
        return manifest

    @override
    def read(self, manifest: Manifest) -> Manifest | None:
        """The object as its file has it."""
        path = self._path(manifest)
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except yaml.YAMLError as error:
            raise Refused(f"{path}, {yaml_problem(error)}. Correct or delete the file.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{path} can't be read back: {error}. Correct or delete the file.") from error
        if not isinstance(found, dict):
            raise Refused(f"{path} holds no Kubernetes object, so its drift can't be told. Correct or delete the file.")
        return found

    @override
    def drifted(self, inputs: Manifest, live: Manifest) -> Manifest:
        """A file holds what the program wrote and nothing else, so all of it is input."""
        return live

    @override
    def delete(self, manifest: Manifest, operation: Operation) -> None:
        """Removes the object's file, and its subfolder if that is now empty."""
        self._remove(self._path(manifest))

    def _path(self, manifest: Manifest) -> Path:
        try:
            return self.root / file_of(manifest)
        except ValueError as error:
            raise Refused(str(error)) from error

    def _write(self, path: Path, text: str) -> None:
        with self._writing, self._explained():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # A file that appears under its name is whole. Only its owner may read it: it may hold a Secret.
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=path.parent, prefix=".", suffix=".part", delete=False
            ) as part:
                try:
                    part.write(text)
                    part.close()
                    Path(part.name).replace(path)
                except OSError:
                    Path(part.name).unlink()
                    raise

    def _remove(self, path: Path) -> None:
        with self._writing, self._explained():
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                path.parent.rmdir()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Refused(_unwritable(self.root, f"{error.strerror}: {error.filename}")) from error


def _unwritable(root: Path, why: str) -> str:
    return (
        f"The render folder {root} can't be written ({why}), so no manifest is rendered. "
        "Correct the folder's owner or mode, or name another in the stack's cluster.render-to."
    )
