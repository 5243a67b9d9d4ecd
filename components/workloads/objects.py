"""Every object of this package's components, as manifests: the pure core that rendering and deploying share."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from lightkube.models import core_v1, meta_v1, rbac_v1

from components import identity
from components.manifests import Manifest, manifest
from components.quantities import count_text
from components.resources.rights import account, granted
from components.specs.pod import ClaimedVolume
from components.specs.workload import WorkloadKind
from components.workloads.arguments import NamedWorkload
from components.workloads.controllers import controllers
from components.workloads.network_policies import connection_policy, default_policies, network_policy
from components.workloads.scaling import horizontal_pod_autoscalers, pod_disruption_budget
from components.workloads.services import services
from components.workloads.volumes import claim_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec

    from components.workloads.arguments import ConfigurationArgs, NamespaceArgs, WorkloadArgs

POD_SECURITY: Final = "pod-security.kubernetes.io"


def namespace_objects(args: NamespaceArgs) -> list[Manifest]:
    """Build a namespace: Pod Security, quota, defaults for containers that say nothing, NetworkPolicies."""
    spec = args.spec
    labels = identity.labels(spec.name, part_of=args.part_of)
    levels = {f"{POD_SECURITY}/{mode}": spec.pod_security.value for mode in ("enforce", "audit", "warn")}
    reasons = {identity.exception_annotation("pod-security"): "; ".join(spec.relaxed_for)} if spec.relaxed_for else None
    quota = {"requests.cpu": spec.quota.cpu, "requests.memory": spec.quota.memory, "pods": count_text(spec.quota.pods)}
    if spec.quota.storage:
        quota["requests.storage"] = spec.quota.storage
    metadata = meta_v1.ObjectMeta(name="platform", namespace=spec.name, labels=labels)
    built: list[msgspec.Struct] = [
        core_v1.Namespace(
            apiVersion="v1",
            kind="Namespace",
            metadata=meta_v1.ObjectMeta(name=spec.name, labels=spec.labels | labels | levels, annotations=reasons),
        ),
        core_v1.ResourceQuota(
            apiVersion="v1", kind="ResourceQuota", metadata=metadata, spec=core_v1.ResourceQuotaSpec(hard=quota)
        ),
        core_v1.LimitRange(
            apiVersion="v1",
            kind="LimitRange",
            metadata=metadata,
            spec=core_v1.LimitRangeSpec(
                limits=[
                    core_v1.LimitRangeItem(
                        type="Container",
                        defaultRequest={"cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi"},
                        default={"cpu": "200m", "memory": "64Mi", "ephemeral-storage": "64Mi"},
                    )
                ]
            ),
        ),
        *default_policies(spec.name, labels),
        *(
            connection_policy(
                meta_v1.ObjectMeta(name=name, namespace=spec.name, labels=labels), guest.labels, guest.connections
            )
            for name, guest in args.guests.items()
        ),
    ]
    return [manifest(model) for model in built]


def configuration_objects(args: ConfigurationArgs) -> list[Manifest]:
    """Build the ConfigMaps and Secrets that the catalogue defines."""

    def metadata(name: str) -> Any:
        return meta_v1.ObjectMeta(
            name=name,
            namespace=args.namespace,  # ty: ignore[invalid-argument-type] - may be known only at deploy time
            labels=identity.labels(name, part_of=args.part_of),
        )

    config_maps = [
        core_v1.ConfigMap(apiVersion="v1", kind="ConfigMap", metadata=metadata(name), data=dict(data))
        for name, data in args.config_maps.items()
    ]
    secrets = [
        core_v1.Secret(
            apiVersion="v1",
            kind="Secret",
            metadata=metadata(name),
            type=secret.type,
            stringData=dict(secret.data),
        )
        for name, secret in args.secrets.items()
    ]
    return [manifest(model) for model in (*config_maps, *secrets)]


def content_checksum(data: Mapping[str, str], *, name: str) -> str:
    """Return a short text that changes with the content of a ConfigMap or Secret.

    It stands in an annotation that anybody may read who may read Pods, so it is made slow to reverse (scrypt, with the
    object's name as salt): a short password can't be found by trying candidates against it.
    """
    content = "\0".join(f"{key}\0{value}" for key, value in sorted(data.items()))
    return hashlib.scrypt(content.encode(), salt=name.encode(), n=2**14, r=8, p=1, dklen=16).hex()


def config_checksum(data: Mapping[str, str]) -> str:
    """Return the checksum of a ConfigMap's content; it is no secret, so a plain digest will do."""
    content = "\0".join(f"{key}\0{value}" for key, value in sorted(data.items()))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def workload_objects(name: str, args: WorkloadArgs) -> list[Manifest]:
    """Build everything that makes up one workload."""
    workload = NamedWorkload(name, args)
    parts: list[msgspec.Struct | None] = [
        core_v1.ServiceAccount(
            apiVersion="v1", kind="ServiceAccount", metadata=workload.metadata(), automountServiceAccountToken=False
        ),
        *api_access(workload),
        network_policy(workload, args.connections),
        *claims(workload),
        *services(workload),
        *controllers(workload),
        *horizontal_pod_autoscalers(workload),
        pod_disruption_budget(workload),
    ]
    return [manifest(part) for part in parts if part is not None]


def claims(workload: NamedWorkload) -> list[core_v1.PersistentVolumeClaim]:
    """Build the claims of a workload that is no StatefulSet."""
    if workload.spec.kind is WorkloadKind.STATEFUL_SET:
        return []
    return [
        core_v1.PersistentVolumeClaim(
            apiVersion="v1",
            kind="PersistentVolumeClaim",
            metadata=workload.metadata(identity.claim_name(workload.name, key)),
            spec=claim_spec(volume),
        )
        for key, volume in workload.spec.volumes.items()
        if isinstance(volume, ClaimedVolume)
    ]


def api_access(workload: NamedWorkload) -> list[msgspec.Struct]:
    """Build the Role of a workload that uses the Kubernetes API, and its binding; nothing for all others."""
    if not workload.spec.api_access:
        return []
    rules = [
        rbac_v1.PolicyRule(
            apiGroups=list(rule.groups),
            resources=list(rule.resources),
            verbs=list(rule.verbs),
            resourceNames=list(rule.names) or None,
        )
        for rule in workload.spec.api_access
    ]
    namespace: Any = workload.args.namespace  # may be known only at deploy time
    return [*granted(workload.metadata(), rules, account(workload.name, namespace))]
