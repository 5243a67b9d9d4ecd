"""Kinds of workloads and of Services."""

from __future__ import annotations

import pytest

from tests.components.workload import build, every, main, pod, template, the

APP = {"app.kubernetes.io/name": "users"}


def kinds(text: str) -> list[str]:
    return [body["kind"] for body in build(text)]


def test_a_service_is_an_account_a_policy_a_service_a_deployment_and_a_budget() -> None:
    assert kinds("{ports: {grpc: 50051}, replicas: 2}") == [
        *("ServiceAccount", "NetworkPolicy", "Service", "Deployment", "PodDisruptionBudget"),
    ]


def test_a_worker_without_ports_has_no_service() -> None:
    built = build("replicas: 2")
    assert every(built, "Service") == []
    assert "ports" not in main(built)


def test_a_deployment_rolls_without_losing_a_replica() -> None:
    deployment = the(build("replicas: 3"), "Deployment")
    assert deployment["spec"]["replicas"] == 3
    assert deployment["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
    }
    assert deployment["spec"]["progressDeadlineSeconds"] == 600


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
def test_a_selector_is_part_of_the_pods_labels(kind: str) -> None:
    built = build(f"kind: {kind}")
    (controller,) = (body for body in built if body["kind"].lower() == kind)
    selector = controller["spec"]["selector"]["matchLabels"]
    assert selector.items() <= template(built)["metadata"]["labels"].items()
    assert selector.items() >= APP.items()
    extra = {"polyglot.dev/track": "stable"} if kind == "deployment" else {}
    assert selector == APP | extra, "a selector can never change, so it holds nothing that might"


def test_versions_are_deployments_of_their_own_behind_one_service() -> None:
    built = build("""
        ports: {grpc: 50051}
        replicas: 10
        versions:
          stable: {weight: 90%}
          canary: {weight: 10%, image: 'registry.example.com/shop/users:2'}
    """)
    stable, canary = every(built, "Deployment")
    assert [stable["metadata"]["name"], canary["metadata"]["name"]] == ["users", "users-canary"]
    assert [stable["spec"]["replicas"], canary["spec"]["replicas"]] == [9, 1]
    images = [body["spec"]["template"]["spec"]["containers"][0]["image"] for body in (stable, canary)]
    assert images == ["registry.example.com/shop/users:1.4.2", "registry.example.com/shop/users:2"]
    assert stable["spec"]["selector"] != canary["spec"]["selector"], "they would fight over each other's Pods"
    for body in (the(built, "Service"), the(built, "PodDisruptionBudget")):
        selector = body["spec"]["selector"]
        assert selector.get("matchLabels", selector) == APP, "it covers all versions"


def test_a_statefulset_has_a_governing_service_and_a_claim_per_replica() -> None:
    built = build("""
        kind: statefulset
        ports: {postgres: 5432}
        replicas: 2
        probes: {readiness: {tcp: true}}
        volumes: {data: {claim: 10Gi, storage-class: fast, access: ReadWriteOncePod}}
        mounts: {/var/lib/postgresql/data: data}
    """)
    stateful = the(built, "StatefulSet")
    client, governing = every(built, "Service")
    assert stateful["spec"]["serviceName"] == governing["metadata"]["name"] == "users-pods"
    assert governing["spec"]["clusterIP"] == "None"
    assert governing["spec"]["publishNotReadyAddresses"] is True
    assert client["metadata"]["name"] == "users"
    assert "clusterIP" not in client["spec"]
    (claim,) = stateful["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOncePod"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "10Gi"}},
    }
    assert "data" not in [volume["name"] for volume in pod(built)["volumes"]]
    assert every(built, "PersistentVolumeClaim") == [], "each replica brings its own"


def test_a_headless_service_governs_its_statefulset_itself() -> None:
    built = build("""
        {kind: statefulset, ports: {redis: 6379}, probes: {readiness: {tcp: true}}, service: {headless: true}}
    """)
    assert the(built, "Service")["spec"]["clusterIP"] == "None"
    assert the(built, "StatefulSet")["spec"]["serviceName"] == "users"


def test_a_statefulset_without_ports_still_has_its_governing_service() -> None:
    built = build("kind: statefulset")
    assert the(built, "StatefulSet")["spec"]["serviceName"] == the(built, "Service")["metadata"]["name"]


def test_a_daemonset_is_updated_node_by_node_and_has_no_budget() -> None:
    built = build("kind: daemonset")
    assert the(built, "DaemonSet")["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 1}
    assert "replicas" not in the(built, "DaemonSet")["spec"]
    assert every(built, "PodDisruptionBudget") == []


def test_a_job_has_its_limits() -> None:
    built = build("""
        kind: job
        job: {completions: 4, parallelism: 2, retries: 1, deadline: 10m, keep: 1h, restart: Never}
    """)
    job = the(built, "Job")["spec"]
    assert {key: value for key, value in job.items() if key != "template"} == {
        "backoffLimit": 1,
        "completions": 4,
        "parallelism": 2,
        "activeDeadlineSeconds": 600,
        "ttlSecondsAfterFinished": 3600,
    }
    assert pod(built)["restartPolicy"] == "Never"
    assert "lifecycle" not in main(built), "what ends by itself is not drained"


def test_a_cronjob_has_its_schedule() -> None:
    built = build("""
        kind: cronjob
        job: {schedule: 0 3 * * *, time-zone: Europe/Berlin, concurrency: Replace, starting-deadline: 5m,
              suspended: true, history: [5, 2]}
    """)
    cron = the(built, "CronJob")["spec"]
    assert {key: value for key, value in cron.items() if key != "jobTemplate"} == {
        "schedule": "0 3 * * *",
        "timeZone": "Europe/Berlin",
        "concurrencyPolicy": "Replace",
        "startingDeadlineSeconds": 300,
        "suspend": True,
        "successfulJobsHistoryLimit": 5,
        "failedJobsHistoryLimit": 2,
    }
    assert pod(built)["restartPolicy"] == "OnFailure"


def test_service_ports_speak_the_protocol_that_their_name_says() -> None:
    service = the(build("ports: {grpc: 50051, http: 8080, metrics: 8081}"), "Service")
    assert service["spec"]["ports"] == [
        {"name": "grpc", "port": 50051, "targetPort": "grpc", "protocol": "TCP", "appProtocol": "grpc"},
        {"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"},
        {"name": "metrics", "port": 8081, "targetPort": "metrics", "protocol": "TCP"},
    ]
    assert service["spec"]["type"] == "ClusterIP"
    assert service["spec"]["selector"] == APP


def test_a_service_may_be_called_and_numbered_otherwise_than_its_workload() -> None:
    built = build("""
        ports: {http: {number: 8080, service-port: 80}, admin: {number: 9000, exposed: false}}
        service: {name: accounts, session-affinity: true, annotations: {example.com/a: b}}
    """)
    service = the(built, "Service")
    assert service["metadata"]["name"] == "accounts"
    assert [(port["port"], port["targetPort"]) for port in service["spec"]["ports"]] == [(80, "http")]
    assert service["spec"]["sessionAffinity"] == "ClientIP"
    assert service["metadata"]["annotations"] == {"example.com/a": "b"}
    assert [port["name"] for port in main(built)["ports"]] == ["http", "admin"]


def test_a_load_balancer_admits_only_its_source_ranges() -> None:
    service = the(
        build("""
        ports: {http: 8080}
        service: {type: LoadBalancer, source-ranges: [10.0.0.0/8], external-traffic: Local}
    """),
        "Service",
    )["spec"]
    assert service["type"] == "LoadBalancer"
    assert service["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    assert service["externalTrafficPolicy"] == "Local"


def test_a_node_port_may_be_fixed() -> None:
    built = build("""
        ports: {http: {number: 8080, node-port: 30080}}
        service: {type: NodePort}
        exceptions: {node-port: the load balancer outside knows nodes only}
    """)
    assert the(built, "Service")["spec"]["type"] == "NodePort"
    assert the(built, "Service")["spec"]["ports"][0]["nodePort"] == 30080


def test_ports_of_sidecars_are_on_the_service_too() -> None:
    built = build("""
        ports: {http: 8080}
        sidecars:
          exporter: {image: 'example.com/exporter:1', ports: {metrics: 9100, dns: {number: 53, protocol: UDP}}}
    """)
    ports = [(port["name"], port["protocol"]) for port in the(built, "Service")["spec"]["ports"]]
    assert ports == [("http", "TCP"), ("metrics", "TCP"), ("dns", "UDP")]
