"""Planted violations of rules 14, 15 and 24 to 29: policies, replicas, resources, rollouts, probes and drains."""

from __future__ import annotations

from components.hardening import HardenedDefault
from tests.isolation.changes import MAIN, TEMPLATE, Planted, adding, container, drop, in_turn, pod, put, spec, without
from tests.isolation.sample import Body, a_container, a_pod, an_object

_DENY = spec("NetworkPolicy", "default-deny")
_USERS_POLICY = spec("NetworkPolicy", "users")
_PROBE = {"tcpSocket": {"port": "grpc"}, "periodSeconds": 5, "failureThreshold": 2}
_USERS = {"matchLabels": {"app": "users"}}


def _limits(manifests: list[Body]) -> Body:
    return container(manifests)["resources"]["limits"]


def _requests(manifests: list[Body]) -> Body:
    return container(manifests)["resources"]["requests"]


def _lonely_pod() -> Body:
    probes = {f"{name}Probe": {"exec": {"command": [name]}} for name in ("readiness", "liveness")}
    template = a_pod("users", a_container("users", **probes))
    template["metadata"]["labels"] = {"app": "lonely"}
    lonely = an_object("Pod", "lonely", spec=template["spec"])
    lonely["metadata"].update(template["metadata"])
    return lonely


NETWORK = (
    Planted(
        14,
        "no policy for egress",
        in_turn(put(_DENY, policyTypes=["Ingress"]), put(_USERS_POLICY, policyTypes=["Ingress"])),
        "spec.template.metadata.labels",
        None,
        also=(15,),
    ),
    Planted(
        15,
        "no default deny",
        put(_DENY, podSelector={"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
        "metadata.name",
        None,
    ),
    Planted(15, "a policy that opens all", put(_DENY, ingress=[{}]), "spec.ingress[0]", None),
    Planted(15, "no DNS", drop(_DENY, "egress"), "spec.template.metadata.labels", None),
)


RELIABILITY = (
    Planted(24, "replicas under an autoscaler", put(spec("Deployment", "users"), replicas=3), "spec.replicas"),
    Planted(
        24,
        "an autoscaler's minimum of one",
        put(spec("HorizontalPodAutoscaler", "users"), minReplicas=1),
        "spec.replicas",
        HardenedDefault.SINGLE_REPLICA,
    ),
    Planted(24, "a bare Pod", adding(_lonely_pod()), "kind", HardenedDefault.SINGLE_REPLICA),
    Planted(
        25, "no budget", without("PodDisruptionBudget", "users"), "metadata.name", HardenedDefault.DISRUPTION_BUDGET
    ),
    Planted(
        25,
        "a budget of nothing",
        put(spec("PodDisruptionBudget", "users"), maxUnavailable=0),
        "spec.maxUnavailable",
        HardenedDefault.DISRUPTION_BUDGET,
    ),
    Planted(
        25,
        "a budget of all",
        put(spec("PodDisruptionBudget", "users-db"), minAvailable="51%"),
        "spec.minAvailable",
        HardenedDefault.DISRUPTION_BUDGET,
    ),
    Planted(
        25,
        "two budgets",
        adding(an_object("PodDisruptionBudget", "again", "policy/v1", spec={"maxUnavailable": 1, "selector": _USERS})),
        "metadata.name",
        HardenedDefault.DISRUPTION_BUDGET,
    ),
    Planted(27, "no CPU limit", drop(_limits, "cpu"), f"{MAIN}.resources.limits.cpu", HardenedDefault.CPU_LIMIT),
    Planted(
        27,
        "no request for storage",
        drop(_requests, "ephemeral-storage"),
        f"{MAIN}.resources.requests.ephemeral-storage",
    ),
    Planted(27, "memory that is not set aside", put(_limits, memory="1Gi"), f"{MAIN}.resources.requests.memory"),
    Planted(
        28,
        "all at once",
        put(spec("Deployment", "users"), strategy={"type": "Recreate"}),
        "spec.strategy.type",
        HardenedDefault.RECREATE,
    ),
    Planted(
        28,
        "Kubernetes' own pace",
        drop(spec("Deployment", "users"), "strategy"),
        "spec.strategy.rollingUpdate.maxUnavailable",
        HardenedDefault.RECREATE,
    ),
    Planted(
        28,
        "one zone",
        lambda manifests: pod(manifests)["topologySpreadConstraints"].pop(),
        f"{TEMPLATE}.topologySpreadConstraints",
        HardenedDefault.SPREAD,
    ),
)


LIFECYCLE = (
    Planted(
        26, "no readiness probe", drop(container, "readinessProbe"), f"{MAIN}.readinessProbe", HardenedDefault.PROBES
    ),
    Planted(
        26,
        "one probe twice",
        put(container, readinessProbe=_PROBE, livenessProbe=_PROBE),
        f"{MAIN}.livenessProbe",
        HardenedDefault.PROBES,
    ),
    Planted(26, "an impatient JVM", drop(container, "startupProbe"), f"{MAIN}.startupProbe", HardenedDefault.PROBES),
    Planted(29, "no drain", drop(container, "lifecycle"), f"{MAIN}.lifecycle.preStop"),
    Planted(
        29,
        "a drain as long as the grace",
        put(pod, terminationGracePeriodSeconds=5),
        f"{TEMPLATE}.terminationGracePeriodSeconds",
    ),
    Planted(
        29,
        "a shell's sleep longer than the grace",
        put(container, lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "sleep 40"]}}}),
        f"{TEMPLATE}.terminationGracePeriodSeconds",
    ),
)
