"""rbac.authorization.k8s.io/v1: a role, and the binding by which an account has it. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections.abc import Iterable
from typing import Final

from lightkube.models import meta_v1, rbac_v1

_GROUP: Final = "rbac.authorization.k8s.io"
_VERSION: Final = f"{_GROUP}/v1"


def account(name: str, namespace: str | None) -> rbac_v1.Subject:
    """Return a service account, as bindings name it."""
    return rbac_v1.Subject(kind="ServiceAccount", name=name, namespace=namespace)


def granted(
    metadata: meta_v1.ObjectMeta, rules: Iterable[rbac_v1.PolicyRule], to: rbac_v1.Subject
) -> tuple[rbac_v1.Role | rbac_v1.ClusterRole, rbac_v1.RoleBinding | rbac_v1.ClusterRoleBinding]:
    """Build a role with these rules, and its binding: for the whole cluster where the metadata name no namespace."""
    binding = bound(metadata, metadata.name or "", to)
    if metadata.namespace is None:
        role = rbac_v1.ClusterRole(apiVersion=_VERSION, kind="ClusterRole", metadata=metadata, rules=list(rules))
        return role, binding
    return rbac_v1.Role(apiVersion=_VERSION, kind="Role", metadata=metadata, rules=list(rules)), binding


def bound(
    metadata: meta_v1.ObjectMeta, role: str, to: rbac_v1.Subject
) -> rbac_v1.RoleBinding | rbac_v1.ClusterRoleBinding:
    """Build the binding to a role that there is: one of the same namespace, or of the cluster where none is named."""
    kind, binding = (
        ("ClusterRole", rbac_v1.ClusterRoleBinding) if metadata.namespace is None else ("Role", rbac_v1.RoleBinding)
    )
    return binding(
        apiVersion=_VERSION,
        kind=f"{kind}Binding",
        metadata=metadata,
        roleRef=rbac_v1.RoleRef(apiGroup=_GROUP, kind=kind, name=role),
        subjects=[to],
    )
