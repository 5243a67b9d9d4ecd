"""Checks that the contracts in proto/ break nobody who uses those of the main branch: `python services/breaking.py`.

Called by `make services-test`. The contracts are compared with those of the commit at which this branch left main; on
main itself, with those of the last commit if they have changed since, or else with those of the commit before. Where
there is nothing to compare with, the check says so and passes.
Which changes break whom: https://buf.build/docs/breaking/rules
"""  # noqa: INP001 (a script beside what it checks)

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Final

SERVICES: Final = Path(__file__).resolve().parent
PROTO: Final = "proto"
MAIN: Final = ("origin/main", "main")
"""The branch to which contracts are promised: as the server has it, else as this machine has it."""


class NothingToCompareWith(Exception):
    """There is no earlier state of the contracts; the message says why."""


def base(services: Path, against: str | None = None) -> str:
    """Return the commit with whose contracts those of the working tree are compared.

    Args:
        services: the folder that holds the contracts' folder.
        against: a commit to take instead.

    Raises:
        NothingToCompareWith: no repository, no such commit, no branch main, or no contracts in it.
        subprocess.CalledProcessError: git fails for another reason.
    """
    inside = subprocess.run(
        ["git", "-C", services, "rev-parse", "--is-inside-work-tree"], check=False, capture_output=True, text=True
    )
    if inside.returncode:
        raise NothingToCompareWith(f"git knows no repository here ({inside.stderr.strip().splitlines()[0]})")
    commit = _commit(services, against) if against else _parting(services)
    if commit is None:
        raise NothingToCompareWith(f"there is no commit {against}")
    # "./" is this folder, wherever in the repository it lies.
    if not _git(services, "rev-parse", "--verify", "--quiet", f"{commit}:./{PROTO}", check=False):
        raise NothingToCompareWith(f"commit {commit[:12]} has no contracts here")
    return commit


def _parting(services: Path) -> str | None:
    """Return the commit at which HEAD left main; where that is HEAD itself and nothing has changed, the one before."""
    head = _commit(services, "HEAD")
    if head is None:
        raise NothingToCompareWith("the repository has no commit")
    main = next((branch for branch in MAIN if _commit(services, branch)), None)
    if main is None:
        raise NothingToCompareWith(f"there is no branch {' or '.join(MAIN)}")
    shallow = _git(services, "rev-parse", "--is-shallow-repository") == "true"
    hint = ", as the clone is shallow: git fetch --unshallow" if shallow else ""
    parting = _git(services, "merge-base", "HEAD", main, check=False)
    if not parting:
        raise NothingToCompareWith(f"HEAD and {main} have no commit in common{hint}")
    if parting != head or _git(services, "status", "--porcelain", "--", PROTO):
        return parting
    if (before := _commit(services, "HEAD^")) is None:
        raise NothingToCompareWith(f"HEAD is on {main}, and has no commit before it{hint}")
    return before


def breaking_changes(services: Path, commit: str, buf: str) -> str:
    """Return what buf says of the contracts in the working tree, compared with the commit's; nothing if all is well."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "-C", services, "archive", commit, PROTO], check=True, stdout=subprocess.PIPE
        ).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        result = subprocess.run(
            [buf, "breaking", PROTO, "--against", Path(folder, PROTO)],
            check=False,
            cwd=services,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return result.stdout.strip() or (f"buf ended with {result.returncode}" if result.returncode else "")


def main() -> int:
    """Run the check; return 1 if a contract breaks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", metavar="COMMIT", help="compare with this commit's contracts")
    parser.add_argument("--services", type=Path, default=SERVICES, help="the folder above the contracts")
    arguments = parser.parse_args()
    buf = os.environ.get("BUF") or shutil.which("buf")
    if buf is None:
        print("error: buf is neither on PATH nor named by BUF (PyPI: buf-bin)", file=sys.stderr)
        return 1
    try:
        commit = base(arguments.services, arguments.against)
    except NothingToCompareWith as reason:
        print(f"The contracts are not compared: {reason}.")
        return 0
    if found := breaking_changes(arguments.services, commit, buf):
        print(
            f"error: the contracts break those of commit {commit[:12]}:\n{found}\n"
            "Services that run now would misread each other's messages, or find a method gone, once one of them is"
            " replaced.\nKeep the old field or method (mark it deprecated) and add a new one beside it, or make a new"
            " package version (v2).",
            file=sys.stderr,
        )
        return 1
    print(f"The contracts break nothing of commit {commit[:12]}.")
    return 0


def _commit(services: Path, name: str) -> str | None:
    return _git(services, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False) or None


def _git(services: Path, *arguments: str, check: bool = True) -> str:
    """Return what git prints; with `check=False` nothing where it says no."""
    result = subprocess.run(["git", "-C", services, *arguments], check=check, capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
