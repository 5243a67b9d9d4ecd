"""The Pod template: every container of a workload, and what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lightkube.models import core_v1, meta_v1

from components import identity
from components.hardening import HardenedDefault
from components.quantities import whole_seconds
from components.scalars import image_tag
from components.specs.pod import ConfigVolume, SecretVolume
from components.specs.ports import METRICS_PATH, SCRAPE, SCRAPE_PATH, SCRAPE_PORT
from components.specs.variables import ConfigReference, ConfigSource, FieldReference, SecretReference, SecretSource
from components.specs.workload import WorkloadKind
from components.workloads.containers import container, serving
from components.workloads.volumes import volumes

if TYPE_CHECKING:
    from pulumi import Input

    from components.specs.workload import WorkloadSpec
    from components.workloads.arguments import NamedWorkload, WorkloadArgs

SPREAD_KEYS: Final = ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
"""Replicas are spread over hosts and zones, as well as the cluster allows."""


def configuration_read(args: WorkloadArgs) -> dict[tuple[str, str], bool]:
    """Return the ConfigMaps and Secrets that the Pods read, as (kind, name): whether a change must roll the Pods."""
    spec = args.spec
    values: list[object] = [*args.environment.values(), *spec.volumes.values()]
    for part in spec.every_container:
        values += [*part.env.values(), *part.env_from]
    found: dict[tuple[str, str], bool] = {}
    for value in values:
        rolls = not isinstance(value, ConfigVolume | SecretVolume) or value.on_change == "restart"
        match value:
            case ConfigReference() | ConfigSource() | ConfigVolume():
                key = ("ConfigMap", value.config)
            case SecretReference() | SecretSource() | SecretVolume():
                key = ("Secret", value.secret)
            case _:
                continue
        found[key] = found.get(key, False) or rolls
    return found


def scrape_annotations(spec: WorkloadSpec) -> dict[str, str]:
    """Return what tells Prometheus, and a mesh that merges its metrics with the service's, where metrics are served.

    https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging
    """
    port = spec.metrics_port
    if port is None:
        return {}
    return {
        SCRAPE: "true",
        SCRAPE_PORT: str(port.number),
        SCRAPE_PATH: port.path or METRICS_PATH,
    }


def pod_template(
    workload: NamedWorkload, *, track: str | None = None, image: Input[str] | None = None
) -> core_v1.PodTemplateSpec:
    """Build the Pod template of one version of a workload."""
    labels = workload.labels | ({identity.TRACK: track} if track else {})
    checksums = {
        identity.checksum_annotation(*key): workload.args.checksums[key]
        for key, rolls in configuration_read(workload.args).items()
        if rolls and key in workload.args.checksums
    }
    return core_v1.PodTemplateSpec(
        metadata=meta_v1.ObjectMeta(
            labels=labels,
            annotations={
                **_version(workload, track),
                **scrape_annotations(workload.spec),
                **workload.annotations,
                **checksums,
            }
            or None,
        ),
        spec=pod_spec(workload, image=image, track=track),
    )


def _version(workload: NamedWorkload, track: str | None) -> dict[str, str]:
    """Return which version this is, where a variable reads it: what is built at deploy time has its tag now."""
    spec = workload.spec
    if FieldReference(field=identity.VERSION_FIELD) not in workload.args.environment.values():
        return {}
    image = (spec.versions[track].image if track in spec.versions else None) or spec.image
    tag = image_tag(image) if image else None
    return {identity.VERSION: tag} if tag else {}


def pod_spec(workload: NamedWorkload, *, image: Input[str] | None, track: str | None) -> core_v1.PodSpec:
    """Build the Pod: native sidecars are init containers that never end, so they start first and stop last."""
    spec, name = workload.spec, workload.name
    main = container(
        name, spec, spec, image=image or workload.args.image or spec.image, derived=workload.args.environment
    )
    others = [container(key, part, spec, image=part.image, derived={}) for key, part in spec.containers.items()]
    init = [container(key, part, spec, image=part.image, derived={}) for key, part in spec.init.items()]
    sidecars = [container(key, part, spec, image=part.image, derived={}) for key, part in spec.sidecars.items()]
    for model, part in zip(sidecars, spec.sidecars.values(), strict=True):
        model.restartPolicy = "Always"
        serving(model, part, spec)
    if not spec.kind.runs_to_completion:
        serving(main, spec, spec)
        for model, part in zip(others, spec.containers.values(), strict=True):
            serving(model, part, spec)
    return core_v1.PodSpec(
        containers=[main, *others],
        initContainers=[*init, *sidecars] or None,
        volumes=volumes(name, spec) or None,
        imagePullSecrets=[core_v1.LocalObjectReference(name=secret) for secret in workload.args.pull_secrets] or None,
        serviceAccountName=name,
        automountServiceAccountToken=HardenedDefault.SERVICE_ACCOUNT_TOKEN in spec.exceptions,
        enableServiceLinks=False,
        restartPolicy=spec.job.restart if spec.kind.runs_to_completion else None,
        terminationGracePeriodSeconds=whole_seconds(spec.termination_grace),
        securityContext=core_v1.PodSecurityContext(
            runAsNonRoot=spec.pod_user != 0,
            runAsUser=spec.pod_user,
            runAsGroup=spec.pod_group,
            fsGroup=spec.pod_group,
            fsGroupChangePolicy="OnRootMismatch",
            seccompProfile=core_v1.SeccompProfile(type="RuntimeDefault"),
        ),
        topologySpreadConstraints=_spread(workload, track),
        priorityClassName=spec.priority_class,
        nodeSelector=spec.node_selector or None,
    )


def _spread(workload: NamedWorkload, track: str | None) -> list[core_v1.TopologySpreadConstraint] | None:
    spec = workload.spec
    if not spec.kind.is_replicated or HardenedDefault.SPREAD in spec.exceptions:
        return None
    return [
        core_v1.TopologySpreadConstraint(
            maxSkew=1,
            topologyKey=key,
            # A single-node cluster must still be able to run every replica.
            whenUnsatisfiable="ScheduleAnyway",
            labelSelector=meta_v1.LabelSelector(matchLabels=identity.selector(workload.name, track=track)),
            # Old and new Pods of a rollout are counted apart, or the new ones would be pushed to one side.
            matchLabelKeys=["pod-template-hash"] if spec.kind is WorkloadKind.DEPLOYMENT else None,
        )
        for key in SPREAD_KEYS
    ]
