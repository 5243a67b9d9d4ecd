"""The catalogue describes programs that others wrote, as they are.

What the shapes below ask for and the catalogue can't say:

- a second Service for one workload (a public one beside the one inside);
- request headers of HTTP probes;
- two ports of one callee for one caller (OTLP by gRPC and by HTTP): a call has one port;
- variables that follow from dependencies for containers other than the main one;
- ports on the node itself (hostPort) and the host's network, which agents on nodes like to use;
- environment-wide or per-call names of the address variables: a service's own variable refers to the derived one;
- labels under ``app.kubernetes.io/``, all of which the platform keeps to itself;
- tolerations and affinities, image pull secrets, several sources in one projected volume;
- a Redis without a password: the platform's own always has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.manifests import Manifest
from stacks.assembly import render
from stacks.document import Document, read
from stacks.loader import resolve_documents
from stacks.schema.environment_checks import ROOT
from stacks.schema.platform import Platform
from tests.components.workload import environment
from tests.kubernetes_schema import schema_problems
from tests.stacks.network import Network
from tests.stacks.random_catalogues import ENVIRONMENT

FOREIGN = Path(__file__).parent / "foreign"
CATALOGUES = ("everything", "boutique", "telemetry")


def resolved(name: str, **settings: Any) -> Platform:
    document = read(FOREIGN / f"{name}.yaml", f"{name}.yaml")
    stores = {store: {"storage": "1Gi"} for store in document.data.get("stores", {})}
    here = ENVIRONMENT | {"namespace": name, "stores": stores, "broker": None} | settings
    return resolve_documents(document, Document(Path("none"), "test", {ROOT[0]: {ROOT[1]: here}}))


def objects(name: str, **settings: Any) -> dict[tuple[str, str], Manifest]:
    return {(body["kind"], body["metadata"]["name"]): body for body in render(resolved(name, **settings))}


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_object_satisfies_its_schema(name: str) -> None:
    problems = [problem for body in render(resolved(name)) for problem in schema_problems(body)]
    assert problems == []


@pytest.fixture(scope="module")
def everything() -> dict[tuple[str, str], Manifest]:
    return objects("everything", **{"secrets-from": "stack"})


@pytest.fixture
def resolver(everything: dict[tuple[str, str], Manifest]) -> Manifest:
    return everything["StatefulSet", "resolver"]["spec"]["template"]["spec"]


def test_an_image_is_run_as_it_was_built(resolver: Manifest) -> None:
    main = resolver["containers"][0]
    assert main["image"].startswith("registry.example.com:5000/dns/resolver@sha256:")
    assert (main["command"], main["args"], main["workingDir"]) == (
        ["/resolver"],
        ["--id=$(POD_NAME)", "--verbose"],
        "/srv",
    )


def test_variables_of_every_kind_stand_in_their_order(resolver: Manifest) -> None:
    main = resolver["containers"][0]
    assert environment(main) == {
        "K8S_POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
        "SERVICE_VERSION": {"fieldRef": {"fieldPath": "metadata.annotations['polyglot.dev/version']"}},
        "OTEL_SERVICE_NAME": "resolver",
        "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=foreign,service.version=$(SERVICE_VERSION),"
        "deployment.environment.name=development,k8s.namespace.name=everything,k8s.pod.name=$(K8S_POD_NAME),team=guests",
        "DRAIN_TIMEOUT": "75s",
        "MODE": "recursive",
        "WORKERS": "4",
        "TRACING": "true",
        "POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
        "MEMORY": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
        "SELF": "$(POD_NAME).name-server",
        "LITERAL": "$$(POD_NAME)",
        "PASSWORD": {"secretKeyRef": {"name": "resolver-keys", "key": "password"}},
        "FLAG": {"configMapKeyRef": {"name": "flags", "key": "beta", "optional": True}},
    }
    assert list(environment(main))[5:8] == ["MODE", "WORKERS", "TRACING"]
    assert [next(key for key in source if key.endswith("Ref")) for source in main["envFrom"]] == [
        *("configMapRef", "configMapRef", "secretRef"),
    ]


def test_one_number_may_serve_two_protocols_under_another_name(
    everything: dict[tuple[str, str], Manifest], resolver: Manifest
) -> None:
    ports = [(port["name"], port["containerPort"], port["protocol"]) for port in resolver["containers"][0]["ports"]]
    assert ports[:2] == [("dns", 5353, "UDP"), ("dns-tcp", 5353, "TCP")]
    service = everything["Service", "name-server"]
    assert [(port["name"], port["port"], port["protocol"]) for port in service["spec"]["ports"]] == [
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
        ("http", 80, "TCP"),
        ("metrics", 9153, "TCP"),
    ]
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["loadBalancerSourceRanges"] == ["192.0.2.0/24"]
    assert service["metadata"]["annotations"]["example.com/load-balancer"] == "internal"


def test_files_and_folders_of_every_kind_are_mounted(
    everything: dict[tuple[str, str], Manifest], resolver: Manifest
) -> None:
    mounts = {mount["mountPath"]: mount["name"] for mount in resolver["containers"][0]["volumeMounts"]}
    assert mounts == {
        "/srv": "data",
        "/srv/etc": "zones",
        "/srv/etc/keys": "keys",
        "/srv/cache": "cache",
        "/srv/about": "about",
        "/tmp": "tmp-resolver",
    }
    volumes = {volume["name"]: volume for volume in resolver["volumes"]}
    assert volumes["zones"]["configMap"]["items"] == [{"key": "zone.conf", "path": "zones/example.org.conf"}]
    assert volumes["keys"]["secret"]["optional"] is True
    assert volumes["cache"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "128Mi"}
    assert everything["ConfigMap", "resolver"]["data"]["zone.conf"].startswith("zone example.org")
    assert everything["Secret", "pull"]["type"] == "kubernetes.io/dockerconfigjson"
    assert ("ConfigMap", "archive-settings") not in everything, "somebody else makes it"
    assert ("Secret", "archive-keys") not in everything


def test_users_rights_and_limits_are_as_asked(resolver: Manifest) -> None:
    main = resolver["containers"][0]
    assert main["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "SYS_TIME"]}
    assert main["securityContext"]["runAsUser"] == 2001
    assert (resolver["securityContext"]["runAsUser"], resolver["securityContext"]["fsGroup"]) == (2000, 3000)
    assert main["resources"]["requests"]["ephemeral-storage"] == "1Gi"
    assert main["resources"]["limits"]["ephemeral-storage"] == "2Gi"
    assert resolver["terminationGracePeriodSeconds"] == 90


def test_containers_start_in_their_order(resolver: Manifest) -> None:
    assert [one["name"] for one in resolver["initContainers"]] == ["fetch-zones", "check-zones", "exporter"]
    assert resolver["initContainers"][2]["ports"] == [{"name": "metrics", "containerPort": 9153, "protocol": "TCP"}]


def test_labels_and_annotations_are_kept(everything: dict[tuple[str, str], Manifest]) -> None:
    body = everything["StatefulSet", "resolver"]
    for holder in (body, body["spec"]["template"]):
        assert holder["metadata"]["labels"]["example.com/exposure"] == "public"
        assert holder["metadata"]["annotations"]["example.com/contact"] == "dns@example.com"


def test_each_kind_is_what_it_was_asked_to_be(everything: dict[tuple[str, str], Manifest]) -> None:
    for kind, name in (
        ("Deployment", "console"),
        ("Job", "import"),
        ("CronJob", "report"),
        ("DaemonSet", "node-clock"),
        ("Role", "watcher"),
        ("PersistentVolumeClaim", "console-uploads"),
    ):
        assert (kind, name) in everything
    assert everything["Service", "console"]["spec"]["ports"][0]["nodePort"] == 30443


BOUTIQUE_CALLS = {
    "frontend": {
        *("adservice", "cartservice", "checkoutservice", "currencyservice", "productcatalogservice"),
        *("recommendationservice", "shippingservice"),
    },
    "checkoutservice": {
        *("cartservice", "currencyservice", "emailservice", "paymentservice", "productcatalogservice"),
        "shippingservice",
    },
    "recommendationservice": {"productcatalogservice"},
    "cartservice": {"redis-cart"},
    "loadgenerator": {"frontend"},
}


def test_a_shop_of_eleven_services_is_wired_as_its_authors_meant() -> None:
    bodies = objects("boutique")
    openings = {(source, target) for source, target, _, _ in Network(list(bodies.values())).openings()}
    assert openings == {(source, target) for source, targets in BOUTIQUE_CALLS.items() for target in targets}
    assert sum(kind == "Deployment" for kind, _ in bodies) == 11
    assert ("Service", "loadgenerator") not in bodies


def test_addresses_reach_programs_under_the_names_that_they_read() -> None:
    bodies = objects("boutique")
    found = environment(bodies["Deployment", "checkoutservice"]["spec"]["template"]["spec"]["containers"][0])
    assert found["EMAIL_SERVICE_ADDR"] == "$(EMAILSERVICE_ADDR)"
    assert found["EMAILSERVICE_ADDR"] == "emailservice:5000"
    names = list(found)
    assert names.index("EMAILSERVICE_ADDR") < names.index("EMAIL_SERVICE_ADDR"), "Kubernetes would not expand it"


def test_names_come_from_fields_and_endpoints_from_names() -> None:
    bodies = objects("telemetry")
    found = environment(bodies["Deployment", "checkout"]["spec"]["template"]["spec"]["containers"][0])
    assert found["OTEL_SERVICE_NAME"] == {"fieldRef": {"fieldPath": "metadata.labels['app.kubernetes.io/name']"}}
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://$(OTEL_COLLECTOR_NAME):4317"
    assert found["KAFKA_ADDR"] == "kafka:9092"
    assert list(found).index("OTEL_COLLECTOR_NAME") < list(found).index("OTEL_EXPORTER_OTLP_ENDPOINT")


def test_a_java_agent_is_added_to_the_budget_of_the_jvm() -> None:
    bodies = objects("telemetry")
    found = environment(bodies["Deployment", "fraud-detection"]["spec"]["template"]["spec"]["containers"][0])
    assert "MaxRAMPercentage" in found["JAVA_TOOL_OPTIONS"]
    assert found["JAVA_TOOL_OPTIONS"].endswith("-javaagent:/app/opentelemetry-javaagent.jar")


def test_a_program_that_wants_another_budget_sets_it() -> None:
    bodies = objects("telemetry")
    found = environment(bodies["Deployment", "flagd"]["spec"]["template"]["spec"]["containers"][0])
    assert found["GOMEMLIMIT"] == "60MiB"


def test_a_flag_server_shares_its_files_with_its_editor() -> None:
    pod = objects("telemetry")["Deployment", "flagd"]["spec"]["template"]["spec"]
    init, server, editor = pod["initContainers"][0], *pod["containers"]
    edited = {
        one["name"]: [mount["mountPath"] for mount in one["volumeMounts"] if mount["name"] == "edited"]
        for one in (init, server, editor)
    }
    assert edited == {"init-config": ["/config-rw"], "flagd": ["/etc/flagd"], "flagd-ui": ["/app/data"]}
