"""The operations that need the engine: up, preview, refresh and destroy."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pulumi.automation import LocalWorkspace, Stack, StackNotFoundError
from pulumi.automation.errors import CommandError

from launcher import engine, plugins, program, state, workspace
from launcher.command import EngineCommand
from launcher.failures import TargetUnusable
from launcher.progress import say
from launcher.recovery import recover

_ENGINE_NO_CHANGES_EXPECTED = 7
"""The CLI's exit code when --expect-no-changes is given and there are changes
(https://github.com/pulumi/pulumi/blob/master/pkg/cmd/pulumi/cmd/exit_codes.go)."""


class Operation(StrEnum):
    """What the engine is asked to do with a stack."""

    UP = "up"
    IMAGES = "images"
    """`up` of the images alone."""
    PREVIEW = "preview"
    REFRESH = "refresh"
    DESTROY = "destroy"


class Outcome(StrEnum):
    """How an operation ended."""

    DONE = "done"
    FAILED = "failed"
    CHANGES = "changes where none were expected"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Request:
    """An operation on a stack of the project in a folder."""

    operation: Operation
    stack: str
    project: Path
    expect_no_changes: bool = False
    diff: bool = False
    preview_only: bool = False
    """Of a refresh: show what differs, and leave the state as it is."""
    packages: tuple[str, ...] = (plugins.KUBERNETES,)
    """The packages whose providers the program uses. Those that the state has resources of come by themselves."""


def run(request: Request) -> Outcome:
    """Carry out `request`, passing the engine's output through.

    Raises ToolUnavailable without an engine, StateUnusable and StackLocked when the state can't be used.
    """
    pulumi = engine.pulumi_binary()
    command = EngineCommand(pulumi, engine.version_of(pulumi))
    backend = state.backend(request.project)
    variables = {**state.environment(backend), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    work = workspace.prepared(request.project, request.stack, request.project / ".state" / "work")
    if backend.folder is not None:
        name = workspace.project_settings(request.project)["name"]
        recover(backend.folder, name, request.stack)
    program.enter(request.project)
    engine_workspace = LocalWorkspace(
        work_dir=str(work), program=program.program_of(request.project), env_vars=variables, pulumi_command=command
    )
    with command.interruptible():
        return _run(request, command, engine_workspace, pulumi)


def _run(request: Request, command: EngineCommand, engine_workspace: LocalWorkspace, pulumi: Path) -> Outcome:
    try:
        stack = _selected(request, engine_workspace)
        recorded = stack.export_stack().deployment or {}
        packages = dict.fromkeys((*request.packages, *_recorded_packages(recorded)))
        variables = engine_workspace.env_vars
        with plugins.providers(pulumi, variables, tuple(packages)) as provided:
            engine_workspace.env_vars = {**variables, **provided.variables}
            if request.operation not in _CHECKING and plugins.KUBERNETES in provided.stand_ins:
                _check_targets(recorded)
            if request.operation != Operation.PREVIEW:
                _clear_interrupted_creates(stack, recorded)
            _OPERATIONS[request.operation](stack, request)
    except StackNotFoundError:
        say(f"Stack '{request.stack}' was never brought up: there is nothing to {request.operation}.")
        return Outcome.DONE
    except CommandError:
        if command.unseen_errors:
            say(command.unseen_errors)
        if command.interrupted:
            return Outcome.INTERRUPTED
        return Outcome.CHANGES if command.exit_code == _ENGINE_NO_CHANGES_EXPECTED else Outcome.FAILED
    return Outcome.DONE


_CHECKING = (Operation.UP, Operation.IMAGES, Operation.PREVIEW)
"""The operations that run the program, and have the provider check its settings."""


def _selected(request: Request, engine_workspace: LocalWorkspace) -> Stack:
    """Return the stack; raises StackNotFoundError where a refresh or a destroy has none."""
    if request.operation in _CHECKING:
        return Stack.create_or_select(request.stack, engine_workspace)
    return Stack.select(request.stack, engine_workspace)


def _recorded_packages(deployment: Mapping[str, Any]) -> list[str]:
    """Return the packages that have a provider in the state: it is asked about their resources, wanted or not."""
    types = (resource["type"] for resource in deployment.get("resources") or ())
    found = (name.removeprefix(_PROVIDER) for name in types if name.startswith(_PROVIDER))
    return sorted({package for package in found if package in plugins.TITLES})


_PROVIDER = "pulumi:providers:"


def _check_targets(deployment: Mapping[str, Any]) -> None:
    """Raise TargetUnusable where a recorded provider can't work: no cluster answers, the folder can't be written.

    `up` and `preview` learn that from the provider's check. The others make none, so every object would say it again.
    """
    from launcher.standin.kubernetes.configuration import config_failures

    recorded = deployment.get("resources") or ()
    found = [resource for resource in recorded if resource["type"] == f"{_PROVIDER}{plugins.KUBERNETES}"]
    problems = [failure.reason for provider in found for failure in config_failures(provider.get("inputs") or {})]
    if problems:
        raise TargetUnusable("\n".join(problems))


def _clear_interrupted_creates(stack: Stack, deployment: Mapping[str, Any]) -> None:
    """Settle the objects that a run which died was creating: read what is there, and let this run create the rest.

    The engine itself clears such entries only when a person answers its questions.
    """
    pending = [entry for entry in deployment.get("pending_operations") or () if entry["type"] == "creating"]
    if not pending:
        return
    for entry in pending:
        say(f"  interrupted while it was created: {entry['resource']['urn'].rsplit('::', 1)[-1]}")
    stack.refresh(clear_pending_creates=True, show_secrets=False, **_shown())


def _up(stack: Stack, request: Request) -> None:
    result = stack.up(expect_no_changes=request.expect_no_changes, diff=request.diff, show_secrets=False, **_shown())
    changes = result.summary.resource_changes or {}
    if not any(count for kind, count in changes.items() if kind != "same"):
        print(f"No changes: stack '{stack.name}' already is as configured.")


_IMAGE_TARGETS = ("**:polyglot:images:ImageBuild**", "**::pulumi:providers:docker**")
"""The components that build images, whatever is below them, and the providers that they use, as patterns of URNs."""


def _images(stack: Stack, _request: Request) -> None:
    result = stack.up(target=list(_IMAGE_TARGETS), show_secrets=False, **_shown())
    exported = result.outputs.get("images")
    for service, reference in (exported.value if exported else {}).items():
        print(f"{service}: {reference}")


def _preview(stack: Stack, request: Request) -> None:
    stack.preview(expect_no_changes=request.expect_no_changes, diff=request.diff, **_shown())


def _refresh(stack: Stack, request: Request) -> None:
    if request.preview_only:
        stack.preview_refresh(expect_no_changes=request.expect_no_changes, **_shown())
    else:
        stack.refresh(expect_no_changes=request.expect_no_changes, show_secrets=False, **_shown())


def _destroy(stack: Stack, _request: Request) -> None:
    stack.destroy(show_secrets=False, **_shown())


_OPERATIONS: dict[Operation, Callable[[Stack, Request], None]] = {
    Operation.UP: _up,
    Operation.IMAGES: _images,
    Operation.PREVIEW: _preview,
    Operation.REFRESH: _refresh,
    Operation.DESTROY: _destroy,
}


def _shown() -> dict[str, Any]:
    """Return the arguments that pass the engine's output through, in colour only on a terminal that wants it."""
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return {
        "color": "always" if coloured else "never",
        "suppress_progress": True,
        "on_output": lambda line: print(line, flush=True),
        "on_error": say,
    }
