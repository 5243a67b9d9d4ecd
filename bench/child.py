"""What a measured process does: `python -m bench.child WHAT FOLDER`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from bench.projects import STACK


def evaluate(project: Path) -> None:
    """Run the project's program under mocks; print CPU seconds, peak megabytes and the number of objects."""
    import pulumi
    import pulumi_kubernetes  # noqa: F401 - both programs import it: loading it is not what is measured
    from pulumi.runtime import mocks, settings
    from pulumi.runtime.stack import run_in_stack

    from launcher.program import enter, program_of

    registered: list[str] = []

    class Recorder(pulumi.runtime.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            registered.append(args.typ)
            return f"{args.name}-id", args.inputs

        def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
            raise NotImplementedError(args.token)

    enter(project)
    if (project / "stacks" / "catalogue.yaml").exists():
        import stacks.assembly
        import stacks.loader  # noqa: F401 - the time to load modules is in the whole process' figure

    async def evaluated() -> float:
        mocks.set_mocks(Recorder(), project="polyglot", stack=STACK)
        settings.ROOT.set(None)  # the one that set_mocks made: the run makes its own, as under the engine
        pulumi.runtime.set_all_config(_configuration(project))
        settings.SETTINGS.rpc_manager.clear()
        settings.SETTINGS.outputs.clear()
        started = time.process_time()
        await run_in_stack(program_of(project))
        return time.process_time() - started

    seconds = asyncio.run(evaluated())
    objects = sum(token.startswith("kubernetes:") for token in registered)
    print(json.dumps({"seconds": seconds, "megabytes": _peak_megabytes(), "objects": objects}))


def objects(project: Path) -> None:
    """Print the project's objects as the flat program takes them: token, name, body."""
    from components.manifests import resource_token
    from stacks.assembly import render as rendered
    from stacks.loader import validate as validated

    bodies = rendered(validated(STACK, project))
    json.dump([(resource_token(body), body["metadata"]["name"], body) for body in bodies], sys.stdout)


def up(project: Path, *, again: bool = False) -> None:
    """Bring the project up on the real engine; fail where that changes something though it is up already."""
    from launcher.operations import Operation, Outcome, Request, run

    outcome = run(Request(Operation.UP, STACK, project, expect_no_changes=again))
    if outcome is not Outcome.DONE:
        raise SystemExit(f"up of {project} ended: {outcome}")


def up_again(project: Path) -> None:
    """Bring a project up that is up already."""
    up(project, again=True)


def validate(project: Path) -> None:
    """Run the launcher's command."""
    from launcher import commands

    raise SystemExit(commands.validate(project, argparse.Namespace(stack=STACK)))


def render(project: Path) -> None:
    """Run the launcher's command; the manifests go to standard output."""
    from launcher import commands

    raise SystemExit(commands.render(project, argparse.Namespace(stack=STACK, out=None)))


def _configuration(project: Path) -> dict[str, str]:
    import yaml

    settings = yaml.safe_load((project / "stacks" / f"Pulumi.{STACK}.yaml").read_text())
    return {key: json.dumps(value) for key, value in (settings["config"] or {}).items()}


def _peak_megabytes() -> float:
    """Return the most memory that this process ever had resident; `ru_maxrss` would count what it was forked from."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


TASKS: Final[dict[str, Callable[[Path], None]]] = {
    task.__name__: task for task in (evaluate, objects, up, up_again, validate, render)
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](Path(sys.argv[2]))
