"""A ConfigMap or Secret as kubelets mount it: files are links through `..data`, which is swapped for a new folder.

https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path


def mount(folder: Path, files: Mapping[str, str]) -> None:
    """Put the files into `folder`, or others in place of those that it had: all change at once."""
    version = folder / f"..{time.monotonic_ns()}"
    version.mkdir(parents=True)
    for name, text in files.items():
        (version / name).write_text(text)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    fresh = folder / "..data_tmp"
    fresh.symlink_to(version.name)
    fresh.replace(folder / "..data")
