"""How a Pod starts, says that it is ready, and stops: rules 26 and 29 of the checklist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.hardening import HardenedDefault
from components.identity import DOMAIN

from . import sources
from .objects import Objects
from .pods import Container, Key, Manifest, Workload, annotations_of, key
from .rules import Finding, Rule

LANGUAGE = f"{DOMAIN}/language"
"""The label or annotation of a Pod template that names the language of its first container."""

_JVM_VARIABLES = frozenset({"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"})
_HANDLERS = ("httpGet", "grpc", "tcpSocket", "exec")
_DEFAULT_GRACE_SECONDS = 30
_SLEEP = re.compile(r"\bsleep[\s\0]+(\d+(?:\.\d+)?)")


def readiness_and_liveness_differ(objects: Objects) -> Iterator[Finding]:
    """Each main container has both probes, and liveness asks something else, or is patient for longer.

    Otherwise a Pod that is too busy to be ready is killed at the moment in which its traffic should only pause.
    """
    for workload, container in _serving(objects):
        readiness, liveness = container.body.get("readinessProbe"), container.body.get("livenessProbe")
        for field, probe, consequence in (
            ("readinessProbe", readiness, "it gets traffic, and a rollout goes on, before it can answer"),
            ("livenessProbe", liveness, "nothing restarts it when it hangs"),
        ):
            if not probe:
                yield Finding(
                    workload.manifest,
                    f"{container.path}.{field}",
                    f"container {container.name} has no {field}: {consequence}",
                    f"add a {field}",
                )
        if (
            readiness
            and liveness
            and _handler(readiness) == _handler(liveness)
            and _patience(liveness) <= _patience(readiness)
        ):
            yield Finding(
                workload.manifest,
                f"{container.path}.livenessProbe",
                f"container {container.name} is restarted by the answer that should only take it out of the Service",
                "let liveness ask something else, or raise its failureThreshold above readiness's",
            )


def jvms_may_start_slowly(objects: Objects) -> Iterator[Finding]:
    """Each JVM has a startup probe, so that liveness needn't wait for its slowest start."""
    for workload, container in _serving(objects):
        if _is_jvm(workload, container) and not container.body.get("startupProbe"):
            yield Finding(
                workload.manifest,
                f"{container.path}.startupProbe",
                f"container {container.name} is a JVM without a startup probe, so a slow start gets it restarted",
                "add a startupProbe",
            )


def pods_drain_before_they_stop(objects: Objects) -> Iterator[Finding]:
    """Behind a Service, a preStop hook in each main container that has ports, or in all if none has any."""
    behind_a_service: set[Key] = set()
    for service in objects.of_kind("Service"):
        behind_a_service.update(key(workload.manifest) for workload in objects.selected_by_service(service))
    for workload in objects.workloads:
        if key(workload.manifest) not in behind_a_service or workload.runs_to_completion:
            continue
        main = workload.main_containers
        for container in [container for container in main if container.body.get("ports")] or main:
            if not _pre_stop(container):
                yield Finding(
                    workload.manifest,
                    f"{container.path}.lifecycle.preStop",
                    f"container {container.name} stops while clients still send to it: Services forget Pods late",
                    "add lifecycle.preStop.sleep.seconds: 5",
                )


def grace_outlasts_the_drain(objects: Objects) -> Iterator[Finding]:
    """`terminationGracePeriodSeconds` is longer than the longest preStop sleep, which it includes."""
    for workload in objects.workloads:
        if workload.runs_to_completion:
            continue
        grace = workload.pod_spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE_SECONDS)
        drain = max((_sleep_seconds(_pre_stop(container)) for container in workload.containers), default=0)
        if grace <= drain:
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path}.terminationGracePeriodSeconds",
                f"the Pod is killed after {grace:g} s and drains for {drain:g} s: no time to finish requests",
                f"set terminationGracePeriodSeconds to {drain + _DEFAULT_GRACE_SECONDS:g}",
            )


def _serving(objects: Objects) -> Iterator[tuple[Workload, Container]]:
    """The main containers that others reach, in workloads that run until they are stopped.

    A worker without any port has nothing that a probe could ask, and no traffic to keep away: its exit is its signal.
    """
    for workload in objects.workloads:
        if not workload.runs_to_completion:
            for container in workload.main_containers:
                if container.body.get("ports"):
                    yield workload, container


def _handler(probe: Manifest) -> Mapping[str, Any]:
    return {field: probe[field] for field in _HANDLERS if field in probe}


def _patience(probe: Manifest) -> float:
    """Seconds of failing answers until the probe acts; the defaults are Kubernetes' own: every 10 s, 3 times."""
    return probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)


def _is_jvm(workload: Workload, container: Container) -> bool:
    def has_jvm_variable(candidate: Container) -> bool:
        return any(variable.get("name") in _JVM_VARIABLES for variable in candidate.body.get("env") or [])

    if any(has_jvm_variable(candidate) for candidate in workload.main_containers):
        return has_jvm_variable(container)
    language = workload.pod_labels.get(LANGUAGE) or annotations_of(workload.pod_template).get(LANGUAGE)
    return language == "java" and container is workload.main_containers[0]


def _pre_stop(container: Container) -> Manifest:
    return (container.body.get("lifecycle") or {}).get("preStop") or {}


def _sleep_seconds(hook: Manifest) -> float:
    """How long a hook sleeps; 0 where that can't be told from the manifest, as for an HTTP hook."""
    if "sleep" in hook:
        return (hook["sleep"] or {}).get("seconds", 0)
    found = _SLEEP.search(" ".join(map(str, (hook.get("exec") or {}).get("command") or [])))
    return float(found[1]) if found else 0


RULES = (
    Rule(
        number=26,
        title="readiness and liveness differ",
        source=sources.PROBES,
        find=readiness_and_liveness_differ,
        relaxation=HardenedDefault.PROBES,
    ),
    Rule(
        number=26,
        title="JVMs have a startup probe",
        source=sources.PROBES,
        find=jvms_may_start_slowly,
        relaxation=HardenedDefault.PROBES,
    ),
    Rule(number=29, title="Pods drain before they stop", source=sources.TERMINATION, find=pods_drain_before_they_stop),
    Rule(
        number=29,
        title="the grace period outlasts the drain",
        source=sources.TERMINATION,
        find=grace_outlasts_the_drain,
    ),
)
