"""What the launcher tells its user: on standard error, so that standard output stays the command's own result."""

import sys


def say(line: str) -> None:
    """Print `line` at once, also where standard error is a pipe."""
    print(line, file=sys.stderr, flush=True)


def elapsed(seconds: float) -> str:
    """Return a duration as people say it: `45 s`, `3 min 05 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
