"""Hardened defaults, and what each exception relaxes: that, visibly, and nothing else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from components.hardening import HardenedDefault
from tests.components.workload import build, every, main, pod, refusals, template, the

REASON = "a reviewer has weighed it"
PLAIN = "{ports: {http: 8080}, replicas: 2, volumes: {scratch: {empty: 1Gi}}"


def test_a_pod_meets_the_restricted_standard_without_asking() -> None:
    built = build("ports: {http: 8080}")
    assert pod(built)["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert main(built)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_a_pod_has_an_account_of_its_own_without_a_token() -> None:
    built = build()
    account = the(built, "ServiceAccount")
    assert account["metadata"]["name"] == pod(built)["serviceAccountName"] == "users"
    assert account["automountServiceAccountToken"] is False
    assert pod(built)["automountServiceAccountToken"] is False
    assert pod(built)["enableServiceLinks"] is False, "variables of every Service of the namespace would leak in"


def test_replicas_are_spread_over_hosts_and_zones() -> None:
    built = build("replicas: 2")
    spread = pod(built)["topologySpreadConstraints"]
    assert [entry["topologyKey"] for entry in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    for entry in spread:
        assert entry["labelSelector"]["matchLabels"] == the(built, "Deployment")["spec"]["selector"]["matchLabels"]
        assert entry["matchLabelKeys"] == ["pod-template-hash"]
        assert entry["whenUnsatisfiable"] == "ScheduleAnyway"
    assert "matchLabelKeys" not in pod(build("kind: statefulset"))["topologySpreadConstraints"][0]


def test_a_pod_drains_before_it_is_told_to_stop() -> None:
    built = build("{drain: 7500ms, termination-grace: 60s}")
    assert main(built)["lifecycle"] == {"preStop": {"sleep": {"seconds": 8}}}
    assert pod(built)["terminationGracePeriodSeconds"] == 60
    assert "lifecycle" not in main(build("drain: 0s"))
    assert [path for path, _ in refusals("{drain: 30s, termination-grace: 30s}")] == ["drain"]


def relaxed(change: str, default: HardenedDefault) -> list[dict[str, Any]]:
    return build(f"{PLAIN}{change}, exceptions: {{{default.value}: {REASON}}}}}")


def differences(before: Any, after: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Return what differs between two trees: path, and both values."""
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = {key: (before.get(key), after.get(key)) for key in {**before, **after}}
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = dict(enumerate(zip(before, after, strict=True)))
    else:
        return {} if before == after else {path: (before, after)}
    return {
        place: pair
        for key, (old, new) in pairs.items()
        for place, pair in differences(old, new, f"{path}/{key}").items()
    }


POD = "/spec/template/spec"
MAIN = f"{POD}/containers/0"
EXCEPTIONS: dict[HardenedDefault, tuple[str, dict[str, Any]]] = {
    HardenedDefault.RUN_AS_ROOT: (
        ", pod-user: 0",
        {f"{POD}/securityContext/runAsNonRoot": False, f"{POD}/securityContext/runAsUser": 0},
    ),
    HardenedDefault.WRITABLE_ROOT_FILESYSTEM: (
        "",
        {
            f"{MAIN}/securityContext/readOnlyRootFilesystem": False,
            f"{MAIN}/volumeMounts": None,
            f"{POD}/volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}],
        },
    ),
    HardenedDefault.PRIVILEGE_ESCALATION: ("", {f"{MAIN}/securityContext/allowPrivilegeEscalation": True}),
    HardenedDefault.CAPABILITIES: (
        ", capabilities: [NET_BIND_SERVICE]",
        {f"{MAIN}/securityContext/capabilities/add": ["NET_BIND_SERVICE"]},
    ),
    HardenedDefault.SERVICE_ACCOUNT_TOKEN: ("", {f"{POD}/automountServiceAccountToken": True}),
    HardenedDefault.SINGLE_REPLICA: (", replicas: 1", {"/spec/replicas": 1}),
    HardenedDefault.DISRUPTION_BUDGET: (", disruption-budget: null", {}),
    HardenedDefault.PROBES: ("", {}),
    HardenedDefault.CPU_LIMIT: ("", {f"{MAIN}/resources/limits/cpu": None}),
    HardenedDefault.SPREAD: ("", {f"{POD}/topologySpreadConstraints": None}),
    HardenedDefault.RECREATE: ("", {"/spec/strategy/type": "Recreate", "/spec/strategy/rollingUpdate": None}),
    HardenedDefault.UNSIZED_VOLUME: (
        ", volumes: {scratch: {empty: null}}",
        {f"{POD}/volumes/0/emptyDir/sizeLimit": None},
    ),
    HardenedDefault.HOST_PATH: (
        ", volumes: {scratch: {host-path: /var/log}}",
        {f"{POD}/volumes/0/emptyDir": None, f"{POD}/volumes/0/hostPath": {"path": "/var/log"}},
    ),
    HardenedDefault.WRITABLE_HOST_PATH: (
        ", volumes: {scratch: {host-path: /var/lib/agent, writable: true}}",
        {
            f"{POD}/volumes/0/emptyDir": None,
            f"{POD}/volumes/0/hostPath": {"path": "/var/lib/agent", "type": "DirectoryOrCreate"},
        },
    ),
    HardenedDefault.NODE_PORT: (", service: {type: NodePort}", {}),
    HardenedDefault.FAULT_INJECTION: ("", {}),
}


def test_every_hardened_default_is_looked_at() -> None:
    assert set(EXCEPTIONS) == set(HardenedDefault)


@pytest.mark.parametrize("default", HardenedDefault, ids=lambda default: default.value)
def test_an_exception_relaxes_what_it_names_and_says_why(default: HardenedDefault) -> None:
    change, expected = EXCEPTIONS[default]
    before, after = the(build(PLAIN + "}"), "Deployment"), the(relaxed(change, default), "Deployment")
    key = f"polyglot.dev/exception-{default.value}"
    for holder in (after, after["spec"]["template"]):
        assert holder["metadata"].get("annotations", {}).pop(key) == REASON, "a reviewer of the cluster must see why"
    found = differences(strip(before), strip(after))
    assert {path: new for path, (_, new) in found.items()} == expected


def strip(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object without annotations that are empty."""
    copied = deepcopy(body)
    for holder in (copied, copied["spec"]["template"]):
        if not holder["metadata"].get("annotations"):
            holder["metadata"].pop("annotations", None)
    return copied


SILENT = {
    HardenedDefault.RUN_AS_ROOT: (
        "pod-user: 0",
        "sidecars: {proxy: {image: 'example.com/proxy:1', user: 0}}",
        "user: 0",
    ),
    HardenedDefault.CAPABILITIES: ("capabilities: [NET_ADMIN]",),
    HardenedDefault.SERVICE_ACCOUNT_TOKEN: ("api-access: [{resources: [pods], verbs: [get]}]",),
    HardenedDefault.HOST_PATH: ("volumes: {log: {host-path: /var/log}}",),
    HardenedDefault.WRITABLE_HOST_PATH: ("volumes: {state: {host-path: /var/lib/agent, writable: true}}",),
    HardenedDefault.DISRUPTION_BUDGET: ("disruption-budget: null",),
    HardenedDefault.UNSIZED_VOLUME: ("volumes: {data: {empty: null}}",),
    HardenedDefault.NODE_PORT: ("service: {type: NodePort}",),
}


@pytest.mark.parametrize(("default", "text"), [(default, text) for default, texts in SILENT.items() for text in texts])
def test_a_default_is_never_relaxed_in_silence(default: HardenedDefault, text: str) -> None:
    ((_, message),) = refusals(text)
    assert message.endswith("without a reason")
    assert refusals(f"{{{text}, exceptions: {{{default.value}: {REASON}}}}}") == []


@pytest.mark.parametrize(
    "exceptions", ["[run-as-root]", "{run-as-root: ''}", "{run-as-root: old}", "{root: 'x y z a b c d'}"]
)
def test_an_exception_without_a_reason_is_none(exceptions: str) -> None:
    assert refusals(f"exceptions: {exceptions}")


def test_root_in_one_container_is_not_root_in_all() -> None:
    built = build(f"{{user: 0, group: 0, exceptions: {{run-as-root: {REASON}}}}}")
    assert main(built)["securityContext"]["runAsUser"] == 0
    assert main(built)["securityContext"]["runAsNonRoot"] is False
    assert pod(built)["securityContext"]["runAsNonRoot"] is True


def test_the_kubernetes_api_is_opened_by_a_role_of_the_namespace() -> None:
    built = build(f"""
        api-access:
          - {{resources: [pods, pods/log], verbs: [get, list, watch]}}
          - {{groups: [apps], resources: [deployments], verbs: [patch], names: [users]}}
        exceptions: {{service-account-token: {REASON}}}
    """)
    assert the(built, "Role")["rules"] == [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"], "resourceNames": ["users"]},
    ]
    binding = the(built, "RoleBinding")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "users", "namespace": "shop"}]
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "users"}


@pytest.mark.parametrize("rule", ["{resources: ['*'], verbs: [get]}", "{resources: [pods], verbs: ['*']}"])
def test_rights_without_bounds_are_refused(rule: str) -> None:
    assert refusals(f"{{api-access: [{rule}], exceptions: {{service-account-token: {REASON}}}}}")


def test_labels_annotations_and_placement_are_kept() -> None:
    built = build(
        """
        labels: {example.com/tier: gold}
        annotations: {example.com/owner: Ada Lovelace}
        priority-class: high
        node-selector: {kubernetes.io/arch: arm64}
        """,
        team="accounts",
    )
    for holder in (the(built, "Deployment"), template(built)):
        labels = holder["metadata"]["labels"]
        assert labels["example.com/tier"] == "gold"
        assert labels["polyglot.dev/team"] == "accounts"
        assert labels["app.kubernetes.io/part-of"] == "shop"
        assert holder["metadata"]["annotations"] == {"example.com/owner": "Ada Lovelace"}
    assert pod(built)["priorityClassName"] == "high"
    assert pod(built)["nodeSelector"] == {"kubernetes.io/arch": "arm64"}


@pytest.mark.parametrize("key", ["app.kubernetes.io/name", "app.kubernetes.io/part-of", "polyglot.dev/track"])
@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_labels_that_selectors_read_cannot_be_overwritten(field: str, key: str) -> None:
    assert [path for path, _ in refusals(f"{field}: {{{key}: x}}")] == [f"{field}.{key}"]


def test_every_object_is_in_the_namespace_and_says_whose_it_is() -> None:
    for body in build("{ports: {http: 80}, autoscaling: {min: 1, max: 2, cpu: 70%}}"):
        assert body["metadata"]["namespace"] == "shop"
        assert body["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "polyglot"
    assert every(build(), "Namespace") == []
