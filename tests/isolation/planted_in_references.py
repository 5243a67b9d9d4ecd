"""Planted violations of rule 30: references that lead nowhere."""

from __future__ import annotations

from tests.isolation.changes import MAIN, TEMPLATE, Planted, adding, container, env, put, spec, with_volume, without
from tests.isolation.sample import an_object

_STRANGER = {"matchLabels": {"app": "stranger"}}
_USERS_POLICY = spec("NetworkPolicy", "users")

REFERENCES = (
    Planted(
        30,
        "a missing ServiceAccount",
        without("ServiceAccount", "report"),
        "spec.jobTemplate.spec.template.spec.serviceAccountName",
    ),
    Planted(
        30,
        "a missing Secret",
        env("KEY", valueFrom={"secretKeyRef": {"name": "absent", "key": "key"}}),
        f"{MAIN}.env[4].valueFrom.secretKeyRef",
    ),
    Planted(
        30,
        "a missing key",
        env("KEY", valueFrom={"secretKeyRef": {"name": "users-db", "key": "absent"}}),
        f"{MAIN}.env[4].valueFrom.secretKeyRef",
    ),
    Planted(
        30,
        "a missing claim",
        without("PersistentVolumeClaim", "uploads"),
        f"{TEMPLATE}.volumes[2].persistentVolumeClaim.claimName",
    ),
    Planted(
        30,
        "a missing envFrom",
        put(container, envFrom=[{"configMapRef": {"name": "absent"}}]),
        f"{MAIN}.envFrom[0].configMapRef",
    ),
    Planted(
        30,
        "a missing volume",
        put(container, volumeMounts=[{"name": "absent", "mountPath": "/absent"}]),
        f"{MAIN}.volumeMounts[0].name",
    ),
    Planted(
        30,
        "a missing projected key",
        with_volume(
            {
                "name": "p",
                "projected": {"sources": [{"secret": {"name": "users-db", "items": [{"key": "absent", "path": "p"}]}}]},
            }
        ),
        f"{TEMPLATE}.volumes[3].projected.sources[0].secret.items[0]",
    ),
    Planted(
        30,
        "a probe's missing port",
        put(container, startupProbe={"httpGet": {"port": "web"}}),
        f"{MAIN}.startupProbe.httpGet.port",
    ),
    Planted(
        30, "a Service of nothing", put(spec("Service", "users-db"), selector={"app": "stranger"}), "spec.selector"
    ),
    Planted(
        30,
        "a Service's missing port",
        put(spec("Service", "users"), ports=[{"port": 80, "targetPort": "http"}]),
        "spec.ports[0].targetPort",
    ),
    Planted(
        30,
        "an autoscaler of nothing",
        adding(
            an_object(
                "HorizontalPodAutoscaler",
                "stray",
                "autoscaling/v2",
                spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "absent"}},
            )
        ),
        "spec.scaleTargetRef",
    ),
    Planted(
        30,
        "a budget of no Pods",
        adding(
            an_object("PodDisruptionBudget", "stray", "policy/v1", spec={"maxUnavailable": 1, "selector": _STRANGER})
        ),
        "spec.selector",
    ),
    Planted(
        30,
        "a policy of no Pods",
        adding(an_object("NetworkPolicy", "stray", spec={"podSelector": _STRANGER})),
        "spec.podSelector",
    ),
    Planted(
        30,
        "a policy's missing port",
        put(_USERS_POLICY, ingress=[{"ports": [{"port": "http"}]}]),
        "spec.ingress[0].ports[0].port",
    ),
    Planted(
        30,
        "a policy's missing peer",
        put(_USERS_POLICY, egress=[{"to": [{"podSelector": _STRANGER}]}]),
        "spec.egress[0].to[0].podSelector",
    ),
    Planted(
        30,
        "a peer missing from a rendered namespace",
        put(
            _USERS_POLICY,
            egress=[
                {
                    "to": [
                        {
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
                            "podSelector": _STRANGER,
                        }
                    ]
                }
            ],
        ),
        "spec.egress[0].to[0].podSelector",
    ),
    Planted(
        30,
        "a StatefulSet's missing Service",
        put(spec("StatefulSet", "users-db"), serviceName="absent"),
        "spec.serviceName",
    ),
    Planted(30, "a binding's missing Role", without("Role", "report"), "roleRef.name"),
    Planted(
        30,
        "a binding's missing account",
        lambda manifests: manifests[-1]["subjects"][0].update(name="absent"),
        "subjects[0].name",
    ),
)
