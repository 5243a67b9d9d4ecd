"""What every committed stack renders is what was reviewed last."""

from __future__ import annotations

import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.images.content import content_tag
from components.versions import BASE_IMAGES
from stacks.assembly import render
from stacks.loader import CATALOGUE, PROJECT, validate
from tests.golden.goldens import CONTENT, FOLDER, REWRITE, committed, differences, files, rewrite

STACKS = sorted(path.stem.removeprefix("Pulumi.") for path in PROJECT.glob("stacks/Pulumi.*.yaml"))

Body = dict[str, Any]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_renders_its_golden_manifests(stack: str, request: pytest.FixtureRequest) -> None:
    rendered = files(render(validate(stack)))
    if request.config.getoption("--rewrite-goldens"):
        rewrite(FOLDER / stack, rendered)
    found = differences(committed(FOLDER / stack), rendered)
    assert not found, "\n".join([f"{stack} renders something new; if that is meant, {REWRITE}:", *found])


@pytest.mark.parametrize("stack", [stack for stack in STACKS if stack != "prod"])  # prod names what CI has built
def test_the_tag_that_the_golden_manifests_leave_out_is_that_of_the_sources(stack: str) -> None:
    catalogue = yaml.safe_load((PROJECT / CATALOGUE).read_text())["services"]
    images = {body["metadata"]["name"]: main_image(body) for body in render(validate(stack)) if is_stable(body)}
    for name, service in catalogue.items():
        tag = content_tag(
            PROJECT / "services",
            PROJECT / service["build"] / "Dockerfile",
            arguments=BASE_IMAGES[service["language"]],
            platforms=["linux/amd64"],
        )
        assert images[name].rpartition(":")[2] == tag
        golden = committed(FOLDER / stack)[f"{name}.yaml"]
        assert images[name].replace(tag, CONTENT) in golden, "a review must still show which image it is"
        assert tag not in golden, "it would be another one after each edit of a source file"


def is_stable(body: Body) -> bool:
    return body["kind"] == "Deployment" and not body["metadata"]["name"].endswith("-canary")


def main_image(deployment: Body) -> str:
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]


def test_no_golden_manifests_are_left_of_a_stack_that_is_gone(request: pytest.FixtureRequest) -> None:
    gone = [path for path in FOLDER.iterdir() if next(path.glob("*.yaml"), None) and path.name not in STACKS]
    if request.config.getoption("--rewrite-goldens"):
        for folder in gone:
            rewrite(folder, {})
            folder.rmdir()
    assert [folder.name for folder in gone if folder.exists()] == [], REWRITE


def test_a_render_does_not_depend_on_the_hash_seed() -> None:
    """Python gives sets another order in each process: a plan that follows it would differ from run to run."""
    program = "from stacks.loader import validate; from stacks.assembly import render; print(render(validate('dev')))"
    renders = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=PROJECT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(renders) == 1, "the same configuration gave manifests in different orders"


def service(name: str = "users", **spec: Any) -> Body:
    metadata = {"name": name, "namespace": "shop", "labels": {"app.kubernetes.io/name": name}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def config_map(**data: str) -> Body:
    return service() | {"kind": "ConfigMap", "spec": None, "data": data}


def test_the_order_of_manifests_and_keys_makes_no_difference() -> None:
    one, two = service(a=1, b=2), service("orders")
    turned = {key: one[key] for key in reversed(one)} | {"spec": {"b": 2, "a": 1}}
    assert files([one, two]) == files([two, turned])
    assert list(files([one, config_map()])) == ["users.yaml"], "what belongs together stands together"


def test_a_changed_object_is_named_with_the_lines_that_changed() -> None:
    before = service(selector={"app": "users"}, ports=[{"name": "http", "port": 80}])
    after = deepcopy(before)
    after["spec"]["ports"][0]["port"] = 81
    (found,) = differences(files([before, config_map()]), files([after, config_map()]))
    assert found.startswith("Service shop/users changed:")
    assert "-    port: 80" in found
    assert "+    port: 81" in found
    assert "apiVersion" not in found, "only what is near to the change"


def test_a_changed_dashboard_is_a_changed_digest() -> None:
    def dashboard(text: str) -> Body:
        body = config_map(**{"jvm.json": text})
        return body | {"metadata": body["metadata"] | {"name": "grafana-dashboard-jvm"}}

    before, after = (files([dashboard(text)]) for text in ('{"title": "old"}', '{"title": "new"}'))
    assert "title" not in str(before), "the panels are reviewed where they are written"
    (found,) = differences(before, after)
    assert found.startswith("ConfigMap shop/grafana-dashboard-jvm changed:")


def test_a_long_difference_is_cut_short() -> None:
    before, after = ({f"key{number:02}": word for number in range(90)} for word in ("old", "new"))
    (found,) = differences(files([config_map(**before)]), files([config_map(**after)]))
    assert len(found.splitlines()) < 30
    assert "more lines" in found


def test_a_new_and_a_vanished_object_are_named() -> None:
    found = differences(files([service("old")]), files([service("new")]))
    assert found == ["Service shop/new is new", "Service shop/old is no longer rendered"]


def test_text_that_looks_like_the_start_of_a_document_stays_in_its_object() -> None:
    body = config_map(text="one\n---\ntwo\n")
    assert differences(files([body]), files([body])) == []
    assert differences({}, files([body])) == ["ConfigMap shop/users is new"]


def test_rewriting_leaves_nothing_old_behind(tmp_path: Path) -> None:
    rewrite(tmp_path, files([service("old"), service("users", a=1)]))
    wanted = files([service("new"), service("users", a=2)])
    assert differences(committed(tmp_path), wanted)
    rewrite(tmp_path, wanted)
    assert committed(tmp_path) == wanted
    assert differences(committed(tmp_path), wanted) == []


def test_an_edited_golden_file_is_noticed_even_where_no_object_differs(tmp_path: Path) -> None:
    wanted = files([service()])
    rewrite(tmp_path, wanted | {"stale.yaml": ""})
    assert differences(committed(tmp_path), wanted) == ["stale.yaml differs, though no object does"]
