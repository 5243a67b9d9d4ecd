"""What changed between two manifests, and whether the object must be replaced for it (pure).

The fields that force a replacement are the official provider's:
https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from launcher.standin.difference import Difference, Path, at, changes

_IDENTITY: tuple[Path, ...] = (("metadata", "name"), ("metadata", "namespace"))


def _of_spec(*fields: str) -> tuple[Path, ...]:
    return tuple(("spec", field) for field in fields)


_REPLACING: dict[tuple[str, str], tuple[Path, ...]] = {
    ("apps/v1", "DaemonSet"): _of_spec("selector"),
    ("apps/v1", "Deployment"): _of_spec("selector"),
    ("apps/v1", "StatefulSet"): _of_spec(
        "podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates"
    ),
    ("batch/v1", "Job"): _of_spec("completions", "parallelism", "selector", "template"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): (("roleRef",),),
    ("v1", "ConfigMap"): (("data",), ("binaryData",)),
    ("v1", "PersistentVolumeClaim"): _of_spec("accessModes", "selector", "storageClassName", "volumeName"),
    ("v1", "Pod"): _of_spec(
        "affinity",
        "automountServiceAccountToken",
        "containers",
        "dnsConfig",
        "dnsPolicy",
        "enableServiceLinks",
        "hostAliases",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostname",
        "imagePullSecrets",
        "initContainers",
        "nodeName",
        "nodeSelector",
        "overhead",
        "preemptionPolicy",
        "priority",
        "priorityClassName",
        "readinessGates",
        "restartPolicy",
        "runtimeClassName",
        "schedulerName",
        "securityContext",
        "serviceAccount",
        "serviceAccountName",
        "shareProcessNamespace",
        "subdomain",
        "terminationGracePeriodSeconds",
        "volumes",
    ),
    ("v1", "ResourceQuota"): _of_spec("scopes"),
    ("v1", "Secret"): (("type",), ("data",), ("stringData",)),
    ("v1", "Service"): _of_spec("clusterIP"),
}
"""By apiVersion and kind, beside the identity of every object."""


def difference(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    config_maps_mutable: bool = False,
    secrets_mutable: bool = False,
) -> Difference:
    """Compares two manifests without secret marks.

    The flags are the provider's `enableConfigMapMutable` and `enableSecretMutable`: with them, data changes in place,
    except in an object that says `immutable`.
    """
    rules = _rules(new, config_maps_mutable=config_maps_mutable, secrets_mutable=secrets_mutable)
    broken = [rule for rule in rules if at(old, rule) != at(new, rule)]
    found = tuple(
        replace(change, replaces=any(_overlap(change.path, rule) for rule in broken)) for change in changes(old, new)
    )
    # Two objects can't bear one name in one namespace.
    same_name = all(at(old, path) == at(new, path) for path in _IDENTITY)
    return Difference(found, delete_before_replace=bool(broken) and same_name)


def _rules(new: Mapping[str, Any], *, config_maps_mutable: bool, secrets_mutable: bool) -> tuple[Path, ...]:
    kind = (str(new.get("apiVersion")), str(new.get("kind")))
    rules = _IDENTITY + _REPLACING.get(kind, ())
    mutable = {("v1", "ConfigMap"): config_maps_mutable, ("v1", "Secret"): secrets_mutable}.get(kind, False)
    if mutable and not new.get("immutable"):
        return tuple(rule for rule in rules if rule[0] not in ("data", "binaryData", "stringData"))
    return rules


def _overlap(one: Path, other: Path) -> bool:
    return all(left == right for left, right in zip(one, other, strict=False))
