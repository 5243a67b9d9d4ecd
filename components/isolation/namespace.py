"""What a namespace brings for everything in it: rules 1, 12 and 13 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator

from components.hardening import NamespaceDefault

from . import sources
from .objects import Objects
from .pods import kind_of, labels_of, name_of, namespace_of
from .rules import Finding, Rule

CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "GatewayClass",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)
"""The kinds without a namespace."""


def pod_security_is_restricted(objects: Objects) -> Iterator[Finding]:
    """Namespaces enforce, audit and warn at the level `restricted`."""
    for namespace in objects.of_kind("Namespace"):
        for mode in ("enforce", "audit", "warn"):
            label = f"pod-security.kubernetes.io/{mode}"
            level = labels_of(namespace).get(label)
            if level != "restricted":
                yield Finding(
                    namespace,
                    f"metadata.labels.{label}",
                    f"the Pod Security level is {level or 'not set'}, so the API server lets weaker Pods pass",
                    f"set {label}: restricted",
                )


def workloads_live_in_rendered_namespaces(objects: Objects) -> Iterator[Finding]:
    """The namespace of a workload is part of the render: nothing could be said of any other."""
    for workload in objects.workloads:
        if workload.namespace and objects.get("Namespace", "", workload.namespace) is None:
            yield Finding(
                workload.manifest,
                "metadata.namespace",
                f"namespace {workload.namespace} is not part of this render, so nothing shows its Pod Security level",
                f"render a Namespace {workload.namespace} with the pod-security.kubernetes.io labels",
            )


def nothing_lives_in_default(objects: Objects) -> Iterator[Finding]:
    """Every namespaced object names a namespace, and not `default`."""
    for manifest in objects.manifests:
        if kind_of(manifest) not in CLUSTER_SCOPED and namespace_of(manifest) in ("", "default"):
            yield Finding(
                manifest,
                "metadata.namespace",
                "the object lands in the namespace default, which has no quota, no policies and many owners",
                "name a namespace of the platform",
            )


def namespaces_are_bounded(objects: Objects) -> Iterator[Finding]:
    """Each namespace has a ResourceQuota and a LimitRange."""
    for namespace in objects.of_kind("Namespace"):
        for kind, consequence in (
            ("ResourceQuota", "one namespace can take the whole cluster"),
            ("LimitRange", "a Pod without requests and limits is refused by the quota, or unbounded"),
        ):
            if not objects.in_namespace(kind, name_of(namespace)):
                yield Finding(
                    namespace, "metadata.name", f"the namespace has no {kind}: {consequence}", f"add a {kind}"
                )


RULES = (
    Rule(
        number=1,
        title="namespaces enforce the restricted Pod Security level",
        source=sources.POD_SECURITY_LABELS,
        find=pod_security_is_restricted,
        relaxation=NamespaceDefault.POD_SECURITY,
    ),
    Rule(
        number=1,
        title="workloads live in rendered namespaces",
        source=sources.POD_SECURITY_LABELS,
        find=workloads_live_in_rendered_namespaces,
    ),
    Rule(number=12, title="nothing lives in default", source=sources.CIS_BENCHMARK, find=nothing_lives_in_default),
    Rule(
        number=13,
        title="namespaces have a quota and a limit range",
        source=sources.RESOURCE_QUOTAS,
        find=namespaces_are_bounded,
    ),
)
