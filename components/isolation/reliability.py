"""How a workload survives a lost node and a rollout: rules 24, 25 and 28 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.hardening import HardenedDefault

from . import sources
from .objects import Objects
from .pods import Key, Manifest, Workload, key, name_of, namespace_of
from .quantities import scaled
from .rules import Finding, Rule
from .selectors import selects

TOPOLOGY_KEYS = ("kubernetes.io/hostname", "topology.kubernetes.io/zone")


def autoscalers(objects: Objects) -> dict[Key, Manifest]:
    """The HorizontalPodAutoscaler of each object that has one, by the object's kind, namespace and name."""
    found: dict[Key, Manifest] = {}
    for autoscaler in objects.of_kind("HorizontalPodAutoscaler"):
        target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
        found[target.get("kind") or "", namespace_of(autoscaler), target.get("name") or ""] = autoscaler
    return found


def _replicas(workload: Workload, autoscaler: Manifest | None) -> tuple[int, int]:
    """How many Pods there are at least and at most."""
    if autoscaler is not None:
        return _count(autoscaler, "minReplicas"), _count(autoscaler, "maxReplicas")
    number = _count(workload.manifest, "replicas")
    return number, number


def _count(manifest: Manifest, field: str) -> int:
    """A number of Pods; 1 where it is absent, as for the API server."""
    number = (manifest.get("spec") or {}).get(field)
    return 1 if number is None else int(number)


def _replicated(objects: Objects) -> Iterator[tuple[Workload, int, int]]:
    """The workloads whose number of Pods is somebody's choice, with their least and greatest number."""
    owners = autoscalers(objects)
    for workload in objects.workloads:
        if workload.kind in ("Deployment", "StatefulSet"):
            yield workload, *_replicas(workload, owners.get(key(workload.manifest)))


def autoscalers_own_replicas(objects: Objects) -> Iterator[Finding]:
    """`spec.replicas` is absent where an autoscaler owns the number."""
    owners = autoscalers(objects)
    for workload in objects.workloads:
        if key(workload.manifest) in owners and "replicas" in (workload.manifest.get("spec") or {}):
            yield Finding(
                workload.manifest,
                "spec.replicas",
                f"each deployment sets back what the autoscaler {name_of(owners[key(workload.manifest)])} has chosen",
                "drop spec.replicas",
            )


def a_lost_pod_is_not_an_outage(objects: Objects) -> Iterator[Finding]:
    """At least two replicas, or an autoscaler with a minimum of two. Bare Pods have neither."""
    owners = autoscalers(objects)
    for workload, least, _ in _replicated(objects):
        if least < 2:
            owner = owners.get(key(workload.manifest))
            what = f"autoscaler {name_of(owner)}: minReplicas" if owner else "replicas"
            yield Finding(
                workload.manifest,
                "spec.replicas",
                f"{what} is {least}, so a lost or drained node is an outage",
                f"set {'minReplicas' if owner else 'replicas'} to at least 2",
            )
    for workload in objects.workloads:
        if workload.kind == "Pod":
            yield Finding(
                workload.manifest, "kind", "nothing replaces a bare Pod when its node is lost", "make it a Deployment"
            )


def nodes_can_be_drained(objects: Objects) -> Iterator[Finding]:
    """Each workload of several Pods has one disruption budget, and each budget allows at least one eviction."""
    budgets = objects.selecting("PodDisruptionBudget", "selector")
    bounds: dict[Key, tuple[int, int]] = {}
    for workload, least, most in _replicated(objects):
        bounds[key(workload.manifest)] = (least, most)
        own = budgets.get(key(workload.manifest), [])
        if most > 1 and not own:
            yield Finding(
                workload.manifest,
                "metadata.name",
                "no PodDisruptionBudget selects the Pods, so draining nodes may stop all of them at once",
                "add a PodDisruptionBudget with maxUnavailable: 1 and the workload's selector",
            )
        elif len(own) > 1:
            yield Finding(
                workload.manifest,
                "metadata.name",
                f"the budgets {', '.join(map(name_of, own))} select the same Pods, so every eviction is refused",
                "keep one of them",
            )
    for budget in objects.of_kind("PodDisruptionBudget"):
        spec = budget.get("spec") or {}
        selected = objects.selected_by(namespace_of(budget), spec.get("selector"))
        pods = sum(bounds.get(key(workload.manifest), (1, 1))[0] for workload in selected)
        field = "maxUnavailable" if "maxUnavailable" in spec else "minAvailable"
        if selected and _evictions(spec, pods) < 1:
            yield Finding(
                budget,
                f"spec.{field}",
                f"{field}: {spec.get(field)} of {pods} Pods allows no eviction, so their nodes can't be drained",
                "set maxUnavailable: 1 (and no minAvailable)",
            )


def _evictions(budget: Manifest, pods: int) -> int:
    if "maxUnavailable" in budget:
        return scaled(budget["maxUnavailable"], max(pods, 1))
    return pods - scaled(budget.get("minAvailable", 1), pods)


def rollouts_replace_pods_gradually(objects: Objects) -> Iterator[Finding]:
    """RollingUpdate; in Deployments with `maxUnavailable: 0`. The other two kinds replace Pods in place, one by one."""
    for workload in objects.workloads:
        if workload.kind not in ("Deployment", "StatefulSet", "DaemonSet"):
            continue
        field = "strategy" if workload.kind == "Deployment" else "updateStrategy"
        strategy: Manifest = (workload.manifest.get("spec") or {}).get(field) or {}
        kind = strategy.get("type", "RollingUpdate")
        if kind != "RollingUpdate":
            yield Finding(
                workload.manifest,
                f"spec.{field}.type",
                f"with {kind} a rollout stops all Pods, or waits for somebody to stop them",
                f"set {field}.type: RollingUpdate",
            )
        elif workload.kind == "Deployment" and not _is_zero(
            (strategy.get("rollingUpdate") or {}).get("maxUnavailable")
        ):
            yield Finding(
                workload.manifest,
                f"spec.{field}.rollingUpdate.maxUnavailable",
                "a rollout may stop Pods before their successors are ready (Kubernetes' own default is 25%)",
                "set maxUnavailable: 0 and maxSurge: 1",
            )


def _is_zero(value: Any) -> bool:
    return value is not None and str(value).rstrip("%") in ("0", "0.0")


def pods_are_spread(objects: Objects) -> Iterator[Finding]:
    """Where there may be several Pods, topology spread constraints over hosts and zones that select them."""
    for workload, _, most in _replicated(objects):
        constraints = workload.pod_spec.get("topologySpreadConstraints") or []
        for topology_key in TOPOLOGY_KEYS:
            if most > 1 and not any(
                constraint.get("topologyKey") == topology_key
                and selects(constraint.get("labelSelector"), workload.pod_labels)
                for constraint in constraints
            ):
                yield Finding(
                    workload.manifest,
                    f"{workload.pod_spec_path}.topologySpreadConstraints",
                    f"no constraint that selects the Pods spreads them over {topology_key}: one failure stops all",
                    f"add a constraint with topologyKey: {topology_key} and the workload's selector",
                )


RULES = (
    Rule(
        number=24,
        title="an autoscaler owns the number of replicas",
        source=sources.AUTOSCALING,
        find=autoscalers_own_replicas,
    ),
    Rule(
        number=24,
        title="at least two replicas",
        source=sources.AUTOSCALING,
        find=a_lost_pod_is_not_an_outage,
        relaxation=HardenedDefault.SINGLE_REPLICA,
        production_only=True,
    ),
    Rule(
        number=25,
        title="disruption budgets allow an eviction",
        source=sources.DISRUPTION_BUDGETS,
        find=nodes_can_be_drained,
        relaxation=HardenedDefault.DISRUPTION_BUDGET,
    ),
    Rule(
        number=28,
        title="rollouts replace Pods gradually",
        source=sources.ROLLING_UPDATE,
        find=rollouts_replace_pods_gradually,
        relaxation=HardenedDefault.RECREATE,
    ),
    Rule(
        number=28,
        title="Pods are spread over hosts and zones",
        source=sources.TOPOLOGY_SPREAD,
        find=pods_are_spread,
        relaxation=HardenedDefault.SPREAD,
    ),
)
