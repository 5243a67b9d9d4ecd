"""`make services-test` compares the contracts with those of main: here in small repositories of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USERS = "shop/users/v1/users.proto"
NAME = "  // How the shop addresses the person.\n  string display_name = 3;\n"


class Repository:
    """A clone's state: the committed contracts, and what somebody does to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services = folder / "services"
        shutil.copytree(ROOT / "services/proto", self.services / "proto")
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *arguments: str) -> str:
        # Nothing of the machine's own configuration: it may sign commits, or run hooks.
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        command = ["git", "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=Change")
        return self.git("rev-parse", "HEAD")

    def change(self, old: str, new: str) -> None:
        path = self.services / "proto" / USERS
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, "the change is planted in one place"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def check(self, *arguments: str) -> tuple[int, str]:
        return check(self.services, *arguments)


def check(services: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, ROOT / "services/breaking.py", "--services", services, *arguments]
    environment = {**os.environ, "BUF": str(Path(sys.executable).with_name("buf"))}
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


BREAKING = {
    "a field that is gone": (NAME, "", "display_name"),
    "a field with another number": ("string display_name = 3;", "string display_name = 5;", "display_name"),
    "a field of another type": ("string email = 2;", "bytes email = 2;", '"email"'),
    "a method that is gone": (
        "  rpc CreateUser(CreateUserRequest) returns (CreateUserResponse);\n",
        "",
        '"CreateUser"',
    ),
}


@pytest.mark.parametrize(("old", "new", "named"), BREAKING.values(), ids=BREAKING)
def test_a_breaking_change_on_a_branch_is_refused_and_named(
    repository: Repository, old: str, new: str, named: str
) -> None:
    main = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.change(old, new)
    repository.commit()
    repository.commit()  # the break lies further back than the last commit
    code, said = repository.check()
    assert code == 1 and named in said and main[:12] in said and USERS in said
    assert "deprecated" in said, "it says what to do instead"


def test_a_change_that_nobody_has_committed_yet_is_refused_too(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.change(NAME, "")
    assert repository.check()[0] == 1, "it is best told before the commit"


def test_on_main_itself_the_commit_before_counts(repository: Repository) -> None:
    before = repository.git("rev-parse", "HEAD")
    repository.change(NAME, "")
    repository.commit()
    code, said = repository.check()
    assert code == 1 and before[:12] in said


def test_main_as_the_server_has_it_counts_before_the_local_one(repository: Repository) -> None:
    """A local main that was never pulled would miss what others have released since."""
    repository.change("string display_name = 3;", f"string display_name = 3;\n{added('note', 5)}")
    released = repository.commit()
    repository.git("update-ref", "refs/remotes/origin/main", released)
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.git("branch", "--force", "main", "HEAD^")
    repository.change(added("note", 5), "")
    code, said = repository.check()
    assert code == 1 and "note" in said and released[:12] in said


def added(name: str, number: int) -> str:
    return f"  // New.\n  string {name} = {number};\n"


def test_an_addition_breaks_nothing(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.change(NAME, NAME + added("note", 5))
    repository.commit()
    code, said = repository.check()
    assert code == 0 and "break nothing" in said


def test_another_commit_may_be_named(repository: Repository) -> None:
    first = repository.commit()
    repository.change(NAME, "")
    repository.commit()
    repository.commit()
    assert repository.check()[0] == 0, "the break is older than the commit before"
    code, said = repository.check("--against", first)
    assert code == 1 and "display_name" in said


def test_without_a_base_the_check_says_why_and_passes(repository: Repository, tmp_path: Path) -> None:
    code, said = repository.check()
    assert code == 0 and "has no commit before it" in said, "the first commit"
    code, said = repository.check("--against", "0" * 40)
    assert code == 0 and "no commit 000" in said
    repository.git("branch", "--move", "other")
    code, said = repository.check()
    assert code == 0 and "no branch origin/main or main" in said
    bare = tmp_path / "elsewhere"
    shutil.copytree(repository.services, bare / "services")
    shutil.rmtree(repository.folder / ".git")
    code, said = check(bare / "services")
    assert code == 0 and "no repository" in said


def test_where_main_has_no_contracts_yet_the_check_says_so_and_passes(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.git("rm", "--quiet", "-r", "--cached", "services")
    repository.git("commit", "--quiet", "--amend", "--allow-empty", "--message=Nothing yet")
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit()
    code, said = repository.check()
    assert code == 0 and "has no contracts here" in said


def test_a_shallow_clone_says_how_to_get_the_rest(repository: Repository, tmp_path: Path) -> None:
    repository.commit()
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(shallow))
    code, said = check(shallow / "services")
    assert code == 0 and "git fetch --unshallow" in said


def test_contracts_that_buf_cannot_read_are_refused(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.change("string email = 2;", "string email = ;")
    code, said = repository.check()
    assert code == 1 and USERS in said


def test_the_services_tests_run_the_check() -> None:
    dry = subprocess.run(
        ["make", "--dry-run", "--silent", "-C", ROOT / "services", "test-contracts"], check=True, capture_output=True
    )
    assert b"breaking.py" in dry.stdout
    makefile = (ROOT / "services/Makefile").read_text(encoding="utf-8")
    assert "\ntest: test-contracts " in makefile, "`make services-test` and CI call this target"
