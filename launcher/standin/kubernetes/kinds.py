"""Which objects the stand-in takes, and where the API server keeps them (pure)."""

from dataclasses import dataclass

from launcher.standin.official import official_plugin

OFFICIAL_PLUGIN = official_plugin("kubernetes")
"""How every refusal ends."""


@dataclass(frozen=True)
class Kind:
    """A kind of object. For a custom resource, `plural` and `namespaced` are None: only the API server knows them."""

    api_version: str
    name: str
    plural: str | None
    namespaced: bool | None


class UnknownType(Exception):
    """A type token that the stand-in doesn't take."""


def _built_in(group_and_version: str, *kinds: tuple[str, str], namespaced: bool = True) -> dict[str, Kind]:
    api_version = group_and_version.removeprefix("core/")
    return {
        f"kubernetes:{group_and_version}:{name}": Kind(api_version, name, plural, namespaced) for name, plural in kinds
    }


BUILT_IN: dict[str, Kind] = {
    **_built_in("core/v1", ("Namespace", "namespaces"), namespaced=False),
    **_built_in(
        "core/v1",
        ("ConfigMap", "configmaps"),
        ("LimitRange", "limitranges"),
        ("PersistentVolumeClaim", "persistentvolumeclaims"),
        ("Pod", "pods"),
        ("ResourceQuota", "resourcequotas"),
        ("Secret", "secrets"),
        ("Service", "services"),
        ("ServiceAccount", "serviceaccounts"),
    ),
    **_built_in("apps/v1", ("DaemonSet", "daemonsets"), ("Deployment", "deployments"), ("StatefulSet", "statefulsets")),
    **_built_in("autoscaling/v2", ("HorizontalPodAutoscaler", "horizontalpodautoscalers")),
    **_built_in("batch/v1", ("CronJob", "cronjobs"), ("Job", "jobs")),
    **_built_in("networking.k8s.io/v1", ("NetworkPolicy", "networkpolicies")),
    **_built_in("policy/v1", ("PodDisruptionBudget", "poddisruptionbudgets")),
    **_built_in("rbac.authorization.k8s.io/v1", ("Role", "roles"), ("RoleBinding", "rolebindings")),
    **_built_in(
        "rbac.authorization.k8s.io/v1",
        ("ClusterRole", "clusterroles"),
        ("ClusterRoleBinding", "clusterrolebindings"),
        namespaced=False,
    ),
    **_built_in("apiregistration.k8s.io/v1", ("APIService", "apiservices"), namespaced=False),
}
"""The built-in kinds, by Pulumi's type token."""

_BUILT_IN_GROUPS = frozenset(
    f"{group}.k8s.io"
    for group in [
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "internal.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
        "storagemigration",
    ]
)
"""Groups that Kubernetes itself serves and whose name, like a custom resource's, has a dot."""

_HELM = "helm.sh"


def kind_of(token: str) -> Kind:
    """The kind that a type token names: a built-in one, or any custom resource (its group has a dot).

    Raises UnknownType for anything else: other built-in kinds, Helm, YAML and Kustomize components, Patch and List.
    """
    if token in BUILT_IN:
        return BUILT_IN[token]
    package, _, rest = token.partition(":")
    group_and_version, _, name = rest.partition(":")
    group, _, version = group_and_version.partition("/")
    custom = "." in group and group not in _BUILT_IN_GROUPS and group != _HELM and version and "/" not in version
    if package != "kubernetes" or not custom or not name:
        raise UnknownType(f"The Kubernetes stand-in doesn't know {token}: {OFFICIAL_PLUGIN}.")
    return Kind(group_and_version, name, plural=None, namespaced=None)
