"""The launcher's commands, one function each. Each imports what it needs when it runs: so the quick ones stay quick."""

import argparse
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stacks.schema.platform import Platform


class ExitCode(IntEnum):
    """What the launcher's exit codes mean to a script."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    CHANGES = 4
    INTERRUPTED = 130


Command = Callable[[Path, argparse.Namespace], int]


def known_stacks(project: Path) -> tuple[str, ...]:
    """Return the names of the stacks that the project has settings for."""
    from launcher import workspace

    return workspace.known_stacks(project)


def versions() -> str:
    """Return one line with each version that decides how the program runs."""
    from launcher import engine

    parts = {
        "pulumi CLI": f"{engine.pinned_version()} or later",
        "pulumi SDK": metadata.version("pulumi"),
        "Kubernetes provider": metadata.version("pulumi-kubernetes"),
    }
    return ", ".join(f"{name} {version}" for name, version in parts.items())


def validate(project: Path, options: argparse.Namespace) -> ExitCode:
    """Check the configuration of a stack."""
    if _platform(project, options.stack) is None:
        return ExitCode.INVALID
    print(f"The configuration of stack '{options.stack}' is valid.")
    return ExitCode.OK


def render(project: Path, options: argparse.Namespace) -> ExitCode:
    """Print the manifests of a stack, or write them to a folder."""
    platform = _platform(project, options.stack)
    if platform is None:
        return ExitCode.INVALID
    from launcher import manifests
    from stacks.assembly import render as rendered

    objects = rendered(platform)
    if options.out is None:
        sys.stdout.write(manifests.stream(objects))
        return ExitCode.OK
    manifests.write(objects, options.out)
    print(f"Wrote {len(objects)} manifests to {options.out}.")
    return ExitCode.OK


def graph(project: Path, options: argparse.Namespace) -> ExitCode:
    """Print the service graph as Mermaid, or draw it as SVG."""
    from launcher.graph import mermaid, svg

    platform = _platform(project, options.stack)
    if platform is None:
        return ExitCode.INVALID
    if options.svg is None:
        sys.stdout.write(mermaid(platform.graph))
        return ExitCode.OK
    options.svg.write_text(svg(platform.graph, f"{platform.name}: {options.stack}"))
    print(f"Drew {len(platform.graph.nodes)} nodes and {len(platform.graph.edges)} edges into {options.svg}.")
    return ExitCode.OK


def schema(project: Path, options: argparse.Namespace) -> ExitCode:
    """Write the JSON Schemas of the configuration documents, or check that those in the project are current."""
    from launcher import schemas

    changed = schemas.outdated(project) if options.check else schemas.write(project)
    for path in changed:
        print(f"{path.relative_to(project)}: {'not current: run make schema' if options.check else 'written'}")
    if not changed:
        print("The schemas are current.")
    return ExitCode.CHANGES if changed and options.check else ExitCode.OK


def up(project: Path, options: argparse.Namespace) -> ExitCode:
    """Create or change what differs from the configuration."""
    return _deploy("up", project, options)


def preview(project: Path, options: argparse.Namespace) -> ExitCode:
    """Show what `up` would do."""
    return _deploy("preview", project, options)


def images(project: Path, options: argparse.Namespace) -> ExitCode:
    """Build the images of a stack, as `up` would, and leave all else as it is."""
    platform = _platform(project, options.stack)
    if platform is None:
        return ExitCode.INVALID
    if not platform.images.builds:
        print(
            f"Stack '{options.stack}' builds no images: its images.build is 'never', or its services name their images."
        )
        return ExitCode.OK
    from stacks.assembly import provider_packages

    return _operate("images", project, options, packages=provider_packages(platform))


def refresh(project: Path, options: argparse.Namespace) -> ExitCode:
    """Compare the state with what is really there. The configuration plays no part, so it may be invalid just now."""
    return _operate(
        "refresh",
        project,
        options,
        expect_no_changes=options.expect_no_changes,
        preview_only=options.preview_only,
    )


def destroy(project: Path, options: argparse.Namespace) -> ExitCode:
    """Delete everything that the stack made. The configuration plays no part, so it may be invalid just now."""
    return _operate("destroy", project, options)


def pulumi(project: Path, options: argparse.Namespace) -> int:
    """Run the engine's own CLI in the project, on the state that the other commands use, and return its exit code."""
    import subprocess

    from launcher import engine, state

    binary = engine.pulumi_binary()
    variables = {**state.environment(state.backend(project)), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    return subprocess.run([binary, *options.arguments], cwd=project, env=os.environ | variables, check=False).returncode


def _deploy(operation: str, project: Path, options: argparse.Namespace) -> ExitCode:
    """Carry out an operation that runs the program."""
    platform = _platform(project, options.stack)
    if platform is None:
        return ExitCode.INVALID
    from stacks.assembly import provider_packages

    shown = {"expect_no_changes": options.expect_no_changes, "diff": options.diff}
    return _operate(operation, project, options, packages=provider_packages(platform), **shown)


def _operate(operation: str, project: Path, options: argparse.Namespace, **settings: Any) -> ExitCode:
    from launcher import operations

    request = operations.Request(operations.Operation(operation), options.stack, project, **settings)
    return {
        operations.Outcome.DONE: ExitCode.OK,
        operations.Outcome.FAILED: ExitCode.FAILED,
        operations.Outcome.CHANGES: ExitCode.CHANGES,
        operations.Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
    }[operations.run(request)]


def _platform(project: Path, stack: str) -> "Platform | None":
    """Return the resolved configuration, or None after its problems have been printed."""
    from stacks.document import InvalidConfiguration
    from stacks.loader import validate as validated

    try:
        return validated(stack, project)
    except InvalidConfiguration as invalid:
        print(invalid, file=sys.stderr)
        return None
