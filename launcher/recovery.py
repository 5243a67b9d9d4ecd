"""After a run that died: make its state folder usable again, so that the next run can finish the work."""

from itertools import chain
from pathlib import Path

from launcher.failures import StackLocked
from launcher.locks import locks
from launcher.progress import say


def recover(state: Path, project: str, stack: str) -> None:
    """Remove what a run that died on this machine left in the folder `state`: its lock, and files cut off in writing.

    Raises StackLocked if another run is at work on the stack.
    """
    for lock in locks(state, project, stack):
        if not lock.is_stale():
            raise StackLocked(
                f"Stack '{stack}' is locked by {lock}. Wait until that run has ended. "
                f"If it is sure to be dead, delete its lock: {lock.path}"
            )
        say(f"The last run on stack '{stack}' died ({lock}); its lock is released and its work is finished now.")
        lock.path.unlink(missing_ok=True)
        _attributes(lock.path).unlink(missing_ok=True)
    _discard_cut_off_attributes(state / ".pulumi", project, stack)


def _discard_cut_off_attributes(bookkeeping: Path, project: str, stack: str) -> None:
    """Delete the empty attribute files of a stack.

    The engine replaces a state file in one step, but first writes its attributes (a content type, which nobody needs)
    to a second file in two: killed between them, it leaves an empty one, and then refuses the state: "failed to load
    checkpoint: EOF". Without an attribute file it reads the state as before.
    """
    candidates = chain(
        bookkeeping.glob("meta.yaml.attrs"),
        (bookkeeping / "stacks" / project).glob(f"{stack}.*.attrs"),
        *((bookkeeping / part / project / stack).glob("*.attrs") for part in ("backups", "history")),
    )
    for path in candidates:
        if path.stat().st_size == 0:
            path.unlink()


def _attributes(path: Path) -> Path:
    return path.with_name(f"{path.name}.attrs")
