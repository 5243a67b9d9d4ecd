"""The launcher's command line: what it understands, and how each command ends."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from launcher import commands
from launcher.commands import ExitCode
from launcher.failures import Failure

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_STACK = "local"

_EPILOG = """\
exit codes:
  0    done
  1    the engine, a provider or the file system failed
  2    wrong usage, or an unknown stack
  3    the configuration is invalid; every problem is listed
  4    there are changes where none were expected (--expect-no-changes, schema --check)
  130  interrupted; the state is intact, and the next 'up' finishes the work

environment:
  PULUMI_BACKEND_URL        where the state is kept (default: the folder .state of the project)
  PULUMI_CONFIG_PASSPHRASE  the passphrase of the state's secrets, or with _FILE added a file with it
                            (default for a state folder: made at random, kept in the folder's file 'passphrase')
  POLYGLOT_CACHE            where built tools are kept (default: $XDG_CACHE_HOME/polyglot or ~/.cache/polyglot)
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION
                            if set, a missing provider plugin is not downloaded: the stand-in takes its place
  NO_COLOR                  if set, no colours on a terminal either
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name, and return the code to exit with."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(PROJECT, options)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return ExitCode.FAILED
    except OSError as error:
        # A folder that can't be written, a file that can't be read: the system's own words name it.
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m launcher",
        description="Runs the platform's Pulumi program, also where nothing is installed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="print the versions of engine, SDK and provider, and exit"
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    up = _command(subparsers, "up", commands.up, "create or change what differs from the configuration")
    preview = _command(subparsers, "preview", commands.preview, "show what 'up' would do, and change nothing")
    refresh = _command(subparsers, "refresh", commands.refresh, "compare the state with what is really there: drift")
    _command(subparsers, "destroy", commands.destroy, "delete everything that the stack made")
    for changing in (up, preview, refresh):
        changing.add_argument("--expect-no-changes", action="store_true", help="end with exit code 4 if there are any")
    for showing in (up, preview):
        showing.add_argument("--diff", action="store_true", help="show each changed field")
    refresh.add_argument("--preview-only", action="store_true", help="show the drift, and leave the state as it is")

    _command(subparsers, "images", commands.images, "build and push the stack's images, and change nothing else")
    _command(subparsers, "validate", commands.validate, "check the configuration; needs no engine")
    render = _command(subparsers, "render", commands.render, "print the Kubernetes manifests; needs no engine")
    render.add_argument("--out", metavar="DIR", type=Path, help="write them to this folder instead, one file each")
    graph = _command(subparsers, "graph", commands.graph, "print who calls and uses what, as a Mermaid diagram")
    graph.add_argument("--svg", metavar="FILE", type=Path, help="draw it into this SVG file instead")
    help_of_schema = "write the JSON Schemas of the configuration files, for editors"
    schema = subparsers.add_parser("schema", help=help_of_schema, description=help_of_schema)
    schema.add_argument("--check", action="store_true", help="write nothing; exit code 4 if the files are not current")
    schema.set_defaults(run=commands.schema)
    help_of_pulumi = "run the engine's own CLI on this project's state, e.g. to set a secret"
    pulumi = subparsers.add_parser("pulumi", help=help_of_pulumi, description=help_of_pulumi, add_help=False)
    pulumi.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    pulumi.set_defaults(run=commands.pulumi)
    return parser


def _command(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: commands.Command, text: str
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument(
        "stack",
        nargs="?",
        default=DEFAULT_STACK,
        metavar="STACK",
        type=_known_stack,
        help=f"an environment: a file stacks/Pulumi.STACK.yaml (default: {DEFAULT_STACK})",
    )
    parser.set_defaults(run=run)
    return parser


def _known_stack(name: str) -> str:
    known = commands.known_stacks(PROJECT)
    if name not in known:
        raise argparse.ArgumentTypeError(
            f"there is no stack '{name}': no file stacks/Pulumi.{name}.yaml. Known stacks: {', '.join(known) or 'none'}"
        )
    return name


class _Version(argparse.Action):
    """Prints the versions. An action of its own, since looking them up takes time that no command should spend."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **_more: object) -> None:
        print(commands.versions())
        parser.exit()
