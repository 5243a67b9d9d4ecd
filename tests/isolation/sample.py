"""A well-formed render that meets every rule: a Java service with what belongs to it, its store, a nightly job."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]

NAMESPACE = "shop"
SECRET_FROM_CLUSTER = "registry-credentials"
_IMAGE = "registry.example/shop/{}:1.4.2@sha256:" + "ab" * 32
_ZONES = ("kubernetes.io/hostname", "topology.kubernetes.io/zone")


def sample() -> list[Body]:
    """A new copy of the render: tests change it."""
    return [*_namespace(), *_users(), *_users_db(), *_report()]


def find(manifests: list[Body], kind: str, name: str) -> Body:
    """The object of that kind and name."""
    return next(body for body in manifests if (body["kind"], body["metadata"]["name"]) == (kind, name))


def an_object(kind: str, name: str, api_version: str = "v1", **body: Any) -> Body:
    """A namespaced object of the sample."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, **body}


def a_container(name: str, **body: Any) -> Body:
    """A hardened container."""
    stated = {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "64Mi"}
    return {
        "name": name,
        "image": _IMAGE.format(name),
        "resources": {"requests": stated, "limits": {**stated, "cpu": "400m"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **body,
    }


def a_pod(app: str, *containers: Body, **spec: Any) -> Body:
    """A Pod template with a hardened Pod spec."""
    return {
        "metadata": {"labels": {"app": app}, "annotations": {}},
        "spec": {
            "serviceAccountName": app,
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "runAsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": list(containers),
            **spec,
        },
    }


def _serving(name: str, port: str, number: int, **body: Any) -> Body:
    return a_container(
        name,
        ports=[{"name": port, "containerPort": number}],
        readinessProbe={"tcpSocket": {"port": port}, "periodSeconds": 5, "failureThreshold": 2},
        livenessProbe={"tcpSocket": {"port": port}, "periodSeconds": 10, "failureThreshold": 6},
        lifecycle={"preStop": {"sleep": {"seconds": 5}}},
        **body,
    )


def _spread(app: str) -> list[Body]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app": app}},
        }
        for key in _ZONES
    ]


def _namespace() -> list[Body]:
    modes = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    in_kube_system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    default_deny = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "egress": [{"to": [{**in_kube_system, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}], "ports": dns}],
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": modes}},
        an_object("ResourceQuota", "quota", spec={"hard": {"limits.memory": "64Gi"}}),
        an_object("LimitRange", "limits", spec={"limits": [{"type": "Container", "default": {"memory": "128Mi"}}]}),
        an_object("NetworkPolicy", "default-deny", "networking.k8s.io/v1", spec=default_deny),
    ]


def _users() -> list[Body]:
    users = _serving(
        "users",
        "grpc",
        50051,
        env=[
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "users-db", "key": "password"}}},
            {"name": "DB_URL", "value": "postgres://users:$(DB_PASSWORD)@users-db:5432/users"},
            {"name": "JAVA_TOOL_OPTIONS", "value": "-XX:MaxRAMPercentage=75"},
            {"name": "LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": "users", "key": "log-level"}}},
        ],
        envFrom=[{"configMapRef": {"name": "users"}}, {"secretRef": {"name": "extras", "optional": True}}],
        startupProbe={"tcpSocket": {"port": "grpc"}, "failureThreshold": 30},
        volumeMounts=[{"name": "tmp", "mountPath": "/tmp"}, {"name": "settings", "mountPath": "/etc/users"}],
    )
    pod = a_pod(
        "users",
        users,
        initContainers=[
            a_container("migrate"),
            a_container("proxy", restartPolicy="Always", ports=[{"name": "http-proxy", "containerPort": 9901}]),
        ],
        imagePullSecrets=[{"name": SECRET_FROM_CLUSTER}],
        terminationGracePeriodSeconds=30,
        topologySpreadConstraints=_spread("users"),
        volumes=[
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            {
                "name": "settings",
                "configMap": {"name": "users", "items": [{"key": "app.yaml", "path": "application.yaml"}]},
            },
            {"name": "uploads", "persistentVolumeClaim": {"claimName": "uploads"}},
        ],
    )
    labels = {"matchLabels": {"app": "users"}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "users"}
    policy = {
        "podSelector": labels,
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "report"}}}], "ports": [{"port": "grpc"}]}],
        "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "users-db"}}}], "ports": [{"port": 5432}]}],
    }
    gradually = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    claim = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    return [
        an_object("ServiceAccount", "users", automountServiceAccountToken=False),
        an_object("ConfigMap", "users", data={"log-level": "info", "app.yaml": "db.password: ${DB_PASSWORD}\n"}),
        an_object("PersistentVolumeClaim", "uploads", spec=claim),
        an_object("Deployment", "users", "apps/v1", spec={"selector": labels, "strategy": gradually, "template": pod}),
        an_object(
            "Service", "users", spec={"selector": {"app": "users"}, "ports": [{"port": 50051, "targetPort": "grpc"}]}
        ),
        an_object(
            "HorizontalPodAutoscaler",
            "users",
            "autoscaling/v2",
            spec={"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 15},
        ),
        an_object("PodDisruptionBudget", "users", "policy/v1", spec={"maxUnavailable": 1, "selector": labels}),
        an_object("NetworkPolicy", "users", "networking.k8s.io/v1", spec=policy),
    ]


def _users_db() -> list[Body]:
    labels = {"matchLabels": {"app": "users-db"}}
    pod = a_pod(
        "users-db",
        _serving("postgres", "postgres", 5432, volumeMounts=[{"name": "data", "mountPath": "/data"}]),
        topologySpreadConstraints=_spread("users-db"),
    )
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return [
        an_object("ServiceAccount", "users-db"),
        an_object("Secret", "users-db", stringData={"password": "a-value-that-only-the-sample-has"}),
        an_object(
            "Service",
            "users-db",
            spec={"clusterIP": "None", "selector": {"app": "users-db"}, "ports": [{"port": 5432}]},
        ),
        an_object(
            "StatefulSet",
            "users-db",
            "apps/v1",
            spec={
                "replicas": 2,
                "serviceName": "users-db",
                "selector": labels,
                "template": pod,
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
            },
        ),
        an_object("PodDisruptionBudget", "users-db", "policy/v1", spec={"minAvailable": "50%", "selector": labels}),
    ]


def _report() -> list[Body]:
    pod = a_pod("report", a_container("report"), restartPolicy="Never")
    rbac = "rbac.authorization.k8s.io"
    role = {"apiGroup": rbac, "kind": "Role", "name": "report"}
    account = {"kind": "ServiceAccount", "name": "report", "namespace": NAMESPACE}
    return [
        an_object("ServiceAccount", "report"),
        an_object(
            "CronJob",
            "report",
            "batch/v1",
            spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": pod}}},
        ),
        an_object("Role", "report", f"{rbac}/v1", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
        an_object("RoleBinding", "report", f"{rbac}/v1", roleRef=role, subjects=[account]),
    ]
