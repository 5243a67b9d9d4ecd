"""The whole program on the real engine: the committed stack `local`, rendered into a folder."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from launcher import engine
from launcher.locks import locks
from tests.engine.project import command, copy_to, counts, edit, environment, files, launch

pytestmark = pytest.mark.engine

DEPLOYMENT = "1-manifest/apps_v1-deployment-shop-recommendations.yaml"
SOURCE = "services/recommendations/recommendations/__main__.py"
"""A file that the image of recommendations is built from, and no other."""


@pytest.fixture(scope="session", autouse=True)
def built_engine() -> Path:
    """Build the engine before the first test, so that no test's time limit has to hold for that."""
    return engine.pulumi_binary()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_to(tmp_path / "project")


@pytest.fixture
def running(project: Path) -> Path:
    """A project whose stack is up."""
    launch(project, "up")
    return project


def rendered(project: Path) -> Path:
    return project / "build" / "local"


def state_file(project: Path) -> Path:
    return project / ".state" / ".pulumi" / "stacks" / "polyglot" / "local.json"


def recorded(project: Path) -> list[str]:
    """Return the URNs in the state."""
    state = json.loads(state_file(project).read_text())
    return [resource["urn"] for resource in state["checkpoint"]["latest"].get("resources") or ()]


def test_up_writes_just_what_render_writes(running: Path, tmp_path: Path) -> None:
    """One composition feeds both; a review of the rendered manifests is a review of what is deployed."""
    launch(running, "render", "--out", str(tmp_path / "reviewed"))
    reviewed = files(tmp_path / "reviewed")
    assert len(reviewed) > 40
    assert files(rendered(running)) == reviewed


def test_a_second_up_changes_nothing(running: Path) -> None:
    before = files(rendered(running))
    output = launch(running, "up", "--expect-no-changes")
    assert set(counts(output)) == {"unchanged"}
    assert counts(output)["unchanged"] == len(recorded(running))
    assert files(rendered(running)) == before


def change_a_line(project: Path) -> None:
    with (project / SOURCE).open("a") as source:
        source.write("# one more line\n")


def test_a_changed_source_line_touches_the_deployment_of_its_image_and_nothing_else(running: Path) -> None:
    before = files(rendered(running))
    change_a_line(running)

    output = launch(running, "up")

    after = files(rendered(running))
    assert {path for path in after if after[path] != before.get(path)} == {DEPLOYMENT}
    assert before.keys() == after.keys()
    assert counts(output) == {"updated": 1, "unchanged": len(recorded(running)) - 1}


def test_a_preview_changes_nothing_and_tells_a_script_that_there_is_something_to_do(running: Path) -> None:
    before = files(rendered(running))
    change_a_line(running)
    launch(running, "preview", "--expect-no-changes", expect=4)
    assert files(rendered(running)) == before


def test_a_hand_edit_is_shown_by_refresh_and_undone_by_up(running: Path) -> None:
    before = files(rendered(running))
    edit(rendered(running) / DEPLOYMENT, "shop/recommendations:", "shop/by-hand:")

    shown = launch(running, "refresh", "--preview-only", "--expect-no-changes", expect=4)
    assert "recommendations" in shown, "the drifted object must be named"

    assert counts(launch(running, "refresh"))["updated"] == 1
    assert counts(launch(running, "up"))["updated"] == 1
    assert files(rendered(running)) == before


def test_a_file_deleted_by_hand_is_missed_by_refresh_and_written_again_by_up(running: Path) -> None:
    before = files(rendered(running))
    (rendered(running) / DEPLOYMENT).unlink()

    assert counts(launch(running, "refresh"))["deleted"] == 1
    assert counts(launch(running, "up"))["created"] == 1
    assert files(rendered(running)) == before


def test_destroy_leaves_nothing(running: Path) -> None:
    launch(running, "destroy")
    assert recorded(running) == []
    assert not rendered(running).exists() or files(rendered(running)) == {}


def test_an_invalid_catalogue_stops_up_before_the_engine_starts(project: Path) -> None:
    edit(project / "stacks" / "catalogue.yaml", "uses: [users-db]", "uses: [user-db]")
    output = launch(project, "up", expect=3)
    assert "user-db" in output
    assert not (project / ".state").exists()


def test_a_folder_that_cannot_be_written_is_named(project: Path) -> None:
    (project / "build").write_text("a file where the folder should be")
    output = launch(project, "up", expect=1)
    assert f"{project}/build" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("victim", ["engine", "launcher and engine"])
def test_an_up_that_was_killed_midway_is_finished_by_the_next(project: Path, victim: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        command("up"), cwd=project, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 60
        while len(list(rendered(project).glob("*/*.yaml"))) < 5:
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline, "nothing was rendered within a minute"
            time.sleep(0.005)
        (lock,) = locks(project / ".state", "polyglot", "local")
        if victim != "engine":
            process.kill()
        os.kill(lock.process, signal.SIGKILL)
    before = len(recorded(project))

    output = launch(project, "up")

    assert f"died (process {lock.process} of" in output
    assert 0 < before < len(recorded(project)), "the run was not killed midway, so nothing was tested"
    launch(project, "render", "--out", str(tmp_path / "reviewed"))
    assert files(rendered(project)) == files(tmp_path / "reviewed")
    launch(project, "up", "--expect-no-changes")
    launch(project, "destroy")
    assert recorded(project) == []


def test_an_object_whose_creation_was_interrupted_is_settled_by_the_next_up(running: Path) -> None:
    """The engine keeps warning of such an object, on every run, until a person answers its questions."""
    content = json.loads(state_file(running).read_text())
    latest = content["checkpoint"]["latest"]
    (half_made,) = (item for item in latest["resources"] if item["urn"].endswith("Deployment::recommendations"))
    latest["resources"].remove(half_made)
    latest["pending_operations"] = [{"resource": {**half_made, "id": "", "outputs": {}}, "type": "creating"}]
    state_file(running).write_text(json.dumps(content))

    output = launch(running, "up")

    assert "interrupted while it was created: recommendations" in output
    assert half_made["urn"] in recorded(running)
    assert "pending_operations" not in json.loads(state_file(running).read_text())["checkpoint"]["latest"]
    assert "warning" not in launch(running, "up", "--expect-no-changes")
