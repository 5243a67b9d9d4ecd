"""What changed between two manifests, and whether the object must be replaced for it (pure).

The fields that force a replacement are the official provider's:
https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Path = tuple[str | int, ...]
"""Where in a manifest: keys and list positions."""

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

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


class Kind(Enum):
    """What happened to a field."""

    ADD = auto()
    DELETE = auto()
    UPDATE = auto()


@dataclass(frozen=True)
class Change:
    """One field that changed."""

    path: Path
    kind: Kind
    replaces: bool
    """Whether this change forces a replacement of the whole object."""


@dataclass(frozen=True)
class Difference:
    """All that changed between an old manifest and a new one."""

    changes: tuple[Change, ...]
    delete_before_replace: bool
    """Whether the old object must go before the new one can be: they bear the same name in the same namespace."""

    @property
    def replaces(self) -> bool:
        """Whether any change forces a replacement."""
        return any(change.replaces for change in self.changes)


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
    broken = [rule for rule in rules if _at(old, rule) != _at(new, rule)]
    changes = tuple(
        Change(path, kind, replaces=any(_overlap(path, rule) for rule in broken))
        for path, kind in _changes(old, new, ())
    )
    same_name = all(_at(old, path) == _at(new, path) for path in _IDENTITY)
    return Difference(changes, delete_before_replace=bool(broken) and same_name)


def _rules(new: Mapping[str, Any], *, config_maps_mutable: bool, secrets_mutable: bool) -> tuple[Path, ...]:
    kind = (str(new.get("apiVersion")), str(new.get("kind")))
    rules = _IDENTITY + _REPLACING.get(kind, ())
    mutable = {("v1", "ConfigMap"): config_maps_mutable, ("v1", "Secret"): secrets_mutable}.get(kind, False)
    if mutable and not new.get("immutable"):
        return tuple(rule for rule in rules if rule[0] not in ("data", "binaryData", "stringData"))
    return rules


_ABSENT = object()


def _at(value: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def _overlap(one: Path, other: Path) -> bool:
    return all(left == right for left, right in zip(one, other, strict=False))


def _changes(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Kind]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _changes(old.get(key, _ABSENT), new.get(key, _ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else _ABSENT
            after = new[index] if index < len(new) else _ABSENT
            yield from _changes(before, after, (*path, index))
    elif old is _ABSENT:
        yield path, Kind.ADD
    elif new is _ABSENT:
        yield path, Kind.DELETE
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, Kind.UPDATE


def written(path: Path) -> str:
    """A path in Pulumi's notation: `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN_KEY.fullmatch(key):
            text += f".{key}" if text else key
        else:
            escaped = key.replace('"', '\\"')
            text += f'["{escaped}"]'
    return text
