"""Locks in a state folder: whether the run that made one is still at work.

Pulumi's own format: one JSON file for each running operation, in `.pulumi/locks/organization/PROJECT/STACK/`
(https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/lock.go).
"""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lock:
    """Who locked a stack, and when (in the words of the lock's file)."""

    path: Path
    process: int
    user: str
    host: str
    since: str

    def is_stale(self) -> bool:
        """Whether the process that made this lock is gone for certain: it ran on this machine, and runs no longer."""
        return self.host == socket.gethostname() and not _is_pulumi(self.process)

    def __str__(self) -> str:
        return f"process {self.process} of {self.user}@{self.host}, since {self.since}"


def locks(state: Path, project: str, stack: str) -> tuple[Lock, ...]:
    """Return the locks on a stack whose state lies in the folder `state`."""
    folder = state / ".pulumi" / "locks" / "organization" / project / stack
    found = (_read(path) for path in sorted(folder.glob("*.json")))
    return tuple(lock for lock in found if lock is not None)


def _read(path: Path) -> Lock | None:
    try:
        content = json.loads(path.read_text())
        return Lock(path, content["pid"], content["username"], content["hostname"], content["timestamp"])
    except FileNotFoundError:  # released since it was listed
        return None
    except (ValueError, KeyError, TypeError):
        # Cut off while it was written: nobody knows whose it is, so it counts as held, by process 0 of nobody.
        return Lock(path, 0, "nobody", "an unknown machine", "an unknown time")


def _is_pulumi(process: int) -> bool:
    """Whether a process with this number runs and is a Pulumi CLI; the number alone may have been used again."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # "1234 (pulumi) S ...": a killed process that nobody has waited for yet is still listed, in state Z.
        name, _, rest = Path(f"/proc/{process}/stat").read_text().partition("(")[2].rpartition(") ")
    except FileNotFoundError:  # no /proc on this system, or ended just now: better wait than break in
        return True
    return name == "pulumi" and not rest.startswith("Z")
