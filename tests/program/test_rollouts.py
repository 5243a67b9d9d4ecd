"""A changed ConfigMap or Secret rolls the Pods that read it, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from stacks.assembly import deploy
from stacks.document import Document, read
from stacks.loader import CATALOGUE, PROJECT, environment_file, resolve_documents
from tests.program.recorder import Recording, planted_secrets, record, run_program
from tests.program.registrations import Registration

Body = dict[str, Any]
Key = tuple[str, str]
ANNOTATION: Final = "polyglot.dev/{kind}-{name}"


def bodies(recording: Recording) -> dict[Key, Body]:
    return {(body["kind"], body["metadata"]["name"]): body for body in recording.manifests()}


def changed(before: Recording, after: Recording) -> set[Key]:
    old, new = bodies(before), bodies(after)
    assert old.keys() == new.keys()
    return {key for key, body in old.items() if body != new[key]}


def references(value: Any) -> Iterator[Key]:
    """Every ConfigMap and Secret that a Pod reads, wherever it is named."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            match key, item:
                case ("secretKeyRef" | "secretRef", {"name": str(name)}) | ("secret", {"secretName": str(name)}):
                    yield "Secret", name
                case ("configMapKeyRef" | "configMapRef" | "configMap", {"name": str(name)}):
                    yield "ConfigMap", name
                case _:
                    yield from references(item)


def readers(recording: Recording, read_one: Key) -> set[Key]:
    templates = {key: body.get("spec", {}).get("template") for key, body in bodies(recording).items()}
    return {key for key, template in templates.items() if read_one in references(template)}


def waited_for(recording: Recording, component: Registration) -> set[Key]:
    """The ConfigMaps and Secrets that a component waits for."""
    made = [one for one in recording.objects if one.inputs["kind"] in {"ConfigMap", "Secret"}]
    return {(one.inputs["kind"], one.name) for one in made if one.urn in component.dependencies}


def read_by(recording: Recording, component: Registration) -> set[Key]:
    """The ConfigMaps and Secrets of this program that the objects of a component read."""
    read_keys = {key for child in recording.children(component) for key in references(child.inputs)}
    return read_keys & bodies(recording).keys()


def templates_without_checksum(recording: Recording, keys: set[Key], kind: str, name: str) -> list[Body]:
    found = []
    for key in sorted(keys):
        body = deepcopy(bodies(recording)[key])
        del body["spec"]["template"]["metadata"]["annotations"][ANNOTATION.format(kind=kind, name=name)]
        found.append(body)
    return found


def test_a_changed_secret_changes_the_checksum_of_exactly_the_pods_that_read_it() -> None:
    secrets = planted_secrets("dev")
    before = run_program("dev")
    secrets["cache"]["password"] = "another"
    after = run_program("dev", {"polyglot:secrets": secrets})
    reading = readers(before, ("Secret", "cache"))
    assert reading == {("StatefulSet", "cache"), ("Deployment", "gateway"), ("Deployment", "cache-exporter")}
    assert changed(before, after) == {("Secret", "cache"), *reading}
    unchanged = [templates_without_checksum(one, reading, "secret", "cache") for one in (before, after)]
    assert unchanged[0] == unchanged[1], "only the checksum differs"


def test_an_unchanged_secret_leaves_its_checksum_alone() -> None:
    """A checksum with a random part would roll every Pod on every update."""
    assert changed(run_program("dev"), run_program("dev")) == set()


def test_a_checksum_does_not_repeat_for_another_secret_of_the_same_content() -> None:
    """Else a reader of Pods could tell which services share a password."""
    same = {name: dict.fromkeys(keys, "same") for name, keys in planted_secrets("dev").items()}
    found = bodies(run_program("dev", {"polyglot:secrets": same}))
    annotations = [
        found["StatefulSet", name]["spec"]["template"]["metadata"]["annotations"][f"polyglot.dev/secret-{name}"]
        for name in ("users-db", "orders-db")
    ]
    assert len(set(annotations)) == 2


def with_config_maps(tmp_path: Path, *, limit: str, banner: str, colours: str) -> Recording:
    """The sample with three ConfigMaps: one read as variables, one key of one, and one as files that are reloaded."""
    catalogue, environment = read(PROJECT / CATALOGUE), read(PROJECT / environment_file("local"))
    data = deepcopy(catalogue.data)
    data["config-maps"] = {
        "limits": {"data": {"LIMIT": limit}},
        "banner": {"data": {"text": banner, "font": "mono"}},
        "colours": {"data": {"sky": colours}},
    }
    data["services"]["orders"]["env-from"] = [{"config": "limits"}]
    data["services"]["users"]["env"] = {"BANNER": {"config": "banner", "key": "text"}}
    data["services"]["users"]["volumes"] = {
        "banner": {"config": "banner"},
        "colours": {"config": "colours", "on-change": "reload"},
    }
    data["services"]["users"]["mounts"] = {"/etc/banner": "banner", "/etc/colours": "colours"}
    platform = resolve_documents(Document(catalogue.path, catalogue.name, data), environment)
    return record(lambda: deploy(platform, {}, tmp_path), "local")


BEFORE: Final = {"limit": "1", "banner": "Hello", "colours": "blue"}


def test_a_changed_config_map_changes_exactly_the_pods_that_read_it(tmp_path: Path) -> None:
    before = with_config_maps(tmp_path, **BEFORE)
    limits = changed(before, with_config_maps(tmp_path, **BEFORE | {"limit": "2"}))
    assert limits == {("ConfigMap", "limits"), ("Deployment", "orders")}
    banner = changed(before, with_config_maps(tmp_path, **BEFORE | {"banner": "Bye"}))
    assert banner == {("ConfigMap", "banner"), ("Deployment", "users")}
    assert readers(before, ("ConfigMap", "banner")) == {("Deployment", "users")}


def test_a_config_map_that_is_reloaded_rolls_nobody(tmp_path: Path) -> None:
    before = with_config_maps(tmp_path, **BEFORE)
    assert readers(before, ("ConfigMap", "colours")) == {("Deployment", "users")}
    assert changed(before, with_config_maps(tmp_path, **BEFORE | {"colours": "grey"})) == {("ConfigMap", "colours")}


def test_a_workload_waits_for_each_config_map_and_secret_that_it_reads_and_for_no_other(tmp_path: Path) -> None:
    """Without the wait its Pods could start with old content; with a wait for all, one bad ConfigMap stops all."""
    for recording in (run_program("dev"), with_config_maps(tmp_path, **BEFORE)):
        workloads = [one for one in recording.components if one.type == "polyglot:workloads:Workload"]
        waits = {one.name: waited_for(recording, one) for one in workloads}
        assert waits == {one.name: read_by(recording, one) for one in workloads}
        assert any(waits.values()), "else nothing was compared"
    assert waits["users"] == {("ConfigMap", "banner"), ("ConfigMap", "colours")}, "'reload' is read, too"
