"""What changed, and what forces a replacement."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.standin.difference import Kind, written
from launcher.standin.kubernetes.difference import difference
from tests.standin.manifests import Manifest, changed, deployment, plain

JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=4)


def _paths(old: Manifest, new: Manifest) -> dict[str, Kind]:
    return {written(change.path): change.kind for change in difference(old, new).changes}


@given(OBJECTS)
def test_an_unchanged_manifest_has_no_difference(manifest: dict[str, Any]) -> None:
    assert not difference(manifest, manifest).changes, "an update without a change would touch every object every time"


@given(OBJECTS, OBJECTS)
def test_manifests_that_differ_have_a_difference(old: dict[str, Any], new: dict[str, Any]) -> None:
    same = repr(_sorted(old)) == repr(_sorted(new))  # repr tells True from 1
    assert bool(difference(old, new).changes) != same, "a change that Diff misses is never applied"


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _sorted(value[key])) for key in sorted(value)]
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def test_a_changed_image_is_named_by_its_path_and_changes_in_place() -> None:
    found = difference(deployment(image="users:1"), deployment(image="users:2"))
    assert [written(change.path) for change in found.changes] == ["spec.template.spec.containers[0].image"]
    assert not found.replaces, "Kubernetes rolls a new image out by itself"


def test_added_and_removed_fields_are_told_from_changed_ones() -> None:
    old, new = plain("Service", "users", spec={"a": 1, "b": 1}), plain("Service", "users", spec={"b": 2, "c": 1})
    assert _paths(old, new) == {"spec.a": Kind.DELETE, "spec.b": Kind.UPDATE, "spec.c": Kind.ADD}


def test_a_key_with_dots_is_quoted_in_its_path() -> None:
    new = changed(deployment(), "other", "metadata", "labels", "app.kubernetes.io/name")
    assert list(_paths(deployment(), new)) == ['metadata.labels["app.kubernetes.io/name"]']


def test_a_list_that_grew_names_the_new_item_alone() -> None:
    old, new = plain("Pod", "p", spec={"tolerations": [1]}), plain("Pod", "p", spec={"tolerations": [1, 2]})
    assert _paths(old, new) == {"spec.tolerations[1]": Kind.ADD}


REPLACING = [
    (deployment(), ("metadata", "name")),
    (deployment(), ("metadata", "namespace")),
    (deployment(), ("spec", "selector", "matchLabels", "app.kubernetes.io/name")),
    (plain("ConfigMap", "c", data={"key": "value"}), ("data", "key")),
    (plain("ConfigMap", "c", binaryData={"key": "dg=="}), ("binaryData", "key")),
    (plain("Secret", "s", stringData={"key": "value"}), ("stringData", "key")),
    (plain("Secret", "s", data={"key": "dg=="}), ("data", "key")),
    (plain("Secret", "s", type="Opaque"), ("type",)),
    (plain("Service", "s", spec={"clusterIP": "10.0.0.1"}), ("spec", "clusterIP")),
    (plain("ResourceQuota", "q", spec={"scopes": ["BestEffort"]}), ("spec", "scopes", 0)),
    (plain("PersistentVolumeClaim", "p", spec={"accessModes": ["ReadWriteOnce"]}), ("spec", "accessModes", 0)),
    (plain("PersistentVolumeClaim", "p", spec={"storageClassName": "fast"}), ("spec", "storageClassName")),
    (plain("Pod", "p", spec={"containers": [{"image": "a"}]}), ("spec", "containers", 0, "image")),
    ({**plain("Job", "j", spec={"template": {"a": "b"}}), "apiVersion": "batch/v1"}, ("spec", "template", "a")),
    ({**plain("StatefulSet", "s", spec={"serviceName": "a"}), "apiVersion": "apps/v1"}, ("spec", "serviceName")),
    (
        {**plain("StatefulSet", "s", spec={"volumeClaimTemplates": [{"spec": {"a": "b"}}]}), "apiVersion": "apps/v1"},
        ("spec", "volumeClaimTemplates", 0, "spec", "a"),
    ),
    *(
        ({**plain(kind, "r", roleRef={"name": "a"}), "apiVersion": "rbac.authorization.k8s.io/v1"}, ("roleRef", "name"))
        for kind in ("RoleBinding", "ClusterRoleBinding")
    ),
]


@pytest.mark.parametrize(("manifest", "path"), REPLACING, ids=lambda value: str(value)[:60])
def test_a_field_that_kubernetes_never_changes_replaces_the_object(manifest: Manifest, path: tuple[Any, ...]) -> None:
    found = difference(manifest, changed(manifest, "other", *path))
    assert [change.replaces for change in found.changes] == [True], "an update of it would be refused by the API server"


IN_PLACE = [
    (deployment(), ("spec", "replicas")),
    (deployment(), ("metadata", "labels", "app.kubernetes.io/name")),
    (plain("Service", "s", spec={"type": "ClusterIP"}), ("spec", "type")),
    (plain("PersistentVolumeClaim", "p", spec={"resources": {"requests": "1Gi"}}), ("spec", "resources", "requests")),
    (
        plain("ConfigMap", "c", metadata={"name": "c", "namespace": "n", "labels": {"a": "b"}}),
        ("metadata", "labels", "a"),
    ),
]


@pytest.mark.parametrize(("manifest", "path"), IN_PLACE, ids=lambda value: str(value)[:60])
def test_any_other_field_changes_in_place(manifest: Manifest, path: tuple[Any, ...]) -> None:
    found = difference(manifest, changed(manifest, "other", *path))
    assert found.changes, "the change must be seen"
    assert not found.replaces, "a replacement would take the workload down for nothing"
    assert not found.delete_before_replace


def test_dropping_the_whole_spec_replaces_for_the_selector_in_it() -> None:
    found = difference(deployment(), changed(deployment(), None, "spec"))
    assert found.replaces, "the selector went with it"


def test_an_object_that_keeps_its_name_goes_before_its_replacement_comes() -> None:
    """Two objects of one name can't be there at once."""
    old = plain("ConfigMap", "c", data={"key": "value"})
    assert difference(old, changed(old, "other", "data", "key")).delete_before_replace
    renamed = changed(old, "other", "metadata", "name")
    assert not difference(old, renamed).delete_before_replace, "a new name can come first, so that nothing is missing"


@pytest.mark.parametrize(("kind", "flag"), [("ConfigMap", "config_maps_mutable"), ("Secret", "secrets_mutable")])
def test_mutable_data_changes_in_place_unless_the_object_is_immutable(kind: str, flag: str) -> None:
    old = plain(kind, "c", data={"key": "dg=="})
    new = changed(old, "dw==", "data", "key")
    assert not difference(old, new, **{flag: True}).replaces
    frozen = {**new, "immutable": True}
    assert difference({**old, "immutable": True}, frozen, **{flag: True}).replaces, "the API server refuses the change"
