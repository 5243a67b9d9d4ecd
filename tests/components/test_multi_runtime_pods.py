"""Several runtimes in one Pod, each with its own budget and files."""

from __future__ import annotations

from typing import Any

from tests.components.workload import build, environment, main, pod, refusals, the

GO_AND_JAVA = """
    language: go
    ports: {http: 8080}
    resources: {cpu: 600m, memory: 512Mi}
    containers:
      rules:
        language: java
        image: registry.example.com/shop/rules:3.1.0
        ports: {grpc: 50051}
        resources: {cpu: 400m, memory: 1536Mi}
    init:
      migrate: {image: 'registry.example.com/shop/migrate:1', command: [/migrate, up]}
      warm: {image: 'registry.example.com/shop/warm:1', resources: {memory: 32Mi}}
    sidecars:
      proxy: {image: 'example.com/proxy:1', ports: {admin: 9901}, probes: {readiness: {tcp: true}}}
      log: {language: python, image: 'example.com/log:1', mounts: {/tmp: shared}}
    volumes: {shared: {empty: 16Mi}}
"""


def containers() -> dict[str, dict[str, Any]]:
    spec = pod(build(GO_AND_JAVA))
    return {body["name"]: body for body in (*spec["initContainers"], *spec["containers"])}


def test_each_runtime_is_told_its_own_budget() -> None:
    found = containers()
    assert found["users"]["resources"]["requests"]["cpu"] == "600m"
    assert found["users"]["resources"]["limits"]["memory"] == "512Mi"
    assert found["rules"]["resources"]["requests"]["cpu"] == "400m"
    assert found["rules"]["resources"]["limits"]["memory"] == "1536Mi"
    assert environment(found["users"]) == {"GOMEMLIMIT": "460MiB", "GOMAXPROCS": "3"}
    assert "ActiveProcessorCount=2" in environment(found["rules"])["JAVA_TOOL_OPTIONS"]
    assert "PYTHON_CPU_COUNT" in environment(found["log"])


def test_init_containers_run_before_native_sidecars_and_both_in_the_order_given() -> None:
    """Kubernetes starts them one after the other; a native sidecar is an init container that never ends."""
    init = pod(build(GO_AND_JAVA))["initContainers"]
    assert [body["name"] for body in init] == ["migrate", "warm", "proxy", "log"]
    assert [body.get("restartPolicy") for body in init] == [None, None, "Always", "Always"]


def test_the_main_container_comes_first_and_carries_the_workloads_name() -> None:
    assert [body["name"] for body in pod(build(GO_AND_JAVA))["containers"]] == ["users", "rules"]


def test_each_container_has_a_scratch_folder_of_its_own() -> None:
    """One runtime must not see, or fill, what another writes (S1)."""
    found = containers()
    scratch = {name: mount["name"] for name, body in found.items() for mount in body["volumeMounts"]}
    assert scratch.pop("log") == "shared", "a container that brings its own /tmp gets no second one"
    assert scratch == {name: f"tmp-{name}" for name in found if name != "log"}
    volumes = {volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in pod(build(GO_AND_JAVA))["volumes"]}
    assert volumes == {"shared": "16Mi"} | dict.fromkeys(scratch.values(), "64Mi"), "each is limited in size"


def test_only_what_serves_is_probed_and_drained() -> None:
    found = containers()
    drained = {name for name, body in found.items() if "lifecycle" in body}
    assert drained == {"users", "rules", "proxy", "log"}
    probed = {name for name, body in found.items() if "readinessProbe" in body}
    assert probed == {"users", "rules", "proxy"}
    assert "startupProbe" in found["rules"], "the JVM has its time to start, beside a Go program that needs none"
    assert "startupProbe" not in found["users"]


def test_every_container_is_hardened() -> None:
    for name, body in containers().items():
        context = body["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}, name
        assert context["readOnlyRootFilesystem"] is True, name
        assert context["allowPrivilegeEscalation"] is False, name
        assert set(body["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}, name


def test_the_service_carries_the_ports_of_all_containers() -> None:
    ports = the(build(GO_AND_JAVA), "Service")["spec"]["ports"]
    assert {port["name"]: port["port"] for port in ports} == {"http": 8080, "grpc": 50051, "admin": 9901}


def test_containers_may_run_as_different_users() -> None:
    built = build("""
        pod-user: 10002
        containers: {rules: {image: 'example.com/rules:1', user: 10003, group: 10004}}
    """)
    assert pod(built)["securityContext"]["runAsUser"] == 10002
    context = pod(built)["containers"][1]["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (10003, 10004)
    assert "runAsUser" not in main(built)["securityContext"]


def test_commands_and_folders_of_containers_are_kept() -> None:
    built = build("{command: [/app], args: [--port, '8080'], working-directory: /srv}")
    assert {key: main(built)[key] for key in ("command", "args", "workingDir")} == {
        "command": ["/app"],
        "args": ["--port", "8080"],
        "workingDir": "/srv",
    }


def test_limits_follow_requests_unless_they_are_given() -> None:
    built = build("resources: {cpu: 250m, memory: 512Mi, ephemeral-storage: 1Gi}")
    assert main(built)["resources"] == {
        "requests": {"cpu": "250m", "memory": "512Mi", "ephemeral-storage": "1Gi"},
        "limits": {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "1Gi"},
    }
    built = build("resources: {cpu: 250m, memory: 512Mi, limits: {cpu: 300m, memory: 1Gi, ephemeral-storage: 1Gi}}")
    assert main(built)["resources"]["limits"] == {"cpu": "300m", "memory": "1Gi", "ephemeral-storage": "1Gi"}


def test_a_sidecar_says_which_image_it_runs() -> None:
    assert refusals("sidecars: {proxy: {command: [/proxy]}}") == [("sidecars.proxy.image", "Field required")]
