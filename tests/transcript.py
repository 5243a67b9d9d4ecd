"""Whether the README's transcript is what the commands print.

`python -m tests.transcript up=LOG test=LOG again=LOG down=LOG` compares it with the logs of a run.
Each line of the transcript must occur in the command's log, in the transcript's order. Numbers are not compared: times
differ from run to run, and the number of tests grows. A line of three dots stands for lines left out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
COMMANDS = {"up": "make up", "test": "make test", "again": "make up", "down": "make down"}
DOTS = "…"


def parts(readme: str) -> list[tuple[str, list[str]]]:
    """Return the transcript's commands, each with the lines that it prints."""
    console = re.findall(r"```console\n(.*?)```", readme, flags=re.DOTALL)[0]
    found: list[tuple[str, list[str]]] = []
    for line in console.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif line.strip() and line.strip() != DOTS:
            found[-1][1].append(line)
    return found


def plain(line: str) -> str:
    """Return a line without what differs between runs: numbers, and the width of what is filled up to a width."""
    return re.sub(r"=+", "=", re.sub(r"\d+(?:[.:]\d+)*", "0", " ".join(line.split())))


def missing(lines: list[str], log: str) -> list[str]:
    """Return the lines that the log does not hold, or holds in another order."""
    printed = iter([plain(line) for line in log.splitlines()])
    return [line for line in lines if plain(line) not in printed]


def main(logs: dict[str, Path]) -> int:
    """Compare, and say what differs; return the exit code."""
    transcript = parts(README.read_text())
    if [command for command, _ in transcript] != list(COMMANDS.values()):
        print(f"The README's transcript must show, in this order: {', '.join(COMMANDS.values())}", file=sys.stderr)
        return 1
    differences = [
        f"README: {command}: not printed: {line.strip()}"
        for name, (command, lines) in zip(COMMANDS, transcript, strict=True)
        for line in missing(lines, logs[name].read_text())
    ]
    print("\n".join(differences) or "The README's transcript is what the commands print.")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main({name: Path(path) for name, _, path in (argument.partition("=") for argument in sys.argv[1:])}))
