"""ConfigMaps, Secrets, fields and storage as files, and what their change does."""

from __future__ import annotations

from typing import Any

import pytest

from components.workloads.arguments import ConfigurationArgs, SecretArgs
from components.workloads.objects import config_checksum, configuration_objects, content_checksum
from tests.components.workload import build, every, main, pod, refusals, template, the, valid

CHECKSUMS = {("ConfigMap", "settings"): "c1", ("Secret", "keys"): "s1"}


def volumes(text: str) -> dict[str, Any]:
    return {volume.pop("name"): volume for volume in pod(build(text))["volumes"]}


def annotations(text: str, **arguments: Any) -> dict[str, str]:
    return template(build(text, checksums=CHECKSUMS, **arguments))["metadata"].get("annotations", {})


def test_keys_of_config_maps_and_secrets_appear_under_the_paths_asked_for() -> None:
    found = volumes("""
        volumes:
          all: {config: settings}
          some: {config: settings, items: {app.yaml: conf/application.yaml}, mode: '0440', optional: true}
          certificate: {secret: keys, items: {tls.crt: server.pem}, mode: '0400'}
    """)
    assert found["all"] == {"configMap": {"name": "settings"}}
    assert found["some"] == {
        "configMap": {
            "name": "settings",
            "items": [{"key": "app.yaml", "path": "conf/application.yaml"}],
            "defaultMode": 0o440,
            "optional": True,
        }
    }
    assert found["certificate"] == {
        "secret": {"secretName": "keys", "items": [{"key": "tls.crt", "path": "server.pem"}], "defaultMode": 0o400}
    }


def test_configuration_is_mounted_read_only_and_mounts_nest() -> None:
    built = build("""
        volumes: {settings: {config: settings}, keys: {secret: keys}, data: {empty: 1Gi}}
        mounts:
          /srv: data
          /srv/conf: settings
          /srv/conf/keys: {volume: keys, sub-path: tls.key}
          /srv/cache: {volume: data, sub-path: cache, read-only: true}
    """)
    own = [mount for mount in main(built)["volumeMounts"] if mount["mountPath"] != "/tmp"]
    assert own == [
        {"name": "data", "mountPath": "/srv"},
        {"name": "settings", "mountPath": "/srv/conf", "readOnly": True},
        {"name": "keys", "mountPath": "/srv/conf/keys", "subPath": "tls.key", "readOnly": True},
        {"name": "data", "mountPath": "/srv/cache", "subPath": "cache", "readOnly": True},
    ]


def test_fields_of_the_pod_appear_as_files() -> None:
    found = volumes("volumes: {about: {downward: {labels: metadata.labels, name: metadata.name}}}")
    assert found["about"]["downwardAPI"]["items"] == [
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}},
    ]


def test_scratch_space_may_be_memory_and_is_limited() -> None:
    found = volumes("volumes: {shm: {empty: 256Mi, medium: memory}, disk: {empty: 1Gi}}")
    assert found["shm"] == {"emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}}
    assert found["disk"] == {"emptyDir": {"sizeLimit": "1Gi"}}


def test_a_claim_outlives_its_deployment() -> None:
    built = build("""
        volumes:
          files: {claim: 10Gi, access: ReadWriteMany, storage-class: nfs}
          old: {existing-claim: archive, read-only: true}
        mounts: {/files: files, /archive: old}
    """)
    claim = the(built, "PersistentVolumeClaim")
    assert claim["metadata"]["name"] == "users-files"
    assert claim["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "nfs",
        "resources": {"requests": {"storage": "10Gi"}},
    }
    names = {volume["name"]: volume.get("persistentVolumeClaim") for volume in pod(built)["volumes"]}
    assert names["files"] == {"claimName": "users-files"}
    assert names["old"] == {"claimName": "archive", "readOnly": True}


READERS = (
    "env: {A: {config: settings, key: a}, B: {secret: keys, key: b}}",
    "env-from: [{config: settings}, {secret: keys}]",
    "volumes: {a: {config: settings}, b: {secret: keys}}",
    "sidecars: {proxy: {image: 'example.com/proxy:1', env-from: [{config: settings}, {secret: keys}]}}",
)


@pytest.mark.parametrize("text", READERS)
def test_a_change_of_what_a_pod_reads_rolls_it(text: str) -> None:
    """The content's checksum stands in the Pod template, so that a new content is a new template."""
    assert annotations(text) == {"polyglot.dev/configmap-settings": "c1", "polyglot.dev/secret-keys": "s1"}


def test_a_program_that_reloads_its_files_is_left_running() -> None:
    text = "volumes: {a: {config: settings, on-change: reload}, b: {secret: keys, on-change: reload}}"
    assert annotations(text) == {}


def test_a_reload_does_not_keep_a_variable_from_rolling_the_pod() -> None:
    """A running program never sees a variable change."""
    text = "{volumes: {a: {config: settings, on-change: reload}}, env: {A: {config: settings, key: a}}}"
    assert annotations(text) == {"polyglot.dev/configmap-settings": "c1"}


def test_what_others_make_has_no_checksum() -> None:
    assert annotations("env-from: [{config: elsewhere}]") == {}


def test_config_maps_and_secrets_are_objects_of_the_namespace() -> None:
    args = ConfigurationArgs(
        namespace="shop",
        part_of="shop",
        config_maps={"settings": {"app.yaml": "a: 1\n"}, "more": {"key": "value"}},
        secrets={"tls": SecretArgs(type="kubernetes.io/tls", data={"tls.crt": "c", "tls.key": "k"})},
    )
    bodies = valid(configuration_objects(args))
    assert [body["metadata"]["name"] for body in every(bodies, "ConfigMap")] == ["settings", "more"]
    assert every(bodies, "ConfigMap")[0]["data"] == {"app.yaml": "a: 1\n"}
    secret = the(bodies, "Secret")
    assert (secret["type"], secret["stringData"]) == ("kubernetes.io/tls", {"tls.crt": "c", "tls.key": "k"})
    assert all(body["metadata"]["namespace"] == "shop" for body in bodies)


def test_checksums_follow_the_content_alone() -> None:
    assert config_checksum({"a": "1", "b": "2"}) == config_checksum({"b": "2", "a": "1"})
    assert config_checksum({"a": "1", "b": "2"}) != config_checksum({"a": "2", "b": "1"})
    assert content_checksum({"a": "1"}, name="x") != content_checksum({"a": "2"}, name="x")
    assert content_checksum({"a": "1"}, name="x") != content_checksum({"a": "1"}, name="y"), (
        "two Secrets of one content must not be seen to be equal"
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("mounts: {/data: data}", "mounts./data"),
        ("sidecars: {proxy: {image: 'example.com/proxy:1', mounts: {/data: data}}}", "sidecars.proxy.mounts./data"),
        ("volumes: {data: {empty: null}}", ""),
        ("volumes: {data: {claim: 1Gi}}", "volumes.data"),
        ("volumes: {data: {host-path: /var/log}}", ""),
        ("volumes: {data: {config: a, items: {a: ../b}}}", "volumes.data.items.a"),
        ("volumes: {data: {config: a, mode: '440'}}", "volumes.data.mode"),
    ],
)
def test_volumes_that_would_not_come_up_are_refused(text: str, path: str) -> None:
    assert [place for place, _ in refusals(text)] == [path]


def test_a_claim_of_one_node_may_be_handed_over_with_a_reason() -> None:
    built = build("{volumes: {data: {claim: 1Gi}}, exceptions: {recreate: a short outage at night is agreed}}")
    assert the(built, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
