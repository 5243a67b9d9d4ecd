"""`python -m bench.images [--ca-bundle FILE]`: build the shop's images from nothing, then again, and print a table.

Builds happen in a BuildKit and a registry of their own, empty at first; the launcher's `up` in the engine and the local
registry, which this starts. It needs root.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from bench.measure import BenchFailed
from bench.projects import REPOSITORY
from bench.table import Row, markdown
from bench.unchanged_images import unchanged
from components.specs.images import ImageBuildSpec
from launcher.buildx import buildx_binary
from launcher.failures import Failure
from launcher.standin.docker.registry import MANIFEST_TYPES
from localregistry import buildkit, operations, registry
from localregistry.building import Built, build
from stacks.loader import validate

STACK: Final = "ci"
BUILDER: Final = f"polyglot-bench-{os.getpid()}"
LIMITS: Final = {"go": "< 25 MB", "java": "< 120 MB", "python": "none"}
"""Language → what its images may have, unpacked."""
SOURCES: Final = {"go": ".go", "java": ".java", "python": ".py"}
COMMENTS: Final = {"go": "//", "java": "//", "python": "#"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__)
    help_of_bundle = "CA certificates that builds need on a network that intercepts TLS"
    parser.add_argument("--ca-bundle", type=Path, metavar="FILE", help=help_of_bundle)
    ca_bundle = parser.parse_args().ca_bundle
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers must not outlive the run
    try:
        with tempfile.TemporaryDirectory(prefix="polyglot-bench-") as folder:
            local = operations.up()
            rows = _measured(Path(folder), ca_bundle and ca_bundle.resolve())
            os.environ["DOCKER_HOST"] = local.engine.address
            rows += unchanged(Path(folder), ca_bundle and ca_bundle.resolve())
    except (BenchFailed, Failure) as failure:
        parser.exit(1, f"error: {failure}\n")
    print(markdown(rows))


@dataclass(frozen=True)
class _Bench:
    """Where builds take place, and from which sources."""

    project: Path
    builder: str
    ca_bundle: Path | None

    def seconds(self, spec: ImageBuildSpec, expected: Callable[[Built], bool]) -> float:
        """Build and push, and return how long it took. Raises BenchFailed where it was not the build that is meant."""
        began = time.perf_counter()
        built = build(spec, project=self.project, builder=self.builder, ca_bundle=self.ca_bundle)
        taken = time.perf_counter() - began
        if not expected(built):
            raise BenchFailed(f"the build of {spec.name} did {list(built.ran)}, so it measures something else")
        return taken


def _measured(folder: Path, ca_bundle: Path | None) -> list[Row]:
    platform = validate(STACK)
    languages = {name: str(platform.workloads[name].spec.language) for name in platform.images.builds}
    for name in ("buildkit", "registry"):
        (folder / name).mkdir()
    shutil.copytree(REPOSITORY / "services", folder / "services", symlinks=True, ignore=_left_out)
    with ExitStack() as stack:
        address = stack.enter_context(registry.running(folder / "registry"))
        daemon = stack.enter_context(buildkit.running(folder / "buildkit"))
        bench = _Bench(folder, stack.enter_context(buildkit.builder(buildx_binary(), BUILDER, daemon)), ca_bundle)
        specs = {
            name: spec.model_copy(update={"registry": f"{address}/shop", "push": True})
            for name, spec in platform.images.builds.items()
        }
        cold = _timed("from nothing", bench, specs, lambda built: bool(built.ran))
        warm = _timed("again", bench, specs, lambda built: not built.ran)
        sizes = {name: _sizes(address, spec) for name, spec in specs.items()}
        for name, language in languages.items():
            _change(folder / "services" / name, language)
        changed = _timed("with one line changed", bench, specs, lambda built: bool(built.ran and built.cached))
    return [
        *(Row(f"{name} from nothing", "s", seconds, None, "none") for name, seconds in cold.items()),
        *(Row(f"{name} with one line changed", "s", changed[name], cold[name], "< 0.5") for name in specs),
        *(Row(f"{name} again, nothing changed", "s", warm[name], cold[name], "< 0.1") for name in specs),
        *(Row(f"image of {name}, unpacked", "MB", sizes[name][1], None, LIMITS[languages[name]]) for name in specs),
        *(Row(f"image of {name}, as it travels", "MB", *sizes[name], "none") for name in specs),
    ]


def _timed(
    what: str, bench: _Bench, specs: Mapping[str, ImageBuildSpec], expected: Callable[[Built], bool]
) -> dict[str, float]:
    """Build all, one after another, and return each one's seconds."""
    taken: dict[str, float] = {}
    for name, spec in specs.items():
        print(f"Building {name} {what} ...", file=sys.stderr, flush=True)
        taken[name] = bench.seconds(spec, expected)
    return taken


def _change(folder: Path, language: str) -> None:
    """Add a line to one source file of a service."""
    suffix = SOURCES[language]
    source = min(path for path in folder.rglob(f"[Mm_]*ain*{suffix}") if "test" not in path.parts)
    source.write_text(f"{source.read_text()}{COMMENTS[language]} a line\n")


def _sizes(address: str, spec: ImageBuildSpec) -> tuple[float, float]:
    """Return the size of an image's layers as the registry keeps them, and unpacked, in megabytes."""
    repository = f"http://{address}/v2/shop/{spec.name}"
    with requests.Session() as session:
        session.trust_env = False  # no proxy for what is on this machine
        session.headers["Accept"] = MANIFEST_TYPES
        manifest = session.get(
            f"{repository}/manifests/{spec.tag}", headers={"Accept": MANIFEST_TYPES}, timeout=30
        ).json()
        if "manifests" in manifest:  # an index: the image, and what is attested of it
            digest = next(one["digest"] for one in manifest["manifests"] if one["platform"]["os"] != "unknown")
            manifest = session.get(
                f"{repository}/manifests/{digest}", headers={"Accept": MANIFEST_TYPES}, timeout=30
            ).json()
        blobs = [
            session.get(f"{repository}/blobs/{layer['digest']}", timeout=60).content for layer in manifest["layers"]
        ]
    packed = sum(len(blob) for blob in blobs)
    return packed / 1e6, sum(len(gzip.decompress(blob)) for blob in blobs) / 1e6


def _left_out(folder: str, names: list[str]) -> set[str]:
    # What no build sees and a checkout may hold.
    return {name for name in names if name in {"target", ".venv", "__pycache__"}} if folder else set()


if __name__ == "__main__":
    main()
