"""The five services, built as their images build them, and the command that starts each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from launcher.golang import go_binary, required_version
from localregistry import debian

SERVICES: Final = Path(__file__).parents[3] / "services"
GO: Final = ("gateway", "orders")
JAVA: Final = ("users", "fulfilment")
PYTHON: Final = "recommendations"
BUILD_TIME: Final = 1200.0
"""Seconds; a first build on a bare machine downloads every library of every language."""


@dataclass(frozen=True, kw_only=True)
class Builds:
    """How each service is started."""

    commands: Mapping[str, Sequence[str]]
    """Service → command."""
    protos: Path
    """The descriptors of every contract: a FileDescriptorSet."""


def build(folder: Path) -> Builds:
    """Build everything, side by side; what is not kept beside the sources lands in `folder`."""
    protos = folder / "protos.binpb"
    steps: list[Callable[[], None]] = [_java, _python, lambda: _go(folder), lambda: _protos(protos)]
    with ThreadPoolExecutor(len(steps)) as pool:
        for step in [pool.submit(step) for step in steps]:
            step.result()
    python = SERVICES / PYTHON
    commands = {name: [str(folder / name)] for name in GO}
    commands |= {name: ["java", "-jar", str(SERVICES / name / "target" / f"{name}.jar")] for name in JAVA}
    # -P and PYTHONPATH, since the service runs in a folder of its own, and not in that of its sources.
    commands[PYTHON] = [
        "env", f"PYTHONPATH={python}", str(python / ".venv" / "bin" / "python"), "-P", "-m", PYTHON
    ]  # fmt: skip
    return Builds(commands=commands, protos=protos)


def go() -> Path:
    """The Go that builds the services."""
    return go_binary(required_version(SERVICES))


def java() -> None:
    """Make sure that there are a JDK and Maven."""
    with debian.installing():
        run(["make", "--no-print-directory", "java"], SERVICES)


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a build's or test's command, and give what it printed; fails with that where the command fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_TIME,
        check=False,
    )
    words = " ".join(map(str, command))
    assert done.returncode == 0, f"'{words}' in {folder} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def _go(folder: Path) -> None:
    # Tags as in the Dockerfiles: without gRPC's own tracing, what links is smaller.
    command = [go(), "build", "-tags", "grpcnotrace", "-o", f"{folder}/", *(f"./{name}" for name in GO)]
    run(command, SERVICES, {"CGO_ENABLED": "0"})


def _java() -> None:
    java()
    maven = ["mvn", "--batch-mode", "--no-transfer-progress", "--quiet", "-Dmaven.test.skip=true", "package"]
    run(maven, SERVICES / "java")


def _python() -> None:
    run(["make", "--no-print-directory", f"{PYTHON}/.venv/.pins-installed"], SERVICES)
    run([".venv/bin/python", "generate.py"], SERVICES / PYTHON)


def _protos(path: Path) -> None:
    buf = Path(sys.executable).with_name("buf")
    run([buf, "build", "proto", "--output", path], SERVICES)
