"""What Maven's central repository has, and a pom.xml of ours pins."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from launcher import cache
from launcher.failures import ToolUnavailable
from launcher.progress import say


def pinned_version(project: Path, artifact: str) -> str:
    """Return the version at which the pom.xml in the folder `project` names `artifact`."""
    file = project / "pom.xml"
    found = re.search(rf"<artifactId>{re.escape(artifact)}</artifactId><version>([^<]+)</version>", file.read_text())
    if found is None:
        raise ToolUnavailable(f"{file} names no version of {artifact}, so it can't be fetched.")
    return found[1]


def jars(project: Path, name: str) -> Path:
    """Return the folder with all that the pom.xml in `project` depends on, fetched first if the cache lacks it.

    `name` is for people. Raises ToolUnavailable, with Maven's words, when they can't be had.
    """
    digest = hashlib.sha256((project / "pom.xml").read_bytes()).hexdigest()[:16]
    folder = cache.folder() / "tools" / f"{name}-{digest}"
    lock = cache.folder() / "locks" / folder.name
    with cache.locked(lock, lambda: say(f"Another process fetches {name}; waiting for it.")):
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            _fetch(project, name, folder)
    return folder


def _fetch(project: Path, name: str, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ToolUnavailable(f"{name} comes from Maven, and PATH has no mvn (on Debian: maven).")
    say(f"Fetching {name} from Maven's central repository (once, some seconds) ...")
    # There afterwards completely or not at all.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        partial = Path(scratch) / "lib"
        command = [maven, "--batch-mode", "--no-transfer-progress", "--strict-checksums"]
        command += [f"--file={project / 'pom.xml'}", "dependency:copy-dependencies", f"-DoutputDirectory={partial}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ToolUnavailable(f"{name} could not be fetched:\n{done.stdout}{done.stderr}")
        partial.rename(folder)
