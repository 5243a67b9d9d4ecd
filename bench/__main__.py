"""`python -m bench [PART …] [--services N …] [--runs N]`: measure, and print a Markdown table of ratios."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import commands, mesh, observability, program, tracing
from bench.measure import BenchFailed
from bench.table import Row, markdown
from launcher.failures import ToolUnavailable

PARTS: Final = ("program", "up", "validate", "render", "mesh", "observability", "tracing")
SIZES: Final = (10, 100, 500)
UP_SIZES: Final = (10, 100)
"""An `up` of 500 services takes minutes, and there are a dozen: ask for it by `up --services 500`."""
VALIDATED: Final = 500
RENDERED: Final = 50


def main() -> None:
    """Run the parts that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    help_of_parts = f"{', '.join(PARTS)}; all of them by default"
    parser.add_argument("parts", nargs="*", metavar="PART", help=help_of_parts)
    parser.add_argument("--services", type=int, action="append", help="size of the platform; may be repeated")
    parser.add_argument("--runs", type=int, default=3, help="of each, interleaved; the median counts (default: 3)")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    try:
        with tempfile.TemporaryDirectory(prefix="polyglot-bench-") as folder:
            rows = _measured(options.parts or PARTS, options.services, options.runs, Path(folder))
    except (BenchFailed, ToolUnavailable) as failure:
        parser.exit(1, f"error: {failure}\n")
    print(markdown(rows))


def _measured(parts: tuple[str, ...], sizes: list[int] | None, runs: int, folder: Path) -> list[Row]:
    rows: list[Row] = []
    for part in PARTS:
        if part in parts:
            print(f"Measuring {part} ...", file=sys.stderr, flush=True)
            rows += _part(part, sizes, runs, folder)
    return rows


def _part(part: str, sizes: list[int] | None, runs: int, folder: Path) -> list[Row]:
    match part:
        case "program":
            return program.evaluation(sizes or SIZES, runs, folder)
        case "up":
            return program.no_op_up(sizes or UP_SIZES, runs, folder)
        case "validate":
            return commands.validation(max(sizes or [VALIDATED]), runs, folder)
        case "render":
            return commands.rendering(max(sizes or [RENDERED]), runs, folder)
        case "mesh":
            return mesh.scopes(sizes or SIZES)
        case "observability":
            return observability.costs(sizes or SIZES, runs, folder)
        case _:
            return tracing.costs(runs, folder)


if __name__ == "__main__":
    main()
