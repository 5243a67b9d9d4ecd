"""Planted violations of rules 1 to 13: what a Pod may do, who it is, and the namespace around it."""

from __future__ import annotations

from components.hardening import HardenedDefault, NamespaceDefault
from tests.isolation.changes import (
    CONTEXT,
    MAIN,
    TEMPLATE,
    Planted,
    adding,
    container,
    deployment,
    drop,
    env,
    in_another_namespace,
    in_default,
    metadata,
    pod,
    put,
    security,
    spec,
    with_host_path,
    with_volume,
    without,
)
from tests.isolation.sample import Body, an_object

_RBAC = "rbac.authorization.k8s.io/v1"
_CLUSTER_ADMIN = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
_ENFORCE = "pod-security.kubernetes.io/enforce"
_PROJECTED_TOKEN = {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
_UNTAGGED = "registry.example:5000/users@sha256:" + "ab" * 32


def _labels(manifests: list[Body]) -> Body:
    return metadata("Namespace", "shop")(manifests)["labels"]


def _template_metadata(manifests: list[Body]) -> Body:
    return deployment(manifests)["spec"]["template"]["metadata"]


NAMESPACE = (
    Planted(
        1,
        "a weaker Pod Security level",
        put(_labels, **{_ENFORCE: "baseline"}),
        f"metadata.labels.{_ENFORCE}",
        NamespaceDefault.POD_SECURITY,
    ),
    Planted(
        1,
        "no Pod Security label",
        drop(_labels, _ENFORCE),
        f"metadata.labels.{_ENFORCE}",
        NamespaceDefault.POD_SECURITY,
    ),
    Planted(
        1,
        "a workload in a namespace that is not rendered",
        in_another_namespace,
        "metadata.namespace",
        also=(13, 15, 30),
    ),
    Planted(12, "an object in default", in_default, "metadata.namespace"),
    Planted(
        12,
        "an object without a namespace",
        drop(metadata("ConfigMap", "users"), "namespace"),
        "metadata.namespace",
        also=(30,),
    ),
    Planted(13, "no quota", without("ResourceQuota", "quota"), "metadata.name"),
    Planted(13, "no limit range", without("LimitRange", "limits"), "metadata.name"),
)


POD = (
    Planted(
        2,
        "root by the container's word",
        put(security, runAsUser=0),
        f"{CONTEXT}.runAsUser",
        HardenedDefault.RUN_AS_ROOT,
    ),
    Planted(
        2, "an id of the node's", put(security, runAsGroup=999), f"{CONTEXT}.runAsGroup", HardenedDefault.RUN_AS_ROOT
    ),
    Planted(
        2, "root allowed", put(security, runAsNonRoot=False), f"{CONTEXT}.runAsNonRoot", HardenedDefault.RUN_AS_ROOT
    ),
    Planted(3, "no seccomp", put(security, seccompProfile={"type": "Unconfined"}), f"{CONTEXT}.seccompProfile.type"),
    Planted(
        4,
        "privileges by default",
        drop(security, "allowPrivilegeEscalation"),
        f"{CONTEXT}.allowPrivilegeEscalation",
        HardenedDefault.PRIVILEGE_ESCALATION,
    ),
    Planted(
        5,
        "default capabilities",
        put(security, capabilities={}),
        f"{CONTEXT}.capabilities.drop",
        HardenedDefault.CAPABILITIES,
    ),
    Planted(
        5,
        "an added capability",
        put(security, capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}),
        f"{CONTEXT}.capabilities.add",
        HardenedDefault.CAPABILITIES,
    ),
    Planted(
        6,
        "a writable root",
        put(security, readOnlyRootFilesystem=False),
        f"{CONTEXT}.readOnlyRootFilesystem",
        HardenedDefault.WRITABLE_ROOT_FILESYSTEM,
    ),
    Planted(
        6,
        "a volume without bounds",
        with_volume({"name": "big", "emptyDir": {}}),
        f"{TEMPLATE}.volumes[3].emptyDir.sizeLimit",
        HardenedDefault.UNSIZED_VOLUME,
    ),
    Planted(7, "the node's network", put(pod, hostNetwork=True), f"{TEMPLATE}.hostNetwork"),
    Planted(
        7,
        "the node's port",
        put(container, ports=[{"name": "grpc", "containerPort": 50051, "hostPort": 50051}]),
        f"{MAIN}.ports[0].hostPort",
    ),
    Planted(7, "a privileged container", put(security, privileged=True), f"{CONTEXT}.privileged"),
    Planted(
        7,
        "the node's files",
        with_volume({"name": "logs", "hostPath": {"path": "/var/log"}}),
        f"{TEMPLATE}.volumes[3].hostPath",
        HardenedDefault.HOST_PATH,
    ),
    Planted(
        7,
        "the node's files, to write",
        with_host_path,
        f"{MAIN}.volumeMounts[2].readOnly",
        HardenedDefault.WRITABLE_HOST_PATH,
    ),
    Planted(
        7,
        "a port on every node",
        put(spec("Service", "users"), type="NodePort"),
        "spec.type",
        HardenedDefault.NODE_PORT,
    ),
    Planted(11, "an image without a digest", put(container, image="registry.example:5000/users:1.0"), f"{MAIN}.image"),
    Planted(11, "an image without a tag", put(container, image=_UNTAGGED), f"{MAIN}.image"),
)


CREDENTIALS = (
    Planted(8, "the shared account", put(pod, serviceAccountName="default"), f"{TEMPLATE}.serviceAccountName"),
    Planted(
        8,
        "a token",
        put(pod, automountServiceAccountToken=True),
        f"{TEMPLATE}.automountServiceAccountToken",
        HardenedDefault.SERVICE_ACCOUNT_TOKEN,
    ),
    Planted(
        8,
        "a token by projection",
        with_volume(_PROJECTED_TOKEN),
        f"{TEMPLATE}.volumes[3].projected.sources",
        HardenedDefault.SERVICE_ACCOUNT_TOKEN,
    ),
    Planted(
        9,
        "a wildcard",
        adding(an_object("Role", "wide", _RBAC, rules=[{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}])),
        "rules[0].resources",
    ),
    Planted(
        9, "a cluster-admin", adding(an_object("RoleBinding", "admin", _RBAC, roleRef=_CLUSTER_ADMIN)), "roleRef.name"
    ),
    Planted(10, "a password in a variable", env("PGPASSWORD", value="hunter2"), f"{MAIN}.env[4].value"),
    Planted(
        10,
        "a password in a URL",
        env("DATABASE_URL", value="postgres://users:hunter2@db/users"),
        f"{MAIN}.env[4].value",
    ),
    Planted(10, "a password option", put(container, args=["--verbose", "--password=hunter2"]), f"{MAIN}.args[1]"),
    Planted(10, "a password argument", put(container, args=["--api-key", "hunter2"]), f"{MAIN}.args[0]"),
    Planted(
        10,
        "an annotation",
        put(metadata("Service", "users"), annotations={"example.org/token": "hunter2"}),
        "metadata.annotations.example.org/token",
    ),
    Planted(
        10,
        "a Pod's annotation",
        put(_template_metadata, annotations={"example.org/token": "hunter2"}),
        "spec.template.metadata.annotations.example.org/token",
    ),
    Planted(
        10,
        "a ConfigMap's key",
        adding(an_object("ConfigMap", "leak", data={"client-secret": "hunter2"})),
        "data.client-secret",
    ),
    Planted(
        10,
        "a ConfigMap's file",
        adding(an_object("ConfigMap", "leak", data={"app.yaml": "db:\n  password: hunter2\n"})),
        "data.app.yaml",
    ),
)
