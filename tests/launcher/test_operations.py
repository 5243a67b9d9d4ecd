"""The launcher on the real engine, with a program of a few lines."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from launcher import engine, locks
from tests.launcher.small_project import configure, launch, make, start

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session", autouse=True)
def built_engine() -> Path:
    """Build the engine before the first test, so that no test's time limit has to hold for that."""
    return engine.pulumi_binary()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path / "project", parts=["a", "b"])


def state(project: Path) -> dict[str, Any]:
    file = project / ".state" / ".pulumi" / "stacks" / "polyglot" / "local.json"
    return json.loads(file.read_text())["checkpoint"]["latest"]


def names(project: Path) -> set[str]:
    return {resource["urn"].rsplit("::", 1)[-1] for resource in state(project).get("resources") or ()}


@contextmanager
def running(project: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the launcher until its program waits; whatever is left of it afterwards is ended."""
    process = start(project, *arguments)
    reached = project / "reached"
    try:
        deadline = time.monotonic() + 60
        while not reached.exists():
            assert process.poll() is None, f"the run ended before its program waited:\n{process.communicate()[0]}"
            assert time.monotonic() < deadline, "the program did not start within a minute"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()
        reached.unlink(missing_ok=True)


def engine_of(project: Path) -> int:
    (lock,) = locks.locks(project / ".state", "polyglot", "local")
    return lock.process


def test_a_stack_goes_up_stays_as_it_is_changes_and_goes_down(project: Path) -> None:
    first = launch(project, "up")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "+ 3 created" in first.stdout
    assert "hush" not in first.stdout + first.stderr, "a secret output was printed"
    assert "\x1b[" not in first.stdout, "colours belong on a terminal only"

    again = launch(project, "up", "--expect-no-changes")
    assert again.returncode == 0
    assert "No changes: stack 'local' already is as configured." in again.stdout

    configure(project, parts=["b", "c"])
    foreseen = launch(project, "preview", "--expect-no-changes")
    assert foreseen.returncode == 4, "a script must be able to tell 'would change' from 'failed'"
    assert names(project) == {"polyglot-local", "a", "b"}, "a preview changed something"

    assert launch(project, "up").returncode == 0
    assert names(project) == {"polyglot-local", "b", "c"}

    assert launch(project, "destroy").returncode == 0
    assert names(project) == set()


def test_a_run_leaves_committed_files_and_the_passphrase_alone(project: Path) -> None:
    tracked = {path: path.read_bytes() for path in (project / "Pulumi.yaml", project / "stacks" / "Pulumi.local.yaml")}
    ended = launch(project, "up")
    passphrase = (project / ".state" / "passphrase").read_text()
    assert {path: path.read_bytes() for path in tracked} == tracked
    assert passphrase not in ended.stdout + ended.stderr
    assert not [
        path
        for path in project.glob("*")
        if path.name not in {"Pulumi.yaml", "__main__.py", "stacks", "launcher", ".state"}
    ]


def test_a_secret_that_the_official_cli_set_is_read(project: Path, built_engine: Path) -> None:
    """`pulumi config set --secret` must work on the same files; it writes a salt of its own into the stack's file."""
    launch(project, "up")
    with (project / "__main__.py").open("a") as program:
        program.write('\nassert pulumi.Config().require_secret("token") is not None\n')
        program.write('pulumi.export("length", pulumi.Config().require_secret("token").apply(len))\n')
    variables = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{project}/.state",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(project / ".state" / "passphrase"),
    }
    command = [built_engine, "config", "set", "--secret", "--stack", "local", "token", "hunter2"]
    subprocess.run(command, cwd=project, env=variables, check=True, capture_output=True)
    assert "encryptionsalt" in (project / "stacks" / "Pulumi.local.yaml").read_text()

    ended = launch(project, "up")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "hunter2" not in ended.stdout + ended.stderr


def test_the_launcher_runs_the_engines_own_cli_on_its_state(project: Path) -> None:
    """Where no `pulumi` is on PATH, a person must still be able to set a secret."""
    launch(project, "up")

    ended = launch(project, "pulumi", "config", "set", "--secret", "--stack", "local", "token", "hunter2")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "secure:" in (project / "stacks" / "Pulumi.local.yaml").read_text()
    assert launch(project, "pulumi", "config", "get", "--stack", "local", "token").stdout.strip() == "hunter2"
    assert launch(project, "pulumi", "config", "get", "--stack", "local", "nothing").returncode != 0


def test_a_failing_program_ends_with_1_and_its_own_words(project: Path) -> None:
    with (project / "__main__.py").open("a") as program:
        program.write("\nraise ValueError('the program broke')\n")
    ended = launch(project, "up")
    assert ended.returncode == 1
    assert "the program broke" in ended.stdout


def test_destroying_what_was_never_up_is_fine(project: Path) -> None:
    ended = launch(project, "destroy")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "never brought up" in ended.stderr


def test_implicit_providers_are_refused(project: Path) -> None:
    """An implicit provider would act on whatever cluster the user's kubectl points at."""
    with (project / "__main__.py").open("a") as program:
        program.write('\npulumi.CustomResource("kubernetes:core/v1:Namespace", "shop", {})\n')
    ended = launch(project, "up")
    assert ended.returncode == 1
    assert "Default provider for 'kubernetes' disabled" in ended.stdout


def test_a_second_run_on_the_same_stack_is_turned_away_with_who_is_at_work(project: Path) -> None:
    configure(project, parts=["a"], wait=60)
    with running(project, "up"):
        second = launch(project, "up")
        assert second.returncode == 1
        assert f"Stack 'local' is locked by process {engine_of(project)} of " in second.stderr


def test_ctrl_c_stops_cleanly_and_leaves_no_lock(project: Path) -> None:
    configure(project, parts=["a"], wait=5)
    with running(project, "up") as process:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Stopping: the engine finishes what it has begun." in output
    assert locks.locks(project / ".state", "polyglot", "local") == ()


@pytest.mark.parametrize("victim", ["engine", "launcher and engine"])
def test_after_a_kill_the_state_is_intact_and_the_next_up_finishes(project: Path, victim: str) -> None:
    launch(project, "up")
    configure(project, parts=["a", "b", "c"], wait=60)
    with running(project, "up") as process:
        killed = engine_of(project)
        if victim != "engine":
            process.kill()
        os.kill(killed, signal.SIGKILL)
        process.wait(timeout=60)
    assert {"a", "b"} <= names(project), "the state lost what had been made before"

    configure(project, parts=["a", "b", "c"])
    ended = launch(project, "up")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"The last run on stack 'local' died (process {killed} of " in ended.stderr
    assert names(project) == {"polyglot-local", "a", "b", "c"}
    assert launch(project, "up", "--expect-no-changes").returncode == 0
